"""A head that is never quite still: it leans, turns and nods a little, in front of a background that does not move."""

import math
import random

import cv2
import numpy as np

from plugins.embedded.face import Face
from plugins.embedded.picture import Image
from plugins.embedded.warp import Field, Patch, ramp

REACH = (2.6, 3.4, 2.6, 3.2)
NECK = 2.3
"""How far below the eyes the head leans about, in eye distances."""
EDGE = 0.08
"""The share of the picture along each edge within which all motion fades out."""
COARSE = 4
"""Every field here is smooth, so it is computed for one pixel in COARSE x COARSE and scaled up."""
LEAN, TURN, NOD = math.radians(1.1), 0.030, 0.022
"""The lean either way, and how far the nose tip goes sideways and up or down, in eye distances."""


class Sway:
    """The motion of one head; `chance` makes one portrait move unlike another."""

    def __init__(self, still: Image, face: Face, chance: random.Random) -> None:
        self._patch = patch = Patch.around(still, face, face.between_eyes, REACH)
        self._span = face.span
        self._phases = [chance.uniform(0, 2 * math.pi) for _ in range(6)]
        coarse = slice(COARSE // 2, None, COARSE), slice(COARSE // 2, None, COARSE)
        u, v = patch.u[coarse] / np.float32(face.span), patch.v[coarse] / np.float32(face.span)
        held = self._held(still)[coarse]
        self._follows = held * (1 - ramp((np.hypot(u / 1.55, (v - 0.15) / 2.0) - 1) / 0.65))
        self._depth = held * np.exp(-((u / 0.95) ** 2) - ((v - 0.55) / 1.15) ** 2)
        self._lean = u * self._follows * np.float32(face.span), (v - NECK) * self._follows * np.float32(face.span)
        self._x, self._y = np.meshgrid(
            np.arange(patch.columns.start, patch.columns.stop, dtype=np.float32),
            np.arange(patch.rows.start, patch.rows.stop, dtype=np.float32),
        )

    def _held(self, still: Image) -> Field:
        """Fade motion out towards the picture's edges, so that nothing from beyond them is ever needed."""
        height, width = still.shape[:2]
        x = np.arange(self._patch.columns.start, self._patch.columns.stop, dtype=np.float32)
        y = np.arange(self._patch.rows.start, self._patch.rows.stop, dtype=np.float32)
        across = ramp(np.minimum(x, width - 1 - x) / np.float32(EDGE * width))
        down = ramp(np.minimum(y, height - 1 - y) / np.float32(EDGE * height))
        return down[:, None] * across[None]

    def move(self, frame: Image, seconds: float, opening: float) -> None:
        """Bend the head as it is at this time; a wider mouth lowers it a little."""
        a, b, c, d, e, f = self._phases
        lean = LEAN * (0.65 * math.sin(0.9 * seconds + a) + 0.35 * math.sin(2.3 * seconds + b))
        turn = TURN * self._span * (0.7 * math.sin(0.7 * seconds + c) + 0.3 * math.sin(1.9 * seconds + d))
        nod = NOD * self._span * (0.6 * math.sin(1.1 * seconds + e) + 0.4 * math.sin(1.7 * seconds + f) + 0.8 * opening)
        right = self._lean[1] * np.float32(-lean) + (self._follows + self._depth) * np.float32(turn / 2)
        down = self._lean[0] * np.float32(lean) + (self._follows + self._depth) * np.float32(nod / 2)
        x, y = self._x - self._enlarged(right), self._y - self._enlarged(down)
        bent = cv2.remap(frame, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        self._patch.of(frame)[:] = bent

    def _enlarged(self, coarse: Field) -> Field:
        height, width = self._x.shape
        return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
