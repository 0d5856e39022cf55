"""Breeze's own Python client, pointed at a router on the embedded provider by `base_url` alone."""

import base64
import io
from collections.abc import Iterator
from pathlib import Path

import av
import pytest
from breeze_blue import BreezeBlue, NotFoundError, ValidationError  # type: ignore[import-untyped]

from router.testing.serving import serving

CONFIG = (Path(__file__).parents[2] / "config" / "router.yaml").read_text()
TEXT = "The quick brown fox jumps over the lazy dog."


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BreezeBlue]:
    with (
        serving(CONFIG, tmp_path_factory.mktemp("breeze")) as served,
        BreezeBlue(api_key="not-needed", base_url=served.url) as opened,
    ):
        yield opened


@pytest.fixture(scope="module")
def seconds(client: BreezeBlue) -> float:
    """How long the text lasts, told by its plain samples: 24 kHz s16le mono."""
    return len(client.text_to_speech.convert("alloy", text=TEXT, output_format="pcm").content) / 48_000


def heard(audio: bytes) -> tuple[str, str, int, float]:
    """Container, codec, rate and decoded seconds, as PyAV has them."""
    with av.open(io.BytesIO(audio), "r") as container:
        stream = container.streams.audio[0]
        samples = sum(frame.samples for frame in container.decode(stream))
        return container.format.name, stream.codec_context.name, stream.rate, samples / stream.rate


@pytest.mark.parametrize(
    ("name", "found"),
    [
        (None, ("mp3", "mp3float", 24_000)),
        ("mp3", ("mp3", "mp3float", 24_000)),
        ("mp3_44100_64", ("mp3", "mp3float", 44_100)),
        ("wav_48000", ("wav", "pcm_s16le", 48_000)),
        ("flac", ("flac", "flac", 24_000)),
        ("aac", ("aac", "aac", 24_000)),
        ("opus", ("ogg", "opus", 48_000)),
    ],
)
def test_convert(client: BreezeBlue, seconds: float, name: str | None, found: tuple[str, str, int]) -> None:
    """Whole audio is in the format asked for, at its rate and as long as it should be; the item has an id."""
    audio = client.text_to_speech.convert("alloy", text=TEXT, output_format=name, model_id="tts-1")
    *told, duration = heard(audio.content)
    assert tuple(told) == found
    assert duration == pytest.approx(seconds, rel=0.05)
    assert audio.history_item_id


def test_stream(client: BreezeBlue, seconds: float) -> None:
    """The streaming call brings the same; without a format it is mp3, as the API says."""
    audio = client.text_to_speech.stream("alloy", text=TEXT, language_code="en")
    assert audio.content_type == "audio/mpeg"
    assert heard(audio.content)[3] == pytest.approx(seconds, rel=0.05)


def test_streamed_samples(client: BreezeBlue, seconds: float) -> None:
    """Raw samples come in pieces, with the headers from which the SDK learns how to play them."""
    path = "/v1/text-to-speech/alloy/stream"
    stream = client.audio_stream_request("POST", path, params={"output_format": "pcm_16000"}, json={"text": TEXT})
    chunks = list(stream.iter_bytes())
    assert stream.audio_format == {"codec": "pcm_s16le", "sample_rate": 16_000, "channels": 1, "sample_width_bytes": 2}
    assert len(chunks) > 1
    assert len(b"".join(chunks)) / 32_000 == pytest.approx(seconds, rel=0.05)


def test_speed(client: BreezeBlue, seconds: float) -> None:
    """A voice setting is obeyed."""
    fast = client.text_to_speech.convert("alloy", text=TEXT, output_format="pcm", voice_settings={"speed": 2.0})
    assert len(fast.content) / 48_000 < 0.7 * seconds


def test_voices(client: BreezeBlue) -> None:
    """The SDK's search, with all that it sends by itself, lists the router's voices, page by page."""
    listed = client.voices.search(page_size=5)
    assert [voice["voice_id"] for voice in listed["voices"]][:2] == ["alloy", "ash"]
    assert (len(listed["voices"]), listed["has_more"]) == (5, True)
    (found,) = client.voices.search(search="shimmer")["voices"]
    assert found["name"] == "shimmer"


def test_models(client: BreezeBlue) -> None:
    """Models are those for speech, with languages."""
    models = {model["model_id"]: model for model in client.models.list()}
    assert "tts-1" in models
    assert "whisper-1" not in models
    assert {"language_id": "de", "name": "de"} in models["tts-1"]["languages"]


def test_a_field_at_fault(client: BreezeBlue) -> None:
    """The SDK raises its own exception, with Breeze's code, the field and its limit."""
    with pytest.raises(ValidationError) as caught:
        client.text_to_speech.convert("alloy", text=TEXT, voice_settings={"guidance_scale": 11})
    assert (caught.value.status_code, caught.value.code) == (422, "VALIDATION_ERROR")
    assert caught.value.meta == {"code": "out_of_range", "param": "voice_settings.guidance_scale", "limit": 10}
    assert "guidance_scale" in str(caught.value)


@pytest.mark.parametrize("name", ["mp3", "wav"])
def test_word_times(client: BreezeBlue, seconds: float, name: str) -> None:
    """Whole audio comes with each word's times, in order and within the audio."""
    told = client.text_to_speech.convert_with_timestamps("alloy", text=TEXT, output_format=name)
    assert told["content_type"] == {"mp3": "audio/mpeg", "wav": "audio/wav"}[name]
    *_, duration = heard(base64.b64decode(told["audio_base64"]))
    assert duration == pytest.approx(seconds, rel=0.05)
    words = told["word_timestamps"]
    assert [one["index"] for one in words] == list(range(9))
    assert " ".join(one["word"].strip(".").lower() for one in words) == TEXT.strip(".").lower()
    times = [(one["start"], one["end"]) for one in words]
    assert all(start < end for start, end in times)
    assert times == sorted(times)
    assert times[-1][1] <= duration * 1.05


def test_what_nobody_can_do(client: BreezeBlue) -> None:
    """Instructions, which espeak cannot follow, are refused with the reason; an unknown model is not found."""
    with pytest.raises(ValidationError) as caught:
        client.text_to_speech.convert("alloy", text=TEXT, instructions="softly")
    assert caught.value.meta is not None
    assert "instructions" in str(caught.value.meta["reasons"])
    with pytest.raises(NotFoundError, match="bluebell"):
        client.text_to_speech.stream("alloy", text=TEXT, model_id="bluebell-v9")
