import numpy as np
import pytest

from plugins.embedded.mouth import Shape
from plugins.embedded.picture import Image
from plugins.embedded.rig import Rig, rig_portrait
from router.contract import ContentRefused
from tests.unit.plugins.embedded.stills import on_wall, portrait

REST = Shape(0, 0, 0)
MOUTH = slice(395, 460), slice(270, 370)
FOREHEAD = slice(190, 235), slice(290, 390)
WALL = slice(0, 640), slice(0, 25)


@pytest.fixture(scope="module")
def rig() -> Rig:
    return rig_portrait(portrait(), (640, 640), seconds=6)


def moved(one: Image, other: Image, where: tuple[slice, slice]) -> float:
    return float(np.abs(one[where].astype(float) - other[where]).mean())


@pytest.mark.parametrize(
    "shape", [Shape(0.3, 0, 0), Shape(1, 0, 0), Shape(0.4, 1, 0), Shape(0.4, -1, 0), Shape(0.3, 0, 1)]
)
def test_only_the_mouth_speaks(rig: Rig, shape: Shape) -> None:
    """A mouth that speaks moves far more than the forehead at the same moment, and the background not at all."""
    quiet, speaking = rig.pose(0.2, REST), rig.pose(0.2, shape)
    assert moved(quiet, speaking, MOUTH) > 5
    assert moved(quiet, speaking, FOREHEAD) < 0.2 * moved(quiet, speaking, MOUTH)
    assert (quiet[WALL] == speaking[WALL]).all()


def test_wider_is_darker(rig: Rig) -> None:
    """The further the mouth opens, the more of its dark inside is seen; at rest there is none."""
    insides = [
        int((rig.pose(0.2, Shape(opening, 0, 0))[MOUTH].max(axis=2) < 60).sum()) for opening in (0, 0.25, 0.5, 1)
    ]
    assert insides[0] == 0
    assert insides == sorted(set(insides))


def test_never_quite_still(rig: Rig) -> None:
    """The head moves a little in silence too, in front of a background that does not."""
    first, later = rig.pose(0.0, REST), rig.pose(0.6, REST)
    assert 0.3 < moved(first, later, FOREHEAD) < 12
    assert (first[WALL] == later[WALL]).all()


def test_no_tearing(rig: Rig) -> None:
    """From one frame to the next no pixel of a speaking head jumps, the mouth's own inside apart."""
    before, after = (rig.pose(at / 25, Shape(0.5, 0, 0)).astype(int) for at in (5, 6))
    jump = np.abs(after - before).max(axis=2)
    jump[MOUTH] = 0
    assert jump.max() < 90


def test_the_same_every_time() -> None:
    """The same picture and seed make the same motion; another seed another."""
    one, again, other = (
        rig_portrait(portrait(), (480, 640), seconds=3, seed=seed).pose(1.0, Shape(0.4, 0, 0)) for seed in (1, 1, 2)
    )
    assert (one == again).all()
    assert (one != other).any()


def test_nobody_there() -> None:
    """A picture of a wall cannot be rigged."""
    with pytest.raises(ContentRefused):
        rig_portrait(on_wall(640, 640), (640, 640), seconds=1)
