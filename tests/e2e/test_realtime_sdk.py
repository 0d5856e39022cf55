"""OpenAI's own realtime client, pointed at a router as it comes: no key, no model."""

import asyncio
import time
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, Final

import openai
import pytest
import pytest_asyncio
from jiwer import wer
from openai.types.beta.realtime import RealtimeServerEvent
from pydantic import TypeAdapter

from router.testing.serving import Served, brought_up
from tests.e2e.test_voice import QUESTION, VOICE, plain, write_down

pytestmark = pytest.mark.asyncio(loop_scope="module")

SHIPPED: Final = Path(__file__).parents[2] / "config" / "router.yaml"
RATE: Final = 24_000
FRAME: Final = RATE * 2 // 10
SILENCE: Final = bytes(RATE * 2)
MODEL: Final = "gpt-realtime"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def router(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    async with brought_up(SHIPPED.read_text(), tmp_path_factory.mktemp("realtime")) as router:
        yield router


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(router: Served) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=f"{router.url}/v1", api_key="not-needed", max_retries=0) as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def question(client: openai.AsyncOpenAI) -> bytes:
    """A question as a microphone would have it: 24 kHz, s16le, mono."""
    answer = await client.audio.speech.create(model="tts-1", voice=VOICE, input=QUESTION, response_format="pcm")
    return answer.content


async def until(connection: Any, *kinds: str) -> list[Any]:
    """Return all events up to the first of these kinds."""
    events = []
    async with asyncio.timeout(30):
        while True:
            event = await connection.recv()
            events.append(event)
            if event.type in kinds:
                return events


async def speak(connection: Any, pcm: bytes) -> None:
    """Send sound in the pace of speech."""
    began = time.monotonic()
    for at in range(0, len(pcm), FRAME):
        await connection.input_audio_buffer.append(audio=b64encode(pcm[at : at + FRAME]).decode())
        await asyncio.sleep(began + (at + FRAME) / (RATE * 2) - time.monotonic())


def said(events: Sequence[Any], kind: str) -> str:
    return "".join(event.delta for event in events if event.type == kind)


def sound(events: Sequence[Any], kind: str = "response.output_audio.delta") -> bytes:
    return b"".join(b64decode(event.delta) for event in events if event.type == kind)


def kinds(events: Sequence[Any]) -> list[str]:
    """Return the types of events, a run of one type as one."""
    names = [event.type for event in events]
    return [name for at, name in enumerate(names) if not at or name != names[at - 1]]


async def ask(connection: Any, text: str) -> None:
    content: Any = [{"type": "input_text", "text": text}]
    await connection.conversation.item.create(item={"type": "message", "role": "user", "content": content})


async def test_a_turn_in_writing(client: openai.AsyncOpenAI) -> None:
    """Text in, text out: the events come in the order and with the fields that OpenAI documents."""
    async with client.realtime.connect(model=MODEL) as connection:
        created = (await until(connection, "session.created"))[-1]
        assert created.session.model == MODEL
        assert created.session.audio.input.turn_detection.type == "server_vad"
        await connection.session.update(session={"type": "realtime", "output_modalities": ["text"]})
        assert (await until(connection, "session.updated"))[-1].session.output_modalities == ["text"]
        await ask(connection, "are you there")
        await connection.response.create()
        events = await until(connection, "response.done", "error")

    assert kinds(events) == [
        "conversation.item.added", "conversation.item.done", "response.created", "response.output_item.added",
        "conversation.item.added", "response.content_part.added", "response.output_text.delta", "response.output_text.done",
        "response.content_part.done", "conversation.item.done", "response.output_item.done", "response.done",
    ]  # fmt: skip
    done = events[-1].response
    text = said(events, "response.output_text.delta")
    assert text.startswith("You said: are you there.")
    assert (done.status, done.output[0].content[0].text) == ("completed", text)
    assert done.usage.total_tokens == done.usage.input_tokens + done.usage.output_tokens > 0
    assert len({event.event_id for event in events}) == len(events)


