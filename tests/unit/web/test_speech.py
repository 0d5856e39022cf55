import base64
import json
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from router.contract import AudioFormat, Inline, Speech, SpeechRequest, Truncated, Url
from router.engine.exchange import Exchange
from router.media import CONTENT_TYPES
from tests.unit.web.making import WAV, Chunks, StubEngine, attempt, client_of

PATH = "/v1/audio/speech"
EVERYTHING = {
    "input": "hello", "model": "m", "voice": "v", "response_format": "wav", "stream": True, "stream_format": "audio",
    "speed": 1.5, "instructions": "softly", "language": "en-GB", "temperature": 0.8, "top_k": 50, "top_p": 0.9,
    "max_new_tokens": 1024, "seed": 7,
}  # fmt: skip


def test_every_field(client: TestClient[Litestar], engine: StubEngine) -> None:
    """Every field of OpenAI, Boson and Higgs reaches the request."""
    assert client.post(PATH, json=EVERYTHING).status_code == 200
    assert engine.requests == [
        SpeechRequest(
            text="hello", model="m", voice="v", format=AudioFormat.WAV, speed=1.5, instructions="softly",
            language="en-GB", temperature=0.8, top_k=50, top_p=0.9, max_new_tokens=1024, seed=7,
        )
    ]  # fmt: skip


def test_only_the_input(client: TestClient[Litestar], engine: StubEngine) -> None:
    """A text alone is enough: mp3, and nothing set that was not asked for."""
    assert client.post(PATH, json={"input": "hello"}).headers["content-type"] == "audio/mpeg"
    assert engine.requests == [SpeechRequest(text="hello", format=AudioFormat.MP3)]


def test_5000_characters(client: TestClient[Litestar]) -> None:
    """The longest input is taken; it is characters that count, not bytes."""
    assert client.post(PATH, json={"input": "é" * 5000}).status_code == 200


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("audio_format", list(AudioFormat))
def test_every_format_streams_or_not(client: TestClient[Litestar], audio_format: AudioFormat, stream: bool) -> None:
    """Every format is taken with `stream` true and false, and the content type is that of the bytes."""
    answer = client.post(PATH, json={"input": "x", "response_format": audio_format, "stream": stream})
    assert (answer.status_code, answer.content) == (200, b"onetwo")
    assert answer.headers["content-type"].partition(";")[0] == CONTENT_TYPES[audio_format]


def test_pcm_says_its_rate(client: TestClient[Litestar]) -> None:
    """Raw pcm has no header of its own, so the content type holds what a player must know."""
    answer = client.post(PATH, json={"input": "x", "response_format": "pcm"})
    assert answer.headers["content-type"] == "audio/pcm;rate=24000;channels=1"


def test_a_voice_by_id(client: TestClient[Litestar], engine: StubEngine) -> None:
    """OpenAI's object for a custom voice is its id."""
    client.post(PATH, json={"input": "x", "voice": {"id": "voice_1"}})
    assert engine.requests[0].voice == "voice_1"


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("https://example.com/a.wav", Url("https://example.com/a.wav", "audio")),
        (base64.b64encode(WAV).decode(), Inline(WAV, "audio/wav", 2.0)),
        (base64.encodebytes(WAV).decode(), Inline(WAV, "audio/wav", 2.0)),
        (f"data:audio/mpeg;base64,{base64.b64encode(WAV).decode()}", Inline(WAV, "audio/wav", 2.0)),
        ("data:audio/flac,fLaC%00%01", Inline(b"fLaC\0\x01", "audio/flac", 2.0)),
    ],
    ids=["url", "base64", "base64 in lines", "data URI that lies", "data URI without base64"],
)
def test_reference_audio(client: TestClient[Litestar], engine: StubEngine, given: str, taken: Any) -> None:
    """A reference comes as URL, base64 or data URI; its type is read off its bytes, never off its label."""
    assert client.post(PATH, json={"input": "x", "ref_audio": given, "ref_text": "t"}).status_code == 200
    assert (engine.requests[0].ref_audio, engine.requests[0].ref_text) == (taken, "t")


