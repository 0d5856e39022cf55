"""The vendor's own client, told nothing but our base URL and key."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI

from router.contract import Busy, Exhausted, NotFound, Segment, Transcript, Truncated
from router.engine.exchange import Exchange
from tests.app.conftest import Serving
from tests.app.test_transfer import speaking
from tests.unit.web.making import KEY, WAV, Chunks, StubEngine, failing


@asynccontextmanager
async def sdk(serving: Serving, engine: StubEngine, retries: int = 0) -> AsyncIterator[AsyncOpenAI]:
    url = await serving(engine)
    async with AsyncOpenAI(base_url=f"{url}/v1", api_key=KEY, max_retries=retries) as client:
        yield client


async def hear(request: Any, exchange: Exchange) -> Transcript:
    return Transcript("hello", language="en", duration=1.0, segments=(Segment("hello", 0.0, 1.0),))


async def test_speech(serving: Serving) -> None:
    """Speech is read whole and as a stream."""
    engine = StubEngine(speaking(Chunks(b"one", b"two")))
    async with sdk(serving, engine) as client:
        whole = await client.audio.speech.create(
            model="tts-1", voice="alloy", input="hi", response_format="wav", speed=1.5
        )
        streaming = client.audio.speech.with_streaming_response.create(model="tts-1", voice="alloy", input="hi")
        async with streaming as stream:
            streamed = b"".join([chunk async for chunk in stream.iter_bytes()])
    assert (whole.content, streamed) == (b"onetwo", b"onetwo")
    assert [(one.text, one.model, one.voice, one.speed) for one in engine.requests] == [
        ("hi", "tts-1", "alloy", 1.5),
        ("hi", "tts-1", "alloy", None),
    ]


async def test_transcription(serving: Serving) -> None:
    """A transcript is read in the shapes the SDK has types for."""
    file = ("a.wav", WAV)
    async with sdk(serving, StubEngine(hear)) as client:
        plain = await client.audio.transcriptions.create(model="whisper-1", file=file)
        text = await client.audio.transcriptions.create(model="whisper-1", file=file, response_format="text")
        verbose = await client.audio.transcriptions.create(
            model="whisper-1", file=file, response_format="verbose_json", timestamp_granularities=["segment"]
        )
    assert (plain.text, text.strip()) == ("hello", "hello")
    assert verbose.segments is not None
    assert [(one.text, one.end) for one in verbose.segments] == [("hello", 1.0)]


async def test_models(serving: Serving) -> None:
    """The list of models is one to the SDK."""
    async with sdk(serving, StubEngine()) as client:
        assert (await client.models.list()).data == []


async def test_errors(serving: Serving) -> None:
    """Errors arrive as the SDK's classes, with code and param."""
    engine = StubEngine(failing(NotFound("no such model", code="model_not_found", param="model")))
    async with sdk(serving, engine) as client:
        with pytest.raises(openai.NotFoundError) as missing:
            await client.audio.speech.create(model="m", voice="v", input="hi")
        with pytest.raises(openai.BadRequestError) as empty:
            await client.audio.speech.create(model="m", voice="v", input="")
        with pytest.raises(openai.AuthenticationError):
            await client.with_options(api_key="wrong").audio.speech.create(model="m", voice="v", input="hi")
    assert (missing.value.code, missing.value.param) == ("model_not_found", "model")
    assert (empty.value.code, empty.value.param) == ("empty_input", "input")
    assert missing.value.request_id == "req_1"


async def test_waits_as_told(serving: Serving) -> None:
    """The SDK obeys our Retry-After: told to wait for longer than it is willing to, it does not try again."""
    engine = StubEngine(failing(Exhausted([("a", Busy("busy", retry_after=500))])))
    async with sdk(serving, engine, retries=2) as client:
        with pytest.raises(openai.RateLimitError) as caught:
            await client.audio.speech.create(model="m", voice="v", input="hi")
    assert caught.value.code == "all_replicas_busy"
    assert caught.value.response.headers["retry-after"] == "500"
    assert len(engine.requests) == 1


async def test_a_cut_transfer(serving: Serving) -> None:
    """A stream that breaks is an error to the SDK, never a short file."""
    engine = StubEngine(speaking(Chunks(b"one", Truncated("broke"))))
    async with sdk(serving, engine) as client:
        with pytest.raises(openai.APIConnectionError):
            await client.audio.speech.create(model="m", voice="v", input="hi")
