from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.media.join import BREATH, FADE, Frames, Joiner
from router.testing.media import RATE, tone

LOUD = np.full(RATE // 10, 20_000, "<i2").tobytes()


def samples(sound: bytes) -> np.ndarray:
    return np.frombuffer(sound, "<i2").astype(int)


def joined(*streams: bytes, rate: int = RATE) -> bytes:
    joiner, sound = Joiner(RATE), b""
    for stream in streams:
        sound += joiner.begin(rate, 1) + joiner.feed(stream) + joiner.end()
    return sound


def test_one_stream_is_as_long_as_it_was() -> None:
    """Alone, a stream keeps every sample, and only its last hundredth of a second falls to silence."""
    sound = joined(tone(0.5))
    fade = round(FADE * RATE)
    assert len(sound) == len(tone(0.5))
    assert sound[: -2 * fade] == tone(0.5)[: -2 * fade]
    assert samples(sound)[-1] == 0


def test_two_streams_have_a_breath_between_them() -> None:
    """Two streams are as long as both and the silence that keeps them apart."""
    sound = samples(joined(LOUD, LOUD))
    breath = round(BREATH * RATE)
    assert sound.size == 2 * len(LOUD) // 2 + breath
    assert not sound[len(LOUD) // 2 :][:breath].any()


def test_nothing_clicks_where_they_meet() -> None:
    """From full sound to silence and back the largest step is what the fade allows, not a jump."""
    steps = np.abs(np.diff(samples(joined(LOUD, LOUD))))
    assert steps.max() <= 20_000 / round(FADE * RATE) + 2


def test_rates_become_one() -> None:
    """A stream at another rate is resampled: it lasts as long as before, and its pitch stays."""
    sound = samples(joined(tone(1.0), rate=RATE // 2))
    assert sound.size == pytest.approx(2 * RATE, rel=0.01)


def test_stereo_becomes_mono() -> None:
    """Both channels are heard in the one."""
    assert Frames(2).feed(np.array([[100, 300], [-4, 4]], "<i2").tobytes()).tolist() == [200, 0]


@given(st.lists(st.integers(0, 700), max_size=20))
def test_it_does_not_matter_where_chunks_are_cut(cuts: list[int]) -> None:
    """Whatever the chunks, mid-sample or empty, the same sound comes out."""
    sound = tone(0.05)
    at = sorted({0, *(min(cut * 4 + 1, len(sound)) for cut in cuts), len(sound)})
    joiner = Joiner(RATE)
    got = joiner.begin(RATE, 1)
    for begin, end in pairwise(at):
        got += joiner.feed(sound[begin:end])
    assert got + joiner.end() == joined(sound)


def test_a_stream_cut_mid_sample_loses_that_half() -> None:
    """Half a sample is no sound."""
    assert len(joined(tone(0.1)[:-1])) == len(tone(0.1)) - 2


def test_a_stream_shorter_than_the_fade_is_all_kept() -> None:
    """A stream of a few samples after another one is neither lost nor an error."""
    short = LOUD[:20]
    sound = joined(LOUD, short, LOUD)
    assert len(sound) == 2 * len(LOUD) + len(short) + 4 * round(BREATH * RATE)
