"""Pictures and voices the avatar's tests share."""

import functools
import io
import wave

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from plugins.embedded.picture import Image, read_picture
from plugins.embedded.portrait import draw_portrait

RATE = 24_000
LEFT_EYE, RIGHT_EYE, MOUTH = (0.411, 0.457), (0.589, 0.457), (0.500, 0.650)
"""Where the portrait's features are drawn, as shares of its size."""

drawn = functools.cache(draw_portrait)


@functools.cache
def portrait() -> Image:
    """The drawn portrait, decoded; not to be written to."""
    picture = read_picture(drawn())
    picture.flags.writeable = False
    return picture


def encoded(pixels: NDArray[np.uint8] | NDArray[np.uint16], suffix: str = ".png") -> bytes:
    """An RGB, RGBA or grey picture as a file."""
    blue_first = pixels if pixels.ndim == 2 else pixels[..., [2, 1, 0, 3][: pixels.shape[2]]]
    done, data = cv2.imencode(suffix, np.ascontiguousarray(blue_first))
    assert done
    return data.tobytes()


def scaled(picture: Image, side: int) -> Image:
    return np.asarray(cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def on_wall(width: int, height: int, *placed: tuple[int, int, Image]) -> Image:
    """A plain wall with pictures on it, each at its left and top."""
    wall = np.full((height, width, 3), (120, 140, 90), np.uint8)
    for left, top, picture in placed:
        wall[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    return wall


def vowel(seconds: float) -> NDArray[np.int16]:
    """A buzz at 120 Hz with a vowel's formants near 700 and 1200 Hz."""
    t = np.arange(int(seconds * RATE)) / RATE
    pitches = np.arange(1, 30) * 120
    strength = np.exp(-(((pitches - 700) / 150) ** 2)) + 0.6 * np.exp(-(((pitches - 1200) / 200) ** 2)) + 0.02
    tone = (strength[:, None] * np.sin(2 * np.pi * pitches[:, None] * t)).sum(axis=0)
    return np.asarray(tone / np.abs(tone).max() * 12_000, np.int16)


def silence(seconds: float) -> NDArray[np.int16]:
    return np.zeros(int(seconds * RATE), np.int16)


def wav(samples: NDArray[np.int16]) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(RATE)
        writer.writeframes(samples.tobytes())
    return file.getvalue()


def frames(mp4: bytes) -> list[Image]:
    """A video's decoded frames, RGB."""
    with av.open(io.BytesIO(mp4), "r") as container:
        return [np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in container.decode(video=0)]
