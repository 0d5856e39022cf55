"""Where the lips part: their middle, their width, and the curve of the seam between them."""

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from plugins.embedded.face import Face, Point
from plugins.embedded.picture import Image

Field = NDArray[np.float32]

WINDOW = (1.5, 0.9)
"""The width and height of the window searched, in eye distances."""
COLOURLESS = 1.0
"""The spread of redness below which a picture counts as black and white."""
STEEPNESS = 0.02
"""What it costs the seam to climb or fall by one pixel per column."""


class Lips(msgspec.Struct, frozen=True):
    """The mouth as it is in the picture: `half_width` and `seam` in pixels, `seam` from its left to its right corner."""

    middle: Point
    half_width: float
    seam: NDArray[np.float64]
    """How far the seam lies below `middle`, in the upright face, at evenly spaced places."""
    teeth: bool
    """Whether teeth show in the picture already."""


class _Window(msgspec.Struct, frozen=True):
    """The mouth turned upright: Lab channels, and each pixel's distance from the middle in eye distances."""

    light: Field
    red: Field
    yellow: Field
    across: Field
    down: Field
    span: float


def find_lips(picture: Image, face: Face) -> Lips:
    """Find the lips around `face.mouth` by their redness, and their seam by its darkness."""
    window = _window(picture, face)
    centre, half_width = _red_patch(window)
    teeth = _teeth(window, centre, half_width)
    columns = np.flatnonzero(teeth.sum(axis=0) > 2)
    shows_teeth = len(columns) > 2 and bool(teeth.sum() > 0.012 * window.span**2)
    cost = _teeth_cost(window, teeth, columns) if shows_teeth else _dark_cost(window, centre[1])
    rows, columns = cost.shape
    first = max(round(columns / 2 + centre[0] - half_width), 0)
    last = min(round(columns / 2 + centre[0] + half_width), columns - 1)
    seam = _smoothed(_cheapest_path(cost[:, first:last])) - rows / 2
    middle = float(np.median(seam))
    u, v = np.array([centre[0]], np.float32), np.array([middle], np.float32)
    x, y = face.leaning(u, v, face.mouth)
    return Lips((float(x[0]), float(y[0])), half_width, seam - middle, shows_teeth)


def _window(picture: Image, face: Face) -> _Window:
    width, height = (int(face.span * share) for share in WINDOW)
    u, v = np.meshgrid(np.arange(width, dtype=np.float32) - width / 2, np.arange(height, dtype=np.float32) - height / 2)
    x, y = face.leaning(u.astype(np.float32), v.astype(np.float32), face.mouth)
    upright = cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    lab = cv2.GaussianBlur(cv2.cvtColor(upright, cv2.COLOR_RGB2LAB), (0, 0), max(1.0, face.span * 0.012))
    light, red, yellow = (np.asarray(channel, np.float32) for channel in cv2.split(lab))
    return _Window(
        light, red, yellow, (u / face.span).astype(np.float32), (v / face.span).astype(np.float32), face.span
    )


def _red_patch(window: _Window) -> tuple[Point, float]:
    """Find the middle and half width of what is redder than its surroundings, or darker in a picture without colour."""
    expected = np.exp(-((window.down / 0.2) ** 2) - (window.across / 0.45) ** 2)
    telling = window.red if window.red.std() > COLOURLESS else -window.light
    redness = (telling - np.median(telling)) / (telling.std() + 1e-3) * expected
    rows, columns = np.nonzero(redness > max(0.6, 0.45 * float(redness.max())))
    if len(rows) <= 30:
        return (0.0, 0.0), 0.5 * window.span
    right = window.across[0, columns] * window.span
    x = float(np.clip(np.median(right), -0.12 * window.span, 0.12 * window.span))
    y = float(np.clip(window.down[rows, 0].mean() * window.span, -0.2 * window.span, 0.2 * window.span))
    half_width = float(np.percentile(np.abs(right - x), 97)) * 1.05
    return (x, y), float(np.clip(half_width, 0.34 * window.span, 0.62 * window.span))


def _teeth(window: _Window, centre: Point, half_width: float) -> NDArray[np.bool_]:
    """Mark the pixels between the corners that are as bright as skin and less coloured."""
    skin = np.exp(-((window.down / 0.2) ** 2) - (window.across / 0.45) ** 2) < 0.35
    light, red, yellow = (float(np.median(channel[skin])) for channel in (window.light, window.red, window.yellow))
    pale = (window.yellow < yellow - 4) & (window.red < red + 1) & (window.light > 0.8 * light)
    beside = np.abs(window.across * window.span - centre[0]) / (0.85 * half_width)
    above = np.abs(window.down - centre[1] / window.span) / 0.16
    return np.asarray(pale & (beside < 1) & (above < 1), np.bool_)


def _dark_cost(window: _Window, y: float) -> Field:
    """Make closed lips' seam cheap: it is dark, and near the middle of the red."""
    return (window.light / 255 + 3 * ((window.down - y / window.span) / 0.28) ** 2).astype(np.float32)


def _teeth_cost(window: _Window, teeth: NDArray[np.bool_], columns: NDArray[np.intp]) -> Field:
    """Make an open smile's seam cheap: it is the lower edge of the teeth, so that they stay with the upper lip."""
    lowest = len(teeth) - 1 - np.argmax(teeth[::-1, columns], axis=0)
    bend = np.polyfit(columns, lowest, 2, w=teeth[:, columns].sum(axis=0))
    edge = np.polyval(bend, np.arange(teeth.shape[1]))
    away = (np.arange(len(teeth))[:, None] - edge[None] - 1) / (0.1 * window.span)
    return (away**2 + 0.2 * window.light / 255).astype(np.float32)


def _cheapest_path(cost: Field) -> NDArray[np.intp]:
    """Run from the left to the right edge, a row up or down per column at most: dynamic programming."""
    total = cost[:, 0].astype(np.float64)
    rows = np.arange(len(cost))
    came_from = np.empty(cost.shape, np.intp)
    for column in range(cost.shape[1]):
        above, below = np.append(np.inf, total[:-1]) + STEEPNESS, np.append(total[1:], np.inf) + STEEPNESS
        choices = np.stack((above, total, below))
        came_from[:, column] = rows + choices.argmin(axis=0) - 1
        total = choices.min(axis=0) + cost[:, column]
    path = np.empty(cost.shape[1], np.intp)
    row = int(total.argmin())
    for column in range(cost.shape[1] - 1, -1, -1):
        path[column] = row
        row = came_from[row, column]
    return path


def _smoothed(path: NDArray[np.intp]) -> NDArray[np.float64]:
    """Fit the path with a curve of degree four, trusting the corners least: a seam has a cupid's bow but no steps."""
    along = np.linspace(-1, 1, len(path))
    return np.polynomial.Polynomial.fit(along, path, 4, w=1.1 - 0.6 * along**2)(along)
