import re
from pathlib import Path

import numpy as np
import pytest

from router.contract import (
    AudioFormat,
    BadOutput,
    Exhausted,
    Inline,
    Task,
    Transcript,
    TranscriptionRequest,
    Upload,
    Url,
)
from router.engine.voicing import voiced
from router.media import Encoder, Workers, loudness
from tests.unit.engine.stage import route, staged
from tests.unit.media.sounds import RATE, contained, saved


def wav(*parts: tuple[float, float]) -> bytes:
    """Parts of (seconds, dB of full scale), each a tone of that loudness."""
    samples = [
        np.sin(np.arange(round(seconds * RATE)) * 0.1) * 32767 * 10 ** (level / 20) * 2**0.5 for seconds, level in parts
    ]
    encoder = Encoder(AudioFormat.WAV, RATE, RATE)
    return encoder.feed(np.concatenate(samples).astype("<i2").tobytes()) + encoder.close()


SILENT, QUIET, SPEECH = -96, -50, -26


def heard(sound: bytes | Path) -> bool:
    return loudness.voiced(sound)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([(2.0, SILENT)], False),
        ([(2.0, QUIET)], False),
        ([(2.0, SPEECH)], True),
        ([(0.4, SPEECH)], True),
        ([(1.0, SILENT), (0.4, SPEECH), (1.0, SILENT)], True),
        ([(0.2, SPEECH), (1.0, SILENT), (0.2, SPEECH)], True),
        ([(1.0, SILENT), (0.1, -3), (1.0, QUIET), (0.1, -3)], False),
        ([(2.0, -38)], True),
        ([(2.0, -42)], False),
        ([(0.005, SPEECH)], False),
    ],
)
def test_loud_for_long_enough(parts: list[tuple[float, float]], expected: bool) -> None:
    """Three tenths of a second above -40 dB, in one piece or several, are voiced; a room's noise and a click are not."""
    assert heard(wav(*parts)) is expected


def test_speech_after_a_long_silence() -> None:
    """Silence before the words does not hide them."""
    assert heard(wav((30.0, SILENT), (0.5, SPEECH)))


def test_any_container(tmp_path: Path) -> None:
    """Whatever FFmpeg decodes is listened to, from memory or from a file."""
    assert heard(contained("mp4", "aac", 1.0))
    assert heard(saved(tmp_path / "sound", contained("ogg", "libopus", 1.0)))


async def test_what_cannot_be_listened_to() -> None:
    """A recording at a URL, or one that cannot be decoded, is not said to be voiced."""
    async with Workers(1) as workers:
        assert not await voiced(workers, Url("https://example.com/a.wav"))
        assert not await voiced(workers, Inline(b"nothing", "audio/wav"))


async def test_in_a_worker(tmp_path: Path) -> None:
    """Inline or uploaded, a recording is listened to off the event loop."""
    sound = wav((1.0, SPEECH))
    async with Workers(1) as workers:
        assert await voiced(workers, Inline(sound, "audio/wav"))
        assert await voiced(workers, Upload(saved(tmp_path / "sound", sound), len(sound), "audio/wav"))


LOUD, SILENCE = Inline(wav((1.0, SPEECH)), "audio/wav"), Inline(wav((1.0, SILENT)), "audio/wav")
NOTHING, HELLO = Transcript(""), Transcript("hello")


async def transcribe(sound: Inline, *answers: Transcript) -> tuple[str, list[str]]:
    """Return the text that comes of each provider's answer in turn, and how each attempt ended."""
    async with staged(route(Task.TRANSCRIPTION, "abc")) as stage:
        for name, answer in zip("abc", answers, strict=False):
            stage.acts(name, answer)
        transcript = await stage.serve(TranscriptionRequest(audio=sound), Task.TRANSCRIPTION)
        return transcript.text, stage.outcomes()


async def test_an_empty_transcript_of_sound() -> None:
    """Somebody else is asked, and hears the words."""
    assert await transcribe(LOUD, NOTHING, HELLO) == ("hello", ["a bad_output", "b ok"])
    assert await transcribe(LOUD, Transcript(" \n"), HELLO) == ("hello", ["a bad_output", "b ok"])


async def test_an_empty_transcript_of_silence() -> None:
    """Nothing was said, so no text is right."""
    assert await transcribe(SILENCE, NOTHING) == ("", ["a ok"])


async def test_words_are_not_doubted() -> None:
    """Only an empty text is held against the recording: whisper hears words in silence, and so it may."""
    assert await transcribe(SILENCE, HELLO) == ("hello", ["a ok"])
    assert await transcribe(Inline(b"not even sound", "audio/wav"), HELLO) == ("hello", ["a ok"])


async def test_two_who_hear_nothing() -> None:
    """Nobody is asked twice: when all who can be asked hear nothing, that is an error, not a text."""
    with pytest.raises(Exhausted, match=re.escape("(a: bad_output, b: bad_output, c: bad_output)")) as caught:
        await transcribe(LOUD, NOTHING, NOTHING, NOTHING)
    assert caught.value.status == BadOutput.status
