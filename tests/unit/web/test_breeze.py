import base64
from collections.abc import Iterator
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from router.contract import AudioFormat, Speech, SpeechRequest, Truncated, Unsupported, Word
from router.engine.exchange import Exchange
from router.media import CONTENT_TYPES
from tests.unit.web.making import AUTH, KEY, Chunks, StubEngine, client_of, failing

PATH = "/v1/text-to-speech/voc_1"
WORDS = (Word("hello", 0.0, 0.4), Word("there", 0.5, 0.9))


@pytest.fixture
def client(engine: StubEngine) -> Iterator[TestClient[Litestar]]:
    with client_of(engine) as client:
        del client.headers["authorization"]
        client.headers["xi-api-key"] = KEY
        yield client


def saying(speech: Speech) -> StubEngine:
    async def serve(request: Any, exchange: Exchange) -> Speech:
        return speech

    return StubEngine(serve)


@pytest.mark.parametrize("path", [PATH, f"{PATH}/stream"])
def test_every_field(client: TestClient[Litestar], engine: StubEngine, path: str) -> None:
    """Every field of Breeze's, and ElevenLabs' seed and speed, reach the request; the answer is audio."""
    body = {
        "text": "hello",
        "model_id": "bluebell-v1-en",
        "language_code": "en",
        "instructions": "softly",
        "voice_settings": {"guidance_scale": 4.0, "speed": 1.5},
        "seed": 7,
    }
    answer = client.post(path, params={"output_format": "wav_48000", "enable_logging": "false"}, json=body)
    assert (answer.status_code, answer.headers["content-type"], answer.content) == (200, "audio/wav", b"onetwo")
    assert engine.requests == [
        SpeechRequest(
            text="hello", model="bluebell-v1-en", voice="voc_1", format=AudioFormat.WAV, sample_rate=48_000, speed=1.5,
            instructions="softly", language="en", seed=7, guidance_scale=4.0,
        )
    ]  # fmt: skip


def test_only_the_text(client: TestClient[Litestar], engine: StubEngine) -> None:
    """A text and a voice are enough: mp3, and nothing set that was not asked for."""
    assert client.post(PATH, json={"text": "hello"}).headers["content-type"] == "audio/mpeg"
    assert engine.requests == [SpeechRequest(text="hello", voice="voc_1")]


@pytest.mark.parametrize(
    ("name", "made", "rate"),
    [
        *((one.value, one, None) for one in AudioFormat),
        ("wav_48000", AudioFormat.WAV, 48_000),
        ("mp3_44100_64", AudioFormat.MP3, 44_100),
        ("mp3_22050", AudioFormat.MP3, 22_050),
        ("pcm_8000", AudioFormat.PCM, 8_000),
        ("pcm_44100", AudioFormat.PCM, 44_100),
        ("opus_48000_48", AudioFormat.OPUS, 48_000),
    ],
)
def test_output_formats(
    client: TestClient[Litestar], engine: StubEngine, name: str, made: AudioFormat, rate: int | None
) -> None:
    """Both vendors' names of formats are understood, and the content type is that of the bytes."""
    answer = client.post(PATH, params={"output_format": name}, json={"text": "x"})
    assert answer.headers["content-type"].partition(";")[0] == CONTENT_TYPES[made]
    assert (engine.requests[0].format, engine.requests[0].sample_rate) == (made, rate)


@pytest.mark.parametrize(
    ("name", "bits"), [("mp3_44100_128", 128_000), ("opus_48000_64", 64_000), ("mp3_44100", None), ("mp3", None)]
)
def test_bit_rates(client: TestClient[Litestar], engine: StubEngine, name: str, bits: int | None) -> None:
    """ElevenLabs' bit rates are passed on in bits per second; none said leaves it to the router."""
    client.post(PATH, params={"output_format": name}, json={"text": "x"})
    assert engine.requests[0].bit_rate == bits


def test_the_id_of_an_item(client: TestClient[Litestar]) -> None:
    """The history item is named by the request's id, so that one id is in the answer, the logs and the metrics."""
    headers = client.post(PATH, json={"text": "x"}).headers
    assert (headers["history-item-id"], headers["x-request-id"]) == ("req_1", "req_1")
    assert "x-media-provider-item" not in headers


def test_the_provider_s_own_id() -> None:
    """What the provider calls it is told beside the router's id."""
    speech = Speech(AudioFormat.MP3, Chunks(b"one"), provider_id="hist_9")
    with client_of(saying(speech)) as client:
        headers = client.post(PATH, json={"text": "x"}).headers
    assert (headers["history-item-id"], headers["x-media-provider-item"]) == ("req_1", "hist_9")


def test_pcm_says_what_it_is() -> None:
    """Headerless audio comes with the headers that Breeze's SDK reads."""
    with client_of(saying(Speech(AudioFormat.PCM, Chunks(b"one"), sample_rate=16_000))) as client:
        headers = client.post(f"{PATH}/stream", params={"output_format": "pcm_16000"}, json={"text": "x"}).headers
    assert {name: value for name, value in headers.items() if name.startswith("x-breeze")} == {
        "x-breeze-audio-codec": "pcm_s16le",
        "x-breeze-sample-rate": "16000",
        "x-breeze-channels": "1",
        "x-breeze-sample-width-bytes": "2",
    }


@pytest.mark.parametrize("audio", [(b"",), (b"a",), (b"ab", b"c"), (b"abcd", b"", b"efghi", b"j")])
def test_word_times(audio: tuple[bytes, ...]) -> None:
    """With timestamps, whole audio in base64 comes with its words' times, however its chunks were cut."""
    engine = saying(Speech(AudioFormat.MP3, Chunks(*audio), words=WORDS))
    with client_of(engine) as client:
        answer = client.post(f"{PATH}/with-timestamps", json={"text": "hello there"})
    assert answer.json() == {
        "audio_base64": base64.b64encode(b"".join(audio)).decode(),
        "content_type": "audio/mpeg",
        "word_timestamps": [
            {"index": 0, "word": "hello", "start": 0.0, "end": 0.4},
            {"index": 1, "word": "there", "start": 0.5, "end": 0.9},
        ],
    }
    assert engine.requests == [SpeechRequest(text="hello there", voice="voc_1", words=True)]
    assert answer.headers["history-item-id"] == "req_1"


def test_word_times_of_audio_that_breaks() -> None:
    """A break leaves no JSON that could be taken for whole audio, and the audio is released."""
    chunks = Chunks(b"one", Truncated("broke"))
    engine = saying(Speech(AudioFormat.MP3, chunks, words=WORDS))
    with client_of(engine) as client:
        answer = client.post(f"{PATH}/with-timestamps", json={"text": "x"})
    assert b"word_timestamps" not in answer.content
    assert chunks.closed
    assert [one.outcome for one in engine.outcomes] == ["truncated"]


def test_word_times_that_nobody_knows() -> None:
    """Where no provider knows word times, the caller is told why each declined."""
    refusing = failing(Unsupported("nobody can", reasons={"a": "does not take `words`"}))
    with client_of(StubEngine(refusing)) as client:
        answer = client.post(f"{PATH}/with-timestamps", json={"text": "x"})
    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_ERROR")
    assert answer.json()["meta"]["reasons"] == {"a": "does not take `words`"}


def test_openai_s_header_is_a_key_too(engine: StubEngine) -> None:
    """The path alone makes it Breeze's dialect; any of the router's headers may hold the key."""
    with client_of(engine) as client:
        assert client.headers["authorization"] == AUTH["authorization"]
        assert client.post(PATH, json={"text": ""}).json()["code"] == "VALIDATION_ERROR"
