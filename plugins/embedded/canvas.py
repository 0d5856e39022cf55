"""A small anti-aliased painter: soft-edged shapes blended on a float picture, coordinates in the unit square."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Colour = tuple[float, float, float]
Points = Sequence[tuple[float, float]]

OVERSAMPLING = 2
SUBPIXEL_BITS = 4
SHARPEST_BLUR = 0.3
WIDEST_BLUR = 3.0


def curve(points: Points, *, closed: bool, steps: int = 16) -> NDArray[np.float64]:
    """Run a Catmull-Rom spline through the points: (n, 2), so that a few of them describe a rounded shape."""
    knots = np.asarray(points, np.float64)
    ends = (knots[-1:], knots[:2]) if closed else (knots[:1], knots[-1:])
    knots = np.concatenate((ends[0], knots, ends[1]))
    before, here, there, after = knots[:-3, None], knots[1:-2, None], knots[2:-1, None], knots[3:, None]
    t = np.linspace(0, 1, steps, endpoint=False)[None, :, None]
    path = here + 0.5 * t * (
        there - before + t * (2 * before - 5 * here + 4 * there - after + t * (3 * (here - there) + after - before))
    )
    return np.concatenate((path.reshape(-1, 2), knots[-2:-1]))


def mirrored(points: Points) -> list[tuple[float, float]]:
    """Return the points as a mirror in the vertical line x = 0.5 shows them."""
    return [(1 - x, y) for x, y in points]


def oval(x: float, y: float, width: float, height: float) -> NDArray[np.float64]:
    """Outline an ellipse by its centre and half axes."""
    angle = np.linspace(0, 2 * np.pi, 96, endpoint=False)
    return np.stack((x + width * np.cos(angle), y + height * np.sin(angle)), axis=1)


def ribbon(path: NDArray[np.float64], width: float, taper: float = 1.0) -> NDArray[np.float64]:
    """Outline a brush stroke along the path, thinning by `taper` (0 to 1) towards both ends."""
    along = np.linspace(-1, 1, len(path))[:, None]
    tangent = np.gradient(path, axis=0)
    normal = np.stack((-tangent[:, 1], tangent[:, 0]), axis=1) / (np.linalg.norm(tangent, axis=1)[:, None] + 1e-9)
    side = normal * width / 2 * (1 - taper * np.abs(along) ** 2.5)
    return np.concatenate((path + side, (path - side)[::-1]))


class Canvas:
    """A square RGB picture being painted at twice its final size, float32, 0 to 255."""

    def __init__(self, size: int, colour: Colour) -> None:
        self.side = size * OVERSAMPLING
        self.size = size
        self.pixels = np.full((self.side, self.side, 3), colour, np.float32)

    def mask(self, outline: NDArray[np.float64], soft: float = 0.0) -> NDArray[np.float32]:
        """Cover the outline's inside: (side, side), 0 to 1, its edge blurred over about `soft` of the picture."""
        blur = soft * self.side
        shrink = max(1, int(blur / WIDEST_BLUR))  # a wide blur has no detail to lose: made small, it is made fast
        side = self.side // shrink
        cover = np.zeros((side, side), np.uint8)
        cv2.fillPoly(
            cover, [np.rint(outline * side * 2**SUBPIXEL_BITS).astype(np.int32)], (255,), cv2.LINE_AA, SUBPIXEL_BITS
        )
        if blur > SHARPEST_BLUR:
            cover = cv2.GaussianBlur(cover, (0, 0), blur / shrink).astype(np.uint8, copy=False)
        return np.asarray(cv2.resize(cover, (self.side, self.side)) / np.float32(255), np.float32)

    def fill(
        self,
        outline: NDArray[np.float64],
        colour: Colour,
        *,
        soft: float = 0.0,
        opacity: float = 1.0,
        within: NDArray[np.float32] | None = None,
    ) -> None:
        """Blend a colour over the outline's inside, and only where `within` covers."""
        self.blend(self.mask(outline, soft) * opacity, colour, within)

    def blend(self, cover: NDArray[np.float32], colour: Colour, within: NDArray[np.float32] | None = None) -> None:
        """Mix a colour in by how much of each pixel is covered."""
        rows, columns = np.flatnonzero(cover.any(1)), np.flatnonzero(cover.any(0))
        if not len(rows):
            return
        box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        share = cover[box] if within is None else cover[box] * within[box]
        self.pixels[box] += (np.asarray(colour, np.float32) - self.pixels[box]) * share[..., None]

    def picture(self) -> NDArray[np.uint8]:
        """Return the finished picture, (size, size, 3) RGB."""
        small = cv2.resize(self.pixels, (self.size, self.size), interpolation=cv2.INTER_AREA)
        return np.clip(np.rint(small), 0, 255).astype(np.uint8)
