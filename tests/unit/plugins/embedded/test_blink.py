import random
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.embedded.blink import CLOSING, OPENING, SHUT, Eyelids, blinks, closure
from plugins.embedded.face import Face, find_face, find_features
from plugins.embedded.picture import Image
from tests.unit.plugins.embedded.stills import LEFT_EYE, RIGHT_EYE, portrait

LASTS = CLOSING + SHUT + OPENING


def whites(picture: Image, eye: tuple[float, float]) -> int:
    """How many pixels around an eye are as bright and colourless as its white."""
    x, y = int(eye[0] * 640), int(eye[1] * 640)
    part = picture[y - 20 : y + 20, x - 40 : x + 40].astype(int)
    return int(((part.min(axis=2) > 195) & (np.ptp(part, axis=2) < 30)).sum())


@pytest.mark.parametrize("eye", [LEFT_EYE, RIGHT_EYE])
def test_lids_close_fully(eye: tuple[float, float]) -> None:
    """With the lids down nothing of either eye's white is left, and with the lids up nothing has changed."""
    face = find_features(portrait(), find_face(portrait()))
    lids = Eyelids(portrait(), face, 5, random.Random(1))
    start = blinks(5, random.Random(1))[0]
    assert whites(portrait(), eye) > 300
    shut, after = portrait().copy(), portrait().copy()
    lids.blink(shut, start + CLOSING + SHUT / 2)
    lids.blink(after, start + LASTS)
    assert whites(shut, eye) == 0
    assert (after == portrait()).all()


def test_eyes_not_seen_do_not_blink() -> None:
    """Lids are never drawn where eyes were only assumed."""
    face = Face((263, 292), (377, 292), (320, 416), eyes_seen=False)
    picture = portrait().copy()
    Eyelids(picture, face, 5, random.Random(1)).blink(picture, blinks(5, random.Random(1))[0] + CLOSING)
    assert (picture == portrait()).all()


@pytest.mark.parametrize(
    ("since", "down"),
    [(-1, 0), (0, 0), (CLOSING / 2, 0.5), (CLOSING, 1), (CLOSING + SHUT, 1), (LASTS - OPENING / 2, 0.5), (LASTS, 0)],
)
def test_course_of_a_blink(since: float, down: float) -> None:
    """Lids go down, stay a moment and come up more slowly."""
    assert closure(10 + since, [3, 10]) == pytest.approx(down)


@given(st.floats(0, 60), st.integers())
def test_blinks_are_spread_out(seconds: float, seed: int) -> None:
    """Blinks are seconds apart, cover the whole clip, and are long over before the next."""
    starts = blinks(seconds, random.Random(seed))
    assert starts[-1] >= seconds
    assert all(later - earlier > 2 for earlier, later in pairwise(starts))


@given(st.integers(0, 1000))
def test_every_blink_has_a_frame_of_shut_eyes(at: int) -> None:
    """However a blink falls between the frames of 25 a second, one frame shows the eyes shut."""
    start = at / 1000
    assert max(closure(frame / 25, [start]) for frame in range(60)) == 1
