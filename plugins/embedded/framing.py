"""How a picture is cut to the size of the video: around the face, never stretched, never with a border."""

import cv2
import numpy as np

from plugins.embedded.face import Box
from plugins.embedded.picture import Image

FACE_SHARE = 0.42
"""How much of the video's shorter side the face's box takes, where the picture has room around it."""
LEAST_ROOM = 1.08
"""The window is at least this many face boxes wide and high, even if the picture has to be mirrored at its edge."""
CENTRE = 0.58
"""The height within the face's box that comes to the middle of the video."""


def frame(picture: Image, face: Box, size: tuple[int, int]) -> tuple[Image, Box]:
    """Cut a window of `size`'s proportions around the face and scale it: the still and the face's box in it."""
    width, height = size
    left, top, across, down = face
    scale = _scale(picture, across, size)
    window = width / scale, height / scale
    x = _slide(left + across / 2 - window[0] / 2, window[0], picture.shape[1])
    y = _slide(top + down * CENTRE - window[1] / 2, window[1], picture.shape[0])
    cut = _cut(picture, round(x), round(y), (max(1, round(window[0])), max(1, round(window[1]))))
    shrinks = cut.shape[1] > width
    still = cv2.resize(cut, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)
    return np.asarray(still, np.uint8), ((left - x) * scale, (top - y) * scale, across * scale, down * scale)


def _scale(picture: Image, face: float, size: tuple[int, int]) -> float:
    """Return video pixels per picture pixel: as wide a view as FACE_SHARE asks for and the picture has."""
    wanted = FACE_SHARE * min(size) / face
    height, width = picture.shape[:2]
    covering: float = max(size[0] / width, size[1] / height)
    return min(max(wanted, covering), min(size) / (LEAST_ROOM * face))


def _slide(start: float, length: float, available: int) -> float:
    """Move a window that sticks out back into the picture; one longer than the picture is centred on it."""
    return min(max(start, 0.0), available - length) if length <= available else (available - length) / 2


def _cut(picture: Image, x: int, y: int, window: tuple[int, int]) -> Image:
    width, height = window
    missing = max(-y, 0), max(y + height - picture.shape[0], 0), max(-x, 0), max(x + width - picture.shape[1], 0)
    inside = picture[max(y, 0) : y + height, max(x, 0) : x + width]
    return (
        np.asarray(cv2.copyMakeBorder(inside, *missing, cv2.BORDER_REFLECT_101), np.uint8) if any(missing) else inside
    )
