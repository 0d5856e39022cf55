import numpy as np
import pytest

from plugins.embedded.face import find_face, find_features
from plugins.embedded.jaw import Jaw
from plugins.embedded.lips import Lips, find_lips
from plugins.embedded.mouth import Shape
from plugins.embedded.picture import Image
from tests.unit.plugins.embedded.stills import portrait

UPPER_LIP, LOWER_LIP = slice(404, 412), slice(420, 428)
MIDDLE = slice(300, 340)


def speaking(still: Image, shape: Shape) -> Image:
    face = find_features(still, find_face(still))
    frame = still.copy()
    Jaw(still, face, find_lips(still, face)).speak(frame, shape)
    return frame


@pytest.mark.parametrize("shape", [Shape(0, 0, 0), Shape(0.001, 0, 0), Shape(0, 0, 1), Shape(0, 0.05, 0)])
def test_rest(shape: Shape) -> None:
    """A mouth that is as good as shut is left exactly as the picture has it."""
    assert (speaking(portrait(), shape) == portrait()).all()


def test_lower_lip_and_chin_go_down() -> None:
    """Where the lower lip was there is the mouth's dark inside; the lip is below, and the chin has followed."""
    still, open_ = portrait().astype(int), speaking(portrait(), Shape(1, 0, 0)).astype(int)
    assert open_[LOWER_LIP, MIDDLE].max(axis=2).mean() < 0.5 * still[LOWER_LIP, MIDDLE].max(axis=2).mean()
    dropped = open_[440:452, MIDDLE]
    assert (dropped[..., 0] - dropped[..., 1]).mean() > 60, "lips are red, and skin is less so"
    assert (still[440:452, MIDDLE, 0] - still[440:452, MIDDLE, 1]).mean() < 55


def test_nothing_moves_far_away() -> None:
    """Nose and eyes, and all beyond the jaw, stay as they are while the mouth is wide open."""
    still, open_ = portrait(), speaking(portrait(), Shape(1, 0.5, 0))
    assert np.abs(still[:350].astype(int) - open_[:350]).max() <= 2
    assert (still[:, :150] == open_[:, :150]).all()
    assert (still[600:] == open_[600:]).all()


@pytest.mark.parametrize(("spread", "wider"), [(1, True), (-1, False)])
def test_spread(spread: float, wider: bool) -> None:
    """The corners of a spread mouth are further out than those of a rounded one."""

    def redness(shape: Shape) -> float:
        corner = speaking(portrait(), shape)[400:425, 262:274].astype(int)
        return float((corner[..., 0] - corner[..., 1]).mean())

    assert (redness(Shape(0.4, spread, 0)) > redness(Shape(0.4, 0, 0))) is wider


def test_black_and_white_stays_so() -> None:
    """A picture without colour gets a mouth without colour."""
    grey = np.repeat(portrait().mean(axis=2, keepdims=True).astype(np.uint8), 3, axis=2)
    assert np.ptp(speaking(grey, Shape(1, 0, 0)).astype(int), axis=2).max() <= 1


def test_mouth_beyond_the_edge() -> None:
    """Where the picture ends above the lips, what is left of the face still moves, and nothing is painted."""
    cut = portrait()[:405].copy()
    face = find_features(portrait(), find_face(portrait()))
    frame = cut.copy()
    Jaw(cut, face, Lips((320, 416), 40, np.zeros(80), teeth=False)).speak(frame, Shape(1, 0, 0))
    assert frame[395:, 280:360].max(axis=2).min() > 100
    assert (frame[:340] == cut[:340]).all()
