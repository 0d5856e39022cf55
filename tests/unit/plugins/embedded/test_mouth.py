import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from plugins.embedded.mouth import mouth_track
from tests.unit.plugins.embedded.stills import RATE, silence, vowel

FPS = 25


def hiss(seconds: float) -> NDArray[np.int16]:
    """White noise with all below 4.5 kHz taken out, as in an "s"."""
    noise = np.fft.rfft(np.random.default_rng(0).normal(size=int(seconds * RATE)))
    noise[np.fft.rfftfreq(int(seconds * RATE), 1 / RATE) < 4500] = 0
    return np.asarray(np.fft.irfft(noise) * 4000, np.int16)


def buzz(seconds: float, formants: tuple[int, int]) -> NDArray[np.int16]:
    t = np.arange(int(seconds * RATE)) / RATE
    pitches = np.arange(1, 30) * 120
    strength = sum(np.exp(-(((pitches - formant) / 150) ** 2)) for formant in formants)
    tone = (np.asarray(strength)[:, None] * np.sin(2 * np.pi * pitches[:, None] * t)).sum(axis=0)
    return np.asarray(tone * 4000, np.int16)


def test_opens_with_the_voice() -> None:
    """The mouth is wide open in the middle of each sound and shut in the middle of each pause."""
    track = mouth_track(np.concatenate([vowel(0.4), silence(0.4)] * 3), RATE, FPS)
    openings = [shape.opening for shape in track]
    assert min(openings[5 + 20 * at] for at in range(3)) > 0.5
    assert max(openings[15 + 20 * at] for at in range(3)) == 0


@pytest.mark.parametrize("gain", [0.1, 1.0, 2.5])
def test_quiet_recordings(gain: float) -> None:
    """A quietly recorded voice moves the mouth as far as a loud one."""
    plain, other = (
        mouth_track((np.concatenate((vowel(0.4), silence(0.4))) * factor).astype(np.int16), RATE, FPS)
        for factor in (1, gain)
    )
    assert max(shape.opening for shape in other) == pytest.approx(max(shape.opening for shape in plain), abs=0.03)
    assert other[15].opening == 0


def test_hum_of_a_quiet_room() -> None:
    """Faint noise with no voice in it does not open the mouth."""
    room = np.random.default_rng(0).normal(scale=30, size=RATE).astype(np.int16)
    assert all(shape.opening == 0 and shape.hiss == 0 for shape in mouth_track(room, RATE, FPS))


def test_hiss_closes_the_teeth() -> None:
    """An "s" is made with the teeth nearly together."""
    track = mouth_track(np.concatenate((vowel(0.4), hiss(0.4))), RATE, FPS)
    assert track[15].hiss > 0.8
    assert track[5].hiss < 0.2
    assert track[15].opening < 0.4 * track[5].opening


def test_spread_and_rounded() -> None:
    """An "ee" spreads the lips and an "oo" rounds them."""
    track = mouth_track(np.concatenate((buzz(0.4, (300, 2300)), buzz(0.4, (300, 800)))), RATE, FPS)
    assert track[5].spread > 0.3
    assert track[15].spread < -0.1


@pytest.mark.parametrize(("samples", "count"), [(0, 0), (1, 1), (959, 1), (960, 1), (961, 2), (RATE, 25)])
def test_a_shape_for_every_frame(samples: int, count: int) -> None:
    """There are as many shapes as video frames that begin while the voice lasts."""
    assert len(mouth_track(vowel(1.0)[:samples], RATE, FPS)) == count


@settings(max_examples=25, deadline=None)
@given(arrays(np.int16, st.integers(1, 4000)), st.sampled_from((16_000, 24_000, 48_000)))
def test_any_sound(voice: NDArray[np.int16], rate: int) -> None:
    """Whatever is heard, the shapes stay in their ranges."""
    for shape in mouth_track(voice, rate, FPS):
        assert 0 <= shape.opening <= 1
        assert -1 <= shape.spread <= 1
        assert 0 <= shape.hiss <= 1
