import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import srt
import webvtt
from litestar import Litestar
from litestar.testing import TestClient

from router.contract import Inline, InPieces, Segment, Transcript, TranscriptionRequest, Upload, Word
from router.engine.exchange import Exchange
from router.media import Workers, probe
from router.media.wav import written_header
from router.web.intake import MEGABYTE
from router.web.problems import BODY_LIMIT
from router.web.room import Room
from tests.unit.web.making import WAV, StubEngine, client_of

PATH = "/v1/audio/transcriptions"
FILE = {"file": ("voice.txt", WAV)}
HEARD = Transcript(
    "hello <world> & all",
    language="en",
    duration=3661.5,
    segments=(Segment("hello", 0.0, 1.25), Segment("<world>\n\n& all", 1.25, 3661.5)),
    words=(Word("hello", 0.1, 0.9),),
)


def post(client: TestClient[Litestar], **fields: Any) -> Any:
    return client.post(PATH, files=FILE, data=fields)


async def hear(request: Any, exchange: Exchange) -> Transcript:
    return HEARD


def test_every_field(client: TestClient[Litestar], engine: StubEngine) -> None:
    """Every field reaches the request; the type of the file is that of its content, whatever its name."""
    fields = {
        "model": "m", "language": "en", "prompt": "p", "temperature": "0.5", "response_format": "verbose_json",
        "timestamp_granularities[]": ["word", "segment"],
    }  # fmt: skip
    assert post(client, **fields).status_code == 200
    assert engine.requests == [
        TranscriptionRequest(
            audio=Inline(WAV, "audio/wav", 2.0), model="m", language="en", prompt="p", temperature=0.5,
            words=True, segments=True,
        )
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "words", "segments"),
    [
        ({}, False, False),
        ({"response_format": "text"}, False, False),
        ({"response_format": "srt"}, False, True),
        ({"response_format": "vtt"}, False, True),
        ({"response_format": "verbose_json"}, False, True),
        ({"response_format": "verbose_json", "timestamp_granularities[]": "word"}, True, False),
        ({"response_format": "verbose_json", "timestamp_granularities[]": "segment"}, False, True),
    ],
)
def test_times_are_asked_for_where_they_are_needed(
    client: TestClient[Litestar], engine: StubEngine, fields: dict[str, str], words: bool, segments: bool
) -> None:
    """A provider is asked for times only where the format holds them."""
    assert post(client, **fields).status_code == 200
    assert (engine.requests[0].words, engine.requests[0].segments) == (words, segments)


@pytest.mark.parametrize(
    ("response_format", "content_type"),
    [
        ("json", "application/json"),
        ("text", "text/plain; charset=utf-8"),
        ("srt", "application/x-subrip; charset=utf-8"),
        ("verbose_json", "application/json"),
        ("vtt", "text/vtt; charset=utf-8"),
    ],
)
def test_content_types(response_format: str, content_type: str) -> None:
    """Each format is sent as what it is, with its length."""
    with client_of(StubEngine(hear)) as client:
        answer = post(client, response_format=response_format)
    assert answer.headers["content-type"] == content_type
    assert int(answer.headers["content-length"]) == len(answer.content)


def test_json() -> None:
    """Plain json is the text, and how many seconds were heard."""
    with client_of(StubEngine(hear)) as client:
        answer = post(client)
    assert answer.json() == {"text": HEARD.text, "usage": {"type": "duration", "seconds": 3661.5}}


def test_verbose_json() -> None:
    """verbose_json has OpenAI's keys; what only Whisper could tell is null."""
    with client_of(StubEngine(hear)) as client:
        told = post(client, response_format="verbose_json").json()
    assert (told["task"], told["language"], told["duration"], told["text"]) == ("transcribe", "en", 3661.5, HEARD.text)
    assert told["words"] == [{"word": "hello", "start": 0.1, "end": 0.9}]
    assert told["segments"][0] == {
        "id": 0, "seek": 0, "start": 0.0, "end": 1.25, "text": "hello", "tokens": [], "temperature": None,
        "avg_logprob": None, "compression_ratio": None, "no_speech_prob": None,
    }  # fmt: skip


def test_text() -> None:
    """Plain text is the text."""
    with client_of(StubEngine(hear)) as client:
        assert post(client, response_format="text").text == "hello <world> & all\n"


def test_srt() -> None:
    """SubRip parses, with times beyond an hour, and no cue is cut by a blank line in its text."""
    with client_of(StubEngine(hear)) as client:
        cues = list(srt.parse(post(client, response_format="srt").text))
    assert [(cue.index, cue.start.total_seconds(), cue.end.total_seconds(), cue.content) for cue in cues] == [
        (1, 0.0, 1.25, "hello"),
        (2, 1.25, 3661.5, "<world> & all"),
    ]