async def test_a_spoken_turn(client: openai.AsyncOpenAI, router: Served, question: bytes) -> None:
    """Somebody speaks: the router finds where that begins and ends, writes it down, and its reply can be heard to say its transcript."""
    async with client.realtime.connect(model="daily") as connection:
        heard: Any = {"transcription": {"model": "whisper-1"}}
        await connection.session.update(session={"type": "realtime", "audio": {"input": heard}})
        microphone = asyncio.create_task(speak(connection, SILENCE + question + SILENCE + SILENCE))
        events = await until(connection, "response.done", "error")
        await microphone

    at = {event.type: event for event in reversed(events)}
    started, stopped = at["input_audio_buffer.speech_started"], at["input_audio_buffer.speech_stopped"]
    transcript = at["conversation.item.input_audio_transcription.completed"].transcript
    error = wer(QUESTION, transcript)
    print(f"\nfrom {started.audio_start_ms} to {stopped.audio_end_ms} ms: {transcript} (word error rate {error:.2f})")
    assert 400 <= started.audio_start_ms <= 1000
    assert stopped.audio_end_ms == pytest.approx(1000 + len(question) / 48 + 500, abs=450)
    assert started.item_id == stopped.item_id == at["input_audio_buffer.committed"].item_id
    assert error < 0.35

    reply = said(events, "response.output_audio_transcript.delta")
    assert at["response.output_audio_transcript.done"].transcript == reply
    assert transcript in reply
    assert at["response.done"].response.status == "completed"
    words = await write_down(router, sound(events), RATE)
    spoken = wer(plain(reply), words)
    print(f"reply: {reply}\nheard: {words} (word error rate {spoken:.2f})")
    assert spoken < 0.35


async def test_push_to_talk(client: openai.AsyncOpenAI, question: bytes) -> None:
    """Without detection the client says where a question ends and when to reply; what was cleared is forgotten."""
    async with client.realtime.connect(model=MODEL) as connection:
        heard: Any = {"turn_detection": None, "transcription": {"language": "en"}}
        await connection.session.update(session={"type": "realtime", "audio": {"input": heard}})
        await until(connection, "session.updated")
        await connection.input_audio_buffer.append(audio=b64encode(SILENCE).decode())
        await connection.input_audio_buffer.clear()
        await connection.input_audio_buffer.append(audio=b64encode(question).decode())
        await connection.input_audio_buffer.commit()
        events = await until(connection, "conversation.item.input_audio_transcription.completed", "error")
        assert kinds(events)[:4] == [
            "input_audio_buffer.cleared", "input_audio_buffer.committed", "conversation.item.added",
            "conversation.item.done",
        ]  # fmt: skip
        assert events[-1].usage.seconds == len(question) / 48_000
        await connection.response.create()
        events = await until(connection, "response.done", "error")

    assert events[-1].response.status == "completed"
    assert sound(events)


async def test_two_sessions(client: openai.AsyncOpenAI) -> None:
    """Each hears its own replies to its own questions alone."""

    async def talk(text: str) -> list[Any]:
        async with client.realtime.connect(model=MODEL) as connection:
            await ask(connection, text)
            await connection.response.create(response={"output_modalities": ["text"]})
            events = await until(connection, "response.done", "error")
            await ask(connection, f"{text} again")
            await connection.response.create(response={"output_modalities": ["text"]})
            return [*events, *await until(connection, "response.done", "error")]

    one, other = await asyncio.gather(talk("red apples"), talk("green pears"))
    assert "pears" not in str(one)
    assert "apples" not in str(other)
    assert said(one, "response.output_text.delta").count("red apples") == 2
    responses = [{event.response.id for event in events if event.type == "response.done"} for events in (one, other)]
    assert len(responses[0] | responses[1]) == 4


async def test_the_first_generation(client: openai.AsyncOpenAI, router: Served) -> None:
    """Clients of the beta get its names and its flat session."""
    older = client.with_options(websocket_base_url=f"{router.url.replace('http', 'ws', 1)}/v1")
    async with older.beta.realtime.connect(model=MODEL) as connection:
        created = (await until(connection, "session.created"))[-1]
        assert created.session.modalities == ["text", "audio"]
        assert created.session.input_audio_format == "pcm16"
        flat: Any = {
            "voice": "nova",
            "turn_detection": None,
            "input_audio_transcription": {"model": "whisper-1"},
            "tools": [],
        }
        await connection.session.update(session=flat)
        assert (await until(connection, "session.updated", "error"))[-1].session.voice == "nova"
        await ask(connection, "are you there")
        await connection.response.create()
        events = await until(connection, "response.done", "error")

    assert kinds(events)[:5] == [
        "conversation.item.created", "response.created", "response.output_item.added", "conversation.item.created",
        "response.content_part.added",
    ]  # fmt: skip
    contract = TypeAdapter[Any](RealtimeServerEvent)
    for event in (created, *events):
        contract.validate_python(event.to_dict())
    assert sound(events, "response.audio.delta")
    assert said(events, "response.audio_transcript.delta").startswith("You said: are you there.")
