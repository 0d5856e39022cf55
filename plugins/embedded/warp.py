"""Ways of bending part of a picture, shared by everything that moves in a face."""

from typing import Self

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from plugins.embedded.face import Face, Point
from plugins.embedded.picture import Image

Field = NDArray[np.float32]
"""(height, width), one value per pixel of a patch."""


class Patch(msgspec.Struct, frozen=True):
    """The part of a picture around a landmark, and where its pixels lie in the upright face around that landmark."""

    rows: slice
    columns: slice
    u: Field
    """Pixels to the right of the landmark."""
    v: Field
    """Pixels below it."""
    face: Face
    origin: Point

    @classmethod
    def around(cls, picture: Image, face: Face, origin: Point, reach: tuple[float, float, float, float]) -> Self:
        """Cut a patch that reaches left, up, right and down of `origin` by so many eye distances."""
        height, width = picture.shape[:2]
        left, up, right, down = (share * face.span for share in reach)
        columns = slice(max(int(origin[0] - left), 0), min(int(origin[0] + right), width))
        rows = slice(max(int(origin[1] - up), 0), min(int(origin[1] + down), height))
        x, y = np.meshgrid(
            np.arange(columns.start, columns.stop, dtype=np.float32), np.arange(rows.start, rows.stop, dtype=np.float32)
        )
        u, v = face.upright(x, y, origin)
        return cls(rows, columns, u, v, face, origin)

    def of(self, picture: Image) -> Image:
        """Return the picture's pixels under the patch, as a view."""
        return picture[self.rows, self.columns]

    def bent(self, picture: Image, u: Field, v: Field) -> Image:
        """Return the patch with each pixel fetched from (u, v) in the upright face around the landmark."""
        x, y = self.face.leaning(u, v, self.origin)
        return np.asarray(cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def ramp(value: Field) -> Field:
    """Rise smoothly from 0 where `value` is 0 or less, to 1 where it is 1 or more."""
    clipped = np.clip(value, np.float32(0), np.float32(1))
    return clipped * clipped * (3 - 2 * clipped)


def mixed(under: Image, over: Field, share: Field) -> Image:
    """Lay a float RGB picture over an 8-bit one, by `share` (0 to 1) of each pixel."""
    return np.rint(under + (over - under) * share[..., None]).astype(np.uint8)
