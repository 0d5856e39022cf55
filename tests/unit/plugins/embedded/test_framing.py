import numpy as np
import pytest

from plugins.embedded.face import Box, find_face
from plugins.embedded.framing import frame
from router.contract import Size
from tests.unit.plugins.embedded.stills import on_wall, portrait, scaled

SHAPES = {
    "square": (portrait(), (172.0, 175.0, 299.0, 299.0)),
    "wide": (on_wall(4000, 640, (2500, 0, portrait())), (2672.0, 175.0, 299.0, 299.0)),
    "tall": (on_wall(700, 2400, (30, 100, portrait())), (202.0, 275.0, 299.0, 299.0)),
    "close": (portrait()[170:490, 160:480], (12.0, 5.0, 299.0, 299.0)),
    "tiny": (scaled(portrait(), 64), (17.0, 17.0, 30.0, 30.0)),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("size", list(Size))
def test_cut_to_size(shape: str, size: Size) -> None:
    """Any picture is cut to any of the sizes with the whole face in it and square, so that nothing is stretched."""
    picture, face = SHAPES[shape]
    still, (left, top, width, height) = frame(picture, face, size.pixels)
    assert (still.shape[1], still.shape[0]) == size.pixels
    assert width == pytest.approx(height)
    assert -2 < left < still.shape[1] + 2 - width
    assert -2 < top < still.shape[0] + 2 - height
    assert min(edge.mean() for edge in (still[0], still[-1], still[:, 0], still[:, -1])) > 20, "no black border"


@pytest.mark.parametrize("size", list(Size))
def test_face_is_where_it_is_said_to_be(size: Size) -> None:
    """The box handed on is that of the face in the cut picture, to a tenth of its width."""
    picture, face = SHAPES["wide"]
    still, box = frame(picture, face, size.pixels)
    assert find_face(still) == pytest.approx(box, abs=0.1 * box[2])


@pytest.mark.parametrize("face", [(0, 0, 90, 90), (910, 910, 90, 90), (455, 448, 90, 90)])
def test_window_stays_inside(face: Box) -> None:
    """A face in a corner is cut with what is beside it: left is never right of anything, nor top below."""
    slope = np.linspace(0, 255, 1000).astype(np.uint8)
    picture = np.stack(np.broadcast_arrays(slope[None], slope[:, None], np.uint8(90)), axis=2)
    still, _ = frame(picture, face, (640, 640))
    assert (np.diff(still[..., 0].astype(int), axis=1) >= 0).all()
    assert (np.diff(still[..., 1].astype(int), axis=0) >= 0).all()