def test_the_story_in_the_headers(client: TestClient[Litestar]) -> None:
    """An answer says its id, who served it, by which route, after how many attempts, and the time each took."""
    headers = client.post(PATH, json={"input": "x"}, headers={"x-request-id": "mine-1"}).headers
    assert headers["x-request-id"] == "mine-1"
    assert headers["x-media-provider"] == "second"
    assert headers["x-media-route"] == "a-route"
    assert headers["x-media-attempts"] == "2"
    assert headers["server-timing"] == (
        'attempt1;desc="first busy";dur=12.5, attempt2;desc="second ok";dur=12.5, queue;dur=5.0, total;dur=0.0'
    )


@pytest.mark.parametrize("given", ["", "a b", "x" * 129, "a\x7f", 'a"b'])
def test_an_id_that_is_not_sane(client: TestClient[Litestar], given: str) -> None:
    """An id that could do harm in a log is replaced."""
    answer = client.post(PATH, json={"input": "x"}, headers={"x-request-id": given})
    assert answer.headers["x-request-id"] == "req_1"


def test_counted_once(client: TestClient[Litestar], engine: StubEngine) -> None:
    """A served request is announced once, with its bytes."""
    client.post(PATH, json={"input": "x"})
    assert [(one.outcome, one.status, one.bytes_out, one.team) for one in engine.outcomes] == [("ok", 200, 6, "ads")]


def events_of(text: str) -> list[tuple[str, Any]]:
    found = []
    for block in text.strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n"))
        found.append((fields.get("event", "message"), json.loads(fields["data"])))
    return found


def test_events(client: TestClient[Litestar]) -> None:
    """`stream_format: sse` gives OpenAI's events: a delta for each chunk, then done with what was counted."""
    answer = client.post(PATH, json={"input": "hello", "stream_format": "sse"})
    assert answer.headers["content-type"] == "text/event-stream"
    assert events_of(answer.text) == [
        ("message", {"type": "speech.audio.delta", "audio": base64.b64encode(b"one").decode()}),
        ("message", {"type": "speech.audio.delta", "audio": base64.b64encode(b"two").decode()}),
        ("message", {"type": "speech.audio.done", "usage": {"type": "characters", "characters": 5}}),
    ]


def test_events_of_a_stream_that_was_resumed() -> None:
    """The done event says how often a broken stream was resumed, and a header that it could be."""

    async def serve(request: Any, exchange: Exchange) -> Speech:
        exchange.spliced = True
        exchange.attempts += [attempt(exchange, 1, "first", "ok"), attempt(exchange, 2, "second", "ok", resumes=True)]
        return Speech(AudioFormat.MP3, Chunks(b"one"))

    with client_of(StubEngine(serve)) as client:
        answer = client.post(PATH, json={"input": "hello", "stream_format": "sse"})
    assert answer.headers["x-media-splice"] == "sentences"
    assert events_of(answer.text)[-1][1]["splices"] == 1


def test_events_that_break(caplog: pytest.LogCaptureFixture) -> None:
    """A break in an event stream becomes an error event, there is no done event, and the log says why."""
    chunks = Chunks(b"one", Truncated("the stream broke"))

    async def serve(request: Any, exchange: Any) -> Speech:
        return Speech(AudioFormat.MP3, chunks)

    engine = StubEngine(serve)
    with client_of(engine) as client:
        answer = client.post(PATH, json={"input": "hello", "stream_format": "sse"})
    (_, first), (kind, last) = events_of(answer.text)
    assert first["type"] == "speech.audio.delta"
    assert (kind, last["error"]["code"], last["error"]["type"]) == ("error", "truncated", "server_error")
    assert [one.outcome for one in engine.outcomes] == ["truncated"]
    assert "the answer to req_1 broke off: the stream broke" in caplog.text
    assert chunks.closed
