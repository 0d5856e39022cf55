"""sync's own client, told nothing but our base URL and key."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from sync import AsyncSync
from sync.common import (
    Audio,
    BadRequestError,
    ElevenLabs,
    GenerationOptions,
    GenerationSegment,
    NotFoundError,
    SegmentAudioInput,
    Tts,
    UnauthorizedError,
    Video,
)
from sync.core.api_error import ApiError

from router.contract import AvatarRequest, Inline, LipSync, SpeechRequest, Url
from tests.app.conftest import Serving
from tests.unit.web.making import KEY, WAV, StubEngine
from tests.unit.web.test_sync import MP4

FACE = "https://a.example/face.mp4"
VOICE = "https://a.example/voice.wav"
TEXT = Tts(provider=ElevenLabs(voice_id="alloy", script="hello"), ref_id="b")


@asynccontextmanager
async def sdk(serving: Serving, engine: StubEngine, key: str = KEY) -> AsyncIterator[AsyncSync]:
    async with httpx.AsyncClient() as client:
        yield AsyncSync(base_url=await serving(engine), api_key=key, httpx_client=client)


async def test_a_generation(serving: Serving) -> None:
    """A generation is created, looked at, listed and found with what it was made of."""
    engine = StubEngine()
    async with sdk(serving, engine) as client:
        pending = await client.generations.create(
            model="lipsync-2",
            input=[Video(url=FACE), Audio(url=VOICE)],
            options=GenerationOptions(sync_mode="loop", temperature=0.5),
            output_file_name="mine",
        )
        assert pending.status == "PENDING"
        assert pending.input == [Video(url=FACE), Audio(url=VOICE)]
        while (done := await client.generations.get(pending.id)).status != "COMPLETED":
            assert done.status in {"PENDING", "PROCESSING"}
        listed = await client.generations.list(status=["COMPLETED", "FAILED"], ids=[pending.id])
        assert done.output_url is not None
        assert done.output_url.endswith("/mine.mp4")
        async with httpx.AsyncClient(headers={"x-api-key": KEY}) as plain:
            film = await plain.get(done.output_url)
    assert film.content == b"video"
    assert [one.id for one in listed] == [pending.id]
    assert (done.created_at.year, done.options) == (2023, GenerationOptions(sync_mode="loop", temperature=0.5))
    assert engine.requests == [
        AvatarRequest(
            face=Url(FACE, "video"), voice=Url(VOICE, "audio"), model="lipsync-2",
            lip_sync=LipSync(sync_mode="loop", temperature=0.5),
        )
    ]  # fmt: skip


async def test_segments(serving: Serving) -> None:
    """Segments and texts arrive as the SDK spells them."""
    engine = StubEngine()
    segments = [
        GenerationSegment(
            start_time=0, end_time=1, audio_input=SegmentAudioInput(ref_id="a", start_time=0, end_time=1)
        ),
        GenerationSegment(start_time=1, end_time=2, audio_input=SegmentAudioInput(ref_id="b")),
    ]
    async with sdk(serving, engine) as client:
        pending = await client.generations.create(
            model="lipsync-2", input=[Video(url=FACE), Audio(url=VOICE, ref_id="a"), TEXT], segments=segments
        )
        while (await client.generations.get(pending.id)).status != "COMPLETED":
            pass
    assert pending.segments == segments
    (request,) = engine.requests
    assert [(one.start, one.voice_end) for one in request.stretches] == [(0, 1), (1, None)]
    assert request.stretches[1].voice == SpeechRequest(text="hello", voice="alloy")


async def test_files(serving: Serving) -> None:
    """Files are uploaded by the SDK's own call."""
    engine = StubEngine()
    async with sdk(serving, engine) as client:
        pending = await client.generations.create_with_files(
            model="lipsync-2", video=("f.mp4", MP4), audio=("v.wav", WAV)
        )
        while (await client.generations.get(pending.id)).status != "COMPLETED":
            pass
    (request,) = engine.requests
    assert (request.face, request.voice) == (Inline(MP4, "video/mp4", 2.0), Inline(WAV, "audio/wav", 2.0))


async def test_errors(serving: Serving) -> None:
    """Errors arrive as the SDK's classes, with status and message."""
    engine = StubEngine()
    async with sdk(serving, engine) as client:
        with pytest.raises(BadRequestError) as bad:
            await client.generations.create(model="m", input=[Video(url=FACE)])
        with pytest.raises(BadRequestError) as hooked:
            await client.generations.create(model="m", input=[Video(url=FACE), TEXT], webhook_url="https://a.example")
        with pytest.raises(NotFoundError):
            await client.generations.get("nothing")
        engine.declined = {"a": "takes no video as a face"}
        with pytest.raises(ApiError) as refused:
            await client.generations.create(model="m", input=[Video(url=FACE), TEXT])
    async with sdk(serving, engine, "wrong") as client:
        with pytest.raises(UnauthorizedError):
            await client.generations.list()
    assert (bad.value.body.status_code, bad.value.body.message) == (400, "`input` has no audio and no text")
    assert "webhookUrl" in hooked.value.body.message
    assert refused.value.status_code == 422
    assert "takes no video as a face" in str(refused.value.body)