def test_vtt() -> None:
    """WebVTT parses, and text that looks like markup stays text."""
    with client_of(StubEngine(hear)) as client:
        body = post(client, response_format="vtt").text
    cues = webvtt.from_string(body).captions
    assert [(cue.start, cue.end, cue.raw_text) for cue in cues] == [
        ("00:00:00.000", "00:00:01.250", "hello"),
        ("00:00:01.250", "01:01:01.500", "&lt;world&gt; &amp; all"),
    ]


@pytest.mark.parametrize(
    ("transcript", "expected"),
    [
        (Transcript(""), ""),
        (Transcript("hi", duration=2.0), "1\n00:00:00,000 --> 00:00:02,000\nhi\n"),
        (
            Transcript("hi", segments=(Segment("hi", 0.9996, 2), Segment(" ", 2, 3))),
            "1\n00:00:01,000 --> 00:00:02,000\nhi\n",
        ),
    ],
    ids=["silence", "no segments", "rounding and an empty segment"],
)
def test_few_cues(transcript: Transcript, expected: str) -> None:
    """Silence gives no cue, a transcript without segments one, and an empty segment none."""

    async def serve(request: Any, exchange: Exchange) -> Transcript:
        return transcript

    with client_of(StubEngine(serve)) as client:
        assert post(client, response_format="srt").text == expected


def test_a_large_file_is_spooled() -> None:
    """A large file is on disk for as long as the work lasts, and gone afterwards."""
    seen: list[Path] = []
    big = WAV + bytes(2 * 1024 * 1024)

    async def serve(request: Any, exchange: Exchange) -> Transcript:
        audio = request.audio
        assert isinstance(audio, Upload)
        assert (audio.size, audio.media_type, audio.seconds) == (len(big), "audio/wav", 2.0)
        assert audio.path.read_bytes() == big
        seen.append(audio.path)
        return HEARD

    with client_of(StubEngine(serve)) as client:
        answer = client.post(PATH, files={"file": ("a.wav", big)})
    assert answer.status_code == 200
    assert [(path.parent, path.exists()) for path in seen] == [(Path(tempfile.gettempdir()), False)]


def test_plain_sound_in_memory() -> None:
    """Long plain sound is in memory, as it came, and its room there is free when the work is over; where none was, it is on disk."""
    sound, room, small, kinds = written_header(8000) + bytes(16_000 * 60), Room(), Room(100_000), []

    async def serve(request: Any, exchange: Exchange) -> Transcript:
        assert (request.audio.size, request.audio.media_type, request.audio.seconds) == (len(sound), "audio/wav", 60.0)
        kinds.append((type(request.audio), room.free < room.size))
        source = request.audio.source
        assert (source.read_bytes() if isinstance(source, Path) else source) == sound
        return HEARD

    probing = partial(probe, Workers(0))  # which would wait for ever for a worker
    for given in (room, small):
        with client_of(StubEngine(serve), room=given, probe=probing) as client:
            assert client.post(PATH, files={"file": ("a.wav", sound)}).status_code == 200
    assert kinds == [(InPieces, True), (Upload, False)]
    assert (room.free, small.free) == (room.size, small.size)


@pytest.mark.parametrize(("size", "code"), [(MEGABYTE, "out_of_range"), (26 * MEGABYTE, "payload_too_large")])
def test_room_after_a_refusal(size: int, code: str) -> None:
    """A recording that is refused, be it for what was asked with it or for its size, keeps no room."""
    room = Room()
    with client_of(StubEngine(), room=room) as client:
        answer = client.post(
            PATH,
            files={"file": ("a.wav", written_header(8000) + bytes(size))},
            data={"temperature": "7"} if size == MEGABYTE else {},
        )
    assert (answer.json()["error"]["code"], room.free) == (code, room.size)


def test_a_large_file_is_removed_after_a_refusal(client: TestClient[Litestar], tmp_path: Path) -> None:
    """A spooled file that is refused leaves nothing behind."""
    before = set(Path(tempfile.gettempdir()).glob("media-router-*"))
    answer = client.post(PATH, files={"file": ("a.wav", b"text" * 1024 * 1024)})
    assert answer.json()["error"]["code"] == "invalid_audio_format"
    assert set(Path(tempfile.gettempdir()).glob("media-router-*")) <= before


def test_a_body_beyond_the_limit(client: TestClient[Litestar]) -> None:
    """A body that grows beyond the limit without having said so is refused with it, and leaves nothing behind."""
    before = set(Path(tempfile.gettempdir()).glob("media-router-*"))

    def body() -> Iterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n' + WAV
        for _ in range(BODY_LIMIT // MEGABYTE):
            yield bytes(MEGABYTE)

    answer = client.post(PATH, content=body(), headers={"content-type": "multipart/form-data; boundary=b"})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], str(BODY_LIMIT) in error["message"]) == (413, "payload_too_large", True)
    assert set(Path(tempfile.gettempdir()).glob("media-router-*")) <= before
