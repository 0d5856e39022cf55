import numpy as np
import pytest
from numpy.typing import NDArray

from plugins.embedded.speech import speak
from router.media.resample import Resampler
from router.media.vad import Edge, SpeechDetector

RATE = 24_000
NOISE = np.random.default_rng(1)
SECOND = np.zeros(RATE, np.int16)
ESPEAK = 22_050
Samples = NDArray[np.int16]


@pytest.fixture(scope="module")
def speech() -> Samples:
    pcm = b"".join(speak("How many people live here?", "en-us+edward", 175))
    return Resampler(ESPEAK, RATE).feed(np.frombuffer(pcm, np.int16))


def noise(decibels: float, seconds: float = 3.0) -> Samples:
    return NOISE.normal(0, 32768 * 10 ** (decibels / 20), int(seconds * RATE)).astype(np.int16)


def edges(sound: Samples, piece: int = 2400, threshold: float = 0.5, silence: float = 0.5) -> list[Edge]:
    detector = SpeechDetector(RATE, threshold, silence)
    return [edge for at in range(0, sound.size, piece) for edge in detector.feed(sound[at : at + piece].tobytes())]


def test_a_question(speech: Samples) -> None:
    """It begins where speech does and ends once the silence after it has lasted."""
    began, ended = edges(np.concatenate((SECOND, speech, SECOND)))
    length = speech.size / RATE

    assert (began.speaking, ended.speaking) == (True, False)
    assert began.at == pytest.approx(1.0, abs=0.15)
    assert ended.at == pytest.approx(1.0 + length + 0.5, abs=0.35)


def test_two_questions(speech: Samples) -> None:
    """The next is found as well; a pause shorter than the silence that ends one is part of it."""
    sound = np.concatenate((SECOND, speech, SECOND, speech, SECOND))

    assert [edge.speaking for edge in edges(sound)] == [True, False, True, False]
    assert [edge.speaking for edge in edges(sound, silence=1.5)] == [True]


@pytest.mark.parametrize("piece", [1, 100, 479, 50_000])
def test_in_pieces_of_any_size(speech: Samples, piece: int) -> None:
    """What is found does not depend on how it came."""
    sound = np.concatenate((SECOND[:9600], speech[: RATE // 2], SECOND[:19_200]))
    assert edges(sound, piece) == edges(sound)


@pytest.mark.parametrize("threshold", [0.0, 0.5, 1.0])
def test_what_is_no_speech(threshold: float) -> None:
    """Silence, noise and clicks begin nothing, at any threshold."""
    clicks = np.where(np.arange(3 * RATE) % 12_000 < 60, 20_000, 0).astype(np.int16)

    for sound in (SECOND, noise(-60), noise(-50), noise(-40), noise(-30), clicks):
        assert not edges(sound, threshold=threshold)


@pytest.mark.parametrize("level", [-60.0, -50.0, -42.0])
def test_a_microphone_that_is_turned_on(level: float) -> None:
    """The noise of a room after perfect silence is no speech."""
    assert not edges(np.concatenate((SECOND, noise(level, 8.0))))


def test_quiet_speech(speech: Samples) -> None:
    """Somebody who speaks 15 dB lower is heard as well."""
    quiet = (np.concatenate((SECOND, speech, SECOND)) * 10 ** (-15 / 20)).astype(np.int16)
    assert [edge.speaking for edge in edges(quiet)] == [True, False]


def test_speech_in_a_noisy_room(speech: Samples) -> None:
    """It is told from the noise."""
    quiet = np.concatenate((SECOND, speech, SECOND))
    loud = np.clip(quiet.astype(np.int32) + noise(-45, quiet.size / RATE)[: quiet.size], -32768, 32767)

    assert [edge.speaking for edge in edges(loud.astype(np.int16))] == [True, False]
