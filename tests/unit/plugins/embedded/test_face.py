import math

import cv2
import numpy as np
import pytest

from plugins.embedded.face import Face, find_face, find_features
from plugins.embedded.picture import Image
from router.contract import ContentRefused
from tests.unit.plugins.embedded.stills import LEFT_EYE, RIGHT_EYE, on_wall, portrait, scaled


def noise() -> Image:
    return np.random.default_rng(0).integers(0, 256, (500, 500, 3), np.uint8)


def gradient() -> Image:
    return np.repeat(np.tile(np.linspace(0, 255, 500).astype(np.uint8), (400, 1))[..., None], 3, axis=2)


def text() -> Image:
    page = np.full((300, 400, 3), 255, np.uint8)
    for line in range(10):
        words = f"{line} The quick brown fox jumps over the lazy dog"
        cv2.putText(page, words, (10, 30 * line + 20), cv2.FONT_HERSHEY_SIMPLEX, 0.9, (0, 0, 0), 2)
    return page


@pytest.mark.parametrize("picture", [noise(), gradient(), text(), on_wall(300, 200)], ids=["noise", "gradient", "text", "plain"])  # fmt: skip
def test_no_face(picture: Image) -> None:
    """A picture of nobody is refused, and the caller is told what to send instead."""
    with pytest.raises(ContentRefused, match="use a picture of one person looking at the camera") as refused:
        find_face(picture)
    assert (refused.value.code, refused.value.param, refused.value.status) == ("no_face", "ref_image", 422)


@pytest.mark.parametrize(
    ("picture", "left", "top", "side"),
    [
        (portrait(), 0, 0, 640),
        (np.repeat(portrait()[..., :1], 3, axis=2), 0, 0, 640),
        (scaled(portrait(), 64), 0, 0, 64),
        (on_wall(4000, 640, (2500, 0, portrait())), 2500, 0, 640),
        (on_wall(6000, 300, (5000, 0, scaled(portrait(), 300))), 5000, 0, 300),
        (on_wall(1600, 2400, (600, 100, scaled(portrait(), 200))), 600, 100, 200),
        (on_wall(1400, 700, (30, 30, scaled(portrait(), 400)), (600, 30, portrait())), 600, 30, 640),
        (on_wall(1400, 700, (30, 30, portrait()), (900, 200, scaled(portrait(), 400))), 30, 30, 640),
    ],
    ids=["plain", "grey", "tiny", "wide", "very wide", "small in a tall one", "right of two", "left of two"],
)
def test_found(picture: Image, left: int, top: int, side: int) -> None:
    """A face is found in pictures of any shape; of several, the largest."""
    x, y, width, height = find_face(picture)
    eyes = [(left + at[0] * side, top + at[1] * side) for at in (LEFT_EYE, RIGHT_EYE)]
    assert all(x < eye[0] < x + width and y < eye[1] < y + height for eye in eyes)
    assert 0.3 * side < width < 0.7 * side


@pytest.mark.parametrize("degrees", [-18, -8, 0, 8, 18])
def test_tilt(degrees: int) -> None:
    """A head that leans is measured as leaning, to within three degrees."""
    turn = cv2.getRotationMatrix2D((320, 320), -degrees, 1)
    picture = np.asarray(cv2.warpAffine(portrait(), turn, (640, 640), borderMode=cv2.BORDER_REPLICATE), np.uint8)
    face = find_features(picture, find_face(picture))
    assert math.degrees(face.tilt) == pytest.approx(degrees, abs=3)


def test_eyes_hidden() -> None:
    """Behind a black bar the eyes are assumed, not seen."""
    barred = portrait().copy()
    barred[255:330] = 0
    face = find_features(barred, (172, 175, 299, 299))
    assert not face.eyes_seen
    assert face.span == pytest.approx(0.38 * 299)


def test_upright_and_back() -> None:
    """Turning coordinates into the upright face and back leaves them where they were."""
    face = Face((10, 20), (110, 60), (50, 150), eyes_seen=True)
    x, y = np.array([3, 50, 90], np.float32), np.array([7, 150, 20], np.float32)
    u, v = face.upright(x, y, face.mouth)
    assert (u[1], v[1]) == (0, 0)
    assert np.allclose(face.leaning(u, v, face.mouth), (x, y), atol=1e-3)
