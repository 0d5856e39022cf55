"""Eyes that blink: skin grown over each eye beforehand is laid down on it like a lid."""

import random
from collections.abc import Sequence

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from plugins.embedded.face import Face, Point
from plugins.embedded.picture import Image
from plugins.embedded.warp import Field, Patch, mixed, ramp

REACH = (0.42, 0.42, 0.42, 0.42)
RIM = 0.045
"""How far lashes and shadow reach beyond the eye's opening, in eye distances."""
LASH = np.array((0.30, 0.24, 0.24), np.float32)
"""What is left of the light where lashes are."""
CLOSING, SHUT, OPENING = 0.08, 0.05, 0.14
"""Seconds each part of a blink takes."""
FIRST, PAUSES = (0.9, 1.7), (2.2, 4.8)
"""Seconds before the first blink, and between one and the next."""


class Eyelids:
    """Both eyes of one face; a face whose eyes were not seen never blinks."""

    def __init__(self, still: Image, face: Face, seconds: float, chance: random.Random) -> None:
        self._eyes = [_Eye(still, face, eye) for eye in (face.left_eye, face.right_eye)] if face.eyes_seen else []
        self._blinks = blinks(seconds, chance)

    def blink(self, frame: Image, seconds: float) -> None:
        """Draw the lids as they are at this time."""
        shut = closure(seconds, self._blinks)
        if shut > 0:
            for eye in self._eyes:
                eye.close(frame, shut)


def closure(seconds: float, blinks: Sequence[float]) -> float:
    """Return how far the lids are down, 0 to 1, given when each blink begins."""
    since = seconds - max((start for start in blinks if start <= seconds), default=-10.0)
    if since < CLOSING:
        return since / CLOSING
    return min(1.0, max(0.0, (CLOSING + SHUT + OPENING - since) / OPENING))


def blinks(seconds: float, chance: random.Random) -> list[float]:
    """Return when blinks begin, the last of them after the clip has ended."""
    starts = [chance.uniform(*FIRST)]
    while starts[-1] < seconds:
        starts.append(starts[-1] + chance.uniform(*PAUSES))
    return starts


class _Opening(msgspec.Struct, frozen=True):
    """What of an upright eye's patch is not skin, in pixels from the landmark."""

    left: float
    right: float
    top: float
    bottom: float


class _Eye:
    def __init__(self, still: Image, face: Face, landmark: Point) -> None:
        self._span = np.float32(face.span)
        self._patch = patch = Patch.around(still, face, landmark, REACH)
        hole = _find_opening(patch, still)
        middle, half_width = (hole.left + hole.right) / 2, (hole.right - hole.left) / 2
        self._arch = np.clip(1 - ((patch.u - np.float32(middle)) / np.float32(half_width)) ** 2, 0, 1)
        corners = np.float32(hole.top + 0.65 * (hole.bottom - hole.top))
        self._top = corners + (np.float32(hole.top) - corners) * np.sqrt(self._arch)
        self._bottom = corners + (np.float32(hole.bottom) - corners) * np.sqrt(self._arch)
        self._rim = np.float32(RIM) * self._span
        beside = np.abs(patch.u - np.float32(middle)) - np.float32(half_width)
        self._inside = 1 - ramp(beside / self._rim - 1)
        self._skin = self._without_eye(patch.of(still))

    def _without_eye(self, picture: Image) -> Field:
        """Grow the skin around the eye over it, lashes included, and shade it as the ball beneath would."""
        v, rim = self._patch.v, self._rim
        eye = (v > self._top - 1.5 * rim) & (v < self._bottom + rim) & (self._inside > 0)
        skin = cv2.inpaint(picture, eye.astype(np.uint8), 0.06 * float(self._span), cv2.INPAINT_TELEA)
        soft = cv2.GaussianBlur(skin, (0, 0), 0.035 * float(self._span)).astype(np.float32)
        height = (v - self._top) / np.maximum(self._bottom - self._top, 1)
        crease = np.exp(-(((height - 0.05) / 0.16) ** 2)) * ramp(self._arch * 3)
        return np.asarray(soft * (1 - np.float32(0.10) * crease)[..., None], np.float32)

    def close(self, frame: Image, shut: float) -> None:
        """Lay skin over the eye from above down to the lid's edge, and the lashes along that edge."""
        patch, v = self._patch, self._patch.v
        edge = self._top + (self._bottom - self._top) * np.float32(shut)
        above = ramp((v - self._top) / self._rim + 2)
        beyond = self._rim * np.float32(shut**3)  # once shut, the lower rim is covered too
        below = ramp((edge + beyond - v) / np.float32(1.5) + np.float32(0.5))
        covered = mixed(patch.of(frame), self._skin, above * below * self._inside)
        lash = np.exp(-(((v - edge) / (np.float32(0.018) * self._span)) ** 2)) * ramp(self._arch * 5)
        patch.of(frame)[:] = mixed(covered, covered * LASH, lash * np.float32(0.9 * min(1.0, 3 * shut)))


def _find_opening(patch: Patch, still: Image) -> _Opening:
    """Measure the eye by what differs from the skin around it, along its middle row and its middle column."""
    span = patch.face.span
    lab = cv2.cvtColor(patch.of(still), cv2.COLOR_RGB2LAB).astype(np.float32)
    around = np.abs(patch.v) > 0.24 * span
    unlike = np.linalg.norm(lab - np.median(lab[around], axis=0), axis=2)
    marked = unlike > max(14.0, float(np.percentile(unlike[around], 70)))
    tall = _extent(marked, patch.v, np.abs(patch.u) < 0.10 * span, span)
    wide = _extent(marked, patch.u, np.abs(patch.v) < 0.05 * span, span)
    return _Opening(
        left=-float(np.clip(-wide[0], 0.20, 0.32)) * span,
        right=float(np.clip(wide[1], 0.20, 0.32)) * span,
        top=-float(np.clip(-tall[0], 0.06, 0.17)) * span,
        bottom=float(np.clip(tall[1], 0.05, 0.17)) * span,
    )


def _extent(marked: NDArray[np.bool_], place: Field, within: NDArray[np.bool_], span: float) -> tuple[float, float]:
    """Walk out from the middle both ways until less than two fifths of a line is marked; in eye distances."""
    steps = np.arange(0, 0.34, 0.01)

    def reach(sign: int) -> float:
        for step in steps:
            line = within & (np.abs(place - sign * step * span) < 0.012 * span)
            if not line.any() or marked[line].mean() < 0.4:
                return float(step)
        return float(steps[-1])

    return -reach(-1), reach(1)
