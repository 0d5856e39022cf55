"""OpenAI's own Python client, pointed at a router on the embedded provider by `base_url` alone."""

import io
from collections.abc import Iterator
from pathlib import Path

import av
import jiwer
import openai
import pytest
import srt
import webvtt

from router.testing.serving import Served, serving

CONFIG = (Path(__file__).parents[2] / "config" / "router.yaml").read_text()
TEXT = "The quick brown fox jumps over the lazy dog. Then it rests for a while in the warm afternoon sun."

FORMATS = {
    "mp3": ("mp3", "mp3float", 24_000),
    "opus": ("ogg", "opus", 48_000),
    "aac": ("aac", "aac", 24_000),
    "flac": ("flac", "flac", 24_000),
    "wav": ("wav", "pcm_s16le", 24_000),
}
"""What PyAV must find in each: container, codec, rate in hertz. PCM has no container."""

SENTENCES = (
    "The weather is very nice today.",
    "She sold her house last year and moved to the city.",
    "Please open the window before you leave.",
    "We need more time to finish the work.",
    "The train to the north leaves at noon.",
    "He told me that the book was very good.",
    "My brother plays the piano every evening.",
    "They walked along the river for an hour.",
    "The children were happy to see the snow.",
    "I would like a cup of coffee with milk.",
)


@pytest.fixture(scope="module")
def router(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(CONFIG, tmp_path_factory.mktemp("sdk")) as served:
        yield served


@pytest.fixture(scope="module")
def client(router: Served) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{router.url}/v1", api_key="not-needed", max_retries=0, timeout=60) as opened:
        yield opened


def heard(audio: bytes) -> tuple[str, str, int, float]:
    """Container, codec, rate and decoded seconds, as PyAV has them."""
    with av.open(io.BytesIO(audio), "r") as container:
        stream = container.streams.audio[0]
        samples = sum(frame.samples for frame in container.decode(stream))
        return container.format.name, stream.codec_context.name, stream.rate, samples / stream.rate


def spoken(client: openai.OpenAI, sound: str, text: str = TEXT, voice: str = "alloy") -> bytes:
    return client.audio.speech.create(model="tts-1", voice=voice, input=text, response_format=sound).content  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def seconds(client: openai.OpenAI) -> float:
    """How long the text lasts, told by its plain samples: 24 kHz s16le mono."""
    return len(spoken(client, "pcm")) / 48_000


@pytest.mark.parametrize("sound", FORMATS)
def test_a_whole_answer(client: openai.OpenAI, seconds: float, sound: str) -> None:
    """Each format is what it says, and as long as the others."""
    *found, duration = heard(spoken(client, sound))
    assert tuple(found) == FORMATS[sound]
    assert duration == pytest.approx(seconds, rel=0.05)


@pytest.mark.parametrize("sound", FORMATS)
def test_a_streamed_answer(client: openai.OpenAI, seconds: float, sound: str) -> None:
    """The same through the SDK's streaming call: several chunks that join to the whole."""
    speaking = client.audio.speech.with_streaming_response
    with speaking.create(model="tts-1", voice="alloy", input=TEXT, response_format=sound) as answer:  # type: ignore[arg-type]
        chunks = list(answer.iter_bytes(1024))
    assert len(chunks) > 10
    *found, duration = heard(b"".join(chunks))
    assert tuple(found) == FORMATS[sound]
    assert duration == pytest.approx(seconds, rel=0.05)


def test_ten_sentences(client: openai.OpenAI, capsys: pytest.CaptureFixture[str]) -> None:
    """The router understands its own speech; the word error rate is reported, and bounded loosely."""
    texts = [
        client.audio.transcriptions.create(model="whisper-1", file=("speech.mp3", spoken(client, "mp3", one))).text
        for one in SENTENCES
    ]
    plain = [one.lower().rstrip(".") for one in SENTENCES]
    rate = jiwer.wer(plain, texts)
    with capsys.disabled():
        print(f"\nword error rate over {len(SENTENCES)} sentences of the default voice: {rate:.0%}")
    assert rate < 0.6


def test_srt(client: openai.OpenAI, seconds: float) -> None:
    """Subtitles parse, in order and within the recording."""
    text = client.audio.transcriptions.create(
        model="whisper-1", file=("speech.wav", spoken(client, "wav")), response_format="srt"
    )
    lines = list(srt.parse(text))
    assert lines
    assert all(line.content for line in lines)
    starts = [line.start.total_seconds() for line in lines]
    assert starts == sorted(starts)
    assert lines[-1].end.total_seconds() <= seconds * 1.05


def test_vtt(client: openai.OpenAI, seconds: float) -> None:
    """The same as WebVTT."""
    text = client.audio.transcriptions.create(
        model="whisper-1", file=("speech.wav", spoken(client, "wav")), response_format="vtt"
    )
    captions = webvtt.from_string(text).captions
    assert captions
    assert captions[-1].end_in_seconds <= seconds * 1.05


def test_word_times(client: openai.OpenAI, seconds: float) -> None:
    """`verbose_json` with word times holds words that follow one another within the recording."""
    answer = client.audio.transcriptions.create(
        model="whisper-1",
        file=("speech.wav", spoken(client, "wav")),
        response_format="verbose_json",
        timestamp_granularities=["word"],
    )
    assert answer.words
    times = [(word.start, word.end) for word in answer.words]
    assert all(start < end for start, end in times)
    assert times == sorted(times)
    assert times[-1][1] <= seconds * 1.05
    assert answer.duration == pytest.approx(seconds, rel=0.05)


def test_another_language(client: openai.OpenAI) -> None:
    """Any of espeak's voices may be asked for by its own name."""
    assert len(spoken(client, "pcm", "Guten Morgen, wie geht es Ihnen?", "de")) > 48_000


def test_an_error(client: openai.OpenAI) -> None:
    """The SDK raises its own exception, with the router's code and field in it."""
    with pytest.raises(openai.BadRequestError) as caught:
        spoken(client, "mp3", "")
    assert (caught.value.code, caught.value.param) == ("empty_input", "input")


def test_models(client: openai.OpenAI) -> None:
    """The SDK lists the routes' models."""
    assert {"tts-1", "whisper-1", "higgs-avatar"} <= {model.id for model in client.models.list()}
