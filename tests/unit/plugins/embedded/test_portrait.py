import math

import pytest

from plugins.embedded.face import find_face, find_features
from plugins.embedded.lips import find_lips
from plugins.embedded.picture import dimensions, read_picture
from plugins.embedded.portrait import draw_portrait
from tests.unit.plugins.embedded.stills import LEFT_EYE, MOUTH, RIGHT_EYE, drawn


@pytest.mark.parametrize("size", [200, 640])
def test_a_person_our_own_eyes_recognise(size: int) -> None:
    """At any size the portrait is a square PNG in which eyes and mouth are found where they were drawn."""
    png = drawn(size)
    assert png.startswith(b"\x89PNG")
    assert dimensions(png) == (size, size)
    picture = read_picture(png)
    face = find_features(picture, find_face(picture))
    assert face.eyes_seen
    mouth = find_lips(picture, face).middle
    for found, where in ((face.left_eye, LEFT_EYE), (face.right_eye, RIGHT_EYE), (mouth, MOUTH)):
        assert math.dist(found, (where[0] * size, where[1] * size)) < 0.02 * size


def test_drawn_the_same_every_time() -> None:
    """Nothing in the portrait is left to chance."""
    assert draw_portrait(64) == draw_portrait(64)
