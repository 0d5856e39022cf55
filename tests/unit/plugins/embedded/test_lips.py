import cv2
import numpy as np
import pytest

from plugins.embedded.canvas import curve
from plugins.embedded.face import find_face, find_features
from plugins.embedded.lips import Lips, find_lips
from plugins.embedded.picture import Image
from tests.unit.plugins.embedded.stills import portrait


def lips_of(picture: Image) -> Lips:
    return find_lips(picture, find_features(picture, find_face(picture)))


def with_teeth(picture: Image) -> Image:
    """The portrait laughing: a pale bow between the lips, down to 0.672 of the picture."""
    bow = [(0.43, 0.64), (0.5, 0.65), (0.57, 0.64), (0.545, 0.662), (0.5, 0.672), (0.455, 0.662)]
    laughing = picture.copy()
    cv2.fillPoly(laughing, [np.rint(curve(bow, closed=True) * 640).astype(np.int32)], (240, 236, 226))
    return laughing


@pytest.mark.parametrize("colour", [True, False])
def test_closed_lips(colour: bool) -> None:
    """The seam runs along the dark line the portrait draws, between its corners, in colour and without."""
    picture = portrait() if colour else np.repeat(portrait().mean(axis=2, keepdims=True).astype(np.uint8), 3, axis=2)
    lips = lips_of(picture)
    assert not lips.teeth
    assert 0.055 * 640 < lips.half_width < 0.085 * 640
    assert np.abs(lips.middle[1] + lips.seam - 0.648 * 640).max() < 6


def test_open_smile() -> None:
    """Teeth that show stay with the upper lip: the seam is their lower edge."""
    lips = lips_of(with_teeth(portrait()))
    assert lips.teeth
    assert lips.middle[1] + lips.seam[len(lips.seam) // 2] == pytest.approx(0.672 * 640, abs=5)
