"""Where the face is in a picture, and where its eyes and mouth are: Haar cascades, which opencv's wheel ships."""

import functools
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from plugins.embedded.picture import Image
from router.contract import ContentRefused

Point = tuple[float, float]
Box = tuple[float, float, float, float]
"""Left, top, width, height in pixels."""
Grey = NDArray[np.uint8]
"""(height, width)."""

FACES = ("haarcascade_frontalface_alt2.xml", "haarcascade_frontalface_default.xml")

SEARCH_SIDES = (480, 960)
"""The short side a picture is searched at: the second finds the small faces of group and full-length pictures."""
LEVEL = 0.16
"""How far one eye of a pair may be above the other, in widths of the face's box: a head leaning by 22 degrees."""
SEARCH_PIXELS = 1_500_000
"""The most pixels searched at once, which bounds the time spent on a picture of nobody."""


class _Detector(msgspec.Struct, frozen=True):
    """A cascade, by how much it grows from one search to the next, and how many findings make one."""

    cascade: str
    factor: float
    votes: int


EYES = _Detector("haarcascade_eye_tree_eyeglasses.xml", 1.05, 3), _Detector("haarcascade_eye.xml", 1.05, 3)
SMILE = _Detector("haarcascade_smile.xml", 1.1, 8)


class Face(msgspec.Struct, frozen=True):
    """A face's landmarks in pixels, left and right as the viewer sees them."""

    left_eye: Point
    right_eye: Point
    mouth: Point
    eyes_seen: bool
    """Whether the eyes were found, rather than put where eyes usually are."""

    @property
    def span(self) -> float:
        """The distance between the eyes, the unit all other lengths in a face are measured in."""
        return math.dist(self.left_eye, self.right_eye)

    @property
    def tilt(self) -> float:
        """How far the head leans to its right-hand side on the picture, in radians."""
        return math.atan2(self.right_eye[1] - self.left_eye[1], self.right_eye[0] - self.left_eye[0])

    @property
    def between_eyes(self) -> Point:
        """The bridge of the nose."""
        return (self.left_eye[0] + self.right_eye[0]) / 2, (self.left_eye[1] + self.right_eye[1]) / 2

    def upright(
        self, x: NDArray[np.float32], y: NDArray[np.float32], origin: Point
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Turn picture coordinates into those of an upright face around `origin`."""
        cos, sin = np.float32(math.cos(self.tilt)), np.float32(math.sin(self.tilt))
        right, down = x - np.float32(origin[0]), y - np.float32(origin[1])
        return right * cos + down * sin, down * cos - right * sin

    def leaning(
        self, u: NDArray[np.float32], v: NDArray[np.float32], origin: Point
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Turn an upright face's coordinates around `origin` back into those of the picture."""
        cos, sin = np.float32(math.cos(self.tilt)), np.float32(math.sin(self.tilt))
        return u * cos - v * sin + np.float32(origin[0]), u * sin + v * cos + np.float32(origin[1])


def find_face(picture: Image) -> Box:
    """Return the largest face's box, or raise ContentRefused (`no_face`)."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    short = min(grey.shape)
    for side in SEARCH_SIDES if short > SEARCH_SIDES[0] else SEARCH_SIDES[:1]:
        scale = min(side / short, math.sqrt(SEARCH_PIXELS / grey.size))
        shrunk = cv2.resize(
            grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        )
        if boxes := _search(np.asarray(shrunk, np.uint8)):
            left, top, width, height = max(boxes, key=lambda box: box[2] * box[3])
            return left / scale, top / scale, width / scale, height / scale
    raise ContentRefused(
        "no face was found in ref_image: use a picture of one person looking at the camera, evenly lit, "
        "with eyes and mouth uncovered",
        code="no_face",
        param="ref_image",
    )


def _search(grey: Grey) -> list[Box]:
    """Return the boxes one cascade finds and the other, or a pair of eyes, confirms: one alone sees faces in clouds."""
    first, second = (_boxes(_cascade(name).detectMultiScale(grey, 1.1, 4, minSize=(40, 40))) for name in FACES)
    confirmed = [box for box in first if any(_same(box, other) for other in second)]
    return confirmed or [box for box in first + second if _find_eyes(grey, box)]


def _same(box: Box, other: Box) -> bool:
    near = 0.3 * box[2]
    return abs(box[0] - other[0]) < near and abs(box[1] - other[1]) < near and abs(box[2] - other[2]) < near


def find_features(picture: Image, box: Box) -> Face:
    """Find eyes and mouth inside a face's box; where a cascade sees nothing, put them where they usually are."""
    grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)
    eyes = _find_eyes(grey, box)
    left, right = eyes or _usual_eyes(box)
    face = Face(left, right, (0.0, 0.0), eyes is not None)
    return Face(left, right, _find_mouth(grey, box, face), face.eyes_seen)


def _usual_eyes(box: Box) -> tuple[Point, Point]:
    left, top, width, height = box
    return (left + 0.31 * width, top + 0.39 * height), (left + 0.69 * width, top + 0.39 * height)


def _find_eyes(grey: Grey, box: Box) -> tuple[Point, Point] | None:
    """Take the pair of detections nearest to where eyes usually are, if they are level enough to be a pair."""
    left, top, width, height = box
    smallest = max(12, int(width / 8))
    for detector in EYES:
        found = _centres(grey, (left, top, width, height * 0.6), detector, (smallest, smallest))
        pair = [_nearest(found, usual, (0.16 * width, 0.18 * height)) for usual in _usual_eyes(box)]
        if pair[0] and pair[1] and abs(pair[0][1] - pair[1][1]) < LEVEL * width:
            return pair[0], pair[1]
    return None


def _find_mouth(grey: Grey, box: Box, face: Face) -> Point:
    """Take the smile nearest to the usual place, 1.1 eye distances below the eyes."""
    left, top, width, height = box
    down = 1.10 * face.span
    x, y = face.between_eyes
    usual = x - down * math.sin(face.tilt), y + down * math.cos(face.tilt)
    below = (left, top + 0.55 * height, width, 0.57 * height)
    found = _centres(grey, below, SMILE, (int(width / 4), int(width / 8)))
    return _nearest(found, usual, (0.30 * face.span, 0.35 * face.span)) or usual


def _centres(grey: Grey, area: Box, detector: _Detector, sizes: tuple[int, int]) -> list[Point]:
    """Run a cascade over part of the picture: the centres of what it finds, in the picture's pixels.

    `sizes` are the width and height below which a finding is not counted.
    """
    left, top = max(int(area[0]), 0), max(int(area[1]), 0)
    part = grey[top : int(area[1] + area[3]), left : int(area[0] + area[2])]
    if part.size == 0:
        return []
    found = _cascade(detector.cascade).detectMultiScale(part, detector.factor, detector.votes, minSize=sizes)
    return [(left + x + width / 2, top + y + height / 2) for x, y, width, height in _boxes(found)]


def _nearest(points: Iterable[Point], usual: Point, reach: tuple[float, float]) -> Point | None:
    near = [p for p in points if abs(p[0] - usual[0]) < reach[0] and abs(p[1] - usual[1]) < reach[1]]
    return min(near, key=lambda point: math.dist(point, usual), default=None)


def _boxes(found: Iterable[Sequence[int]]) -> list[Box]:
    return [(float(x), float(y), float(width), float(height)) for x, y, width, height in found]


@functools.cache
def _cascade(name: str) -> cv2.CascadeClassifier:
    return cv2.CascadeClassifier(str(Path(cv2.__file__).with_name("data") / name))
