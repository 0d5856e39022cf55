"""The avatar job: a still portrait and a voice become a talking head, video as it renders."""

import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from plugins.embedded.mouth import Shape, mouth_track
from plugins.embedded.picture import Image, read_picture
from plugins.embedded.rig import rig_portrait
from router.contract import Invalid
from router.media import Mp4Writer, decode

FPS = 25
SAMPLE_RATE = 24_000
SECONDS_LIMIT = 60.0
PADDING = 1.0
"""Seconds that encoders may have added to a voice of SECONDS_LIMIT."""


def animate(
    _inbox: Iterator[bytes],
    face: bytes | Path,
    voice: bytes | Path,
    size: tuple[int, int],
) -> Iterator[bytes]:
    """Yield a fragmented MP4 of the face in `face` (PNG, JPEG, WebP) speaking `voice` (any audio), bytes as they come.

    25 frames a second of `size` (width, height), as long as the voice to within a frame; on one core.
    Raises ContentRefused (`no_face`), Invalid (`invalid_image_format`, `invalid_audio`, `audio_too_long`).
    """
    cv2.setNumThreads(1)
    encoded = face if isinstance(face, bytes) else face.read_bytes()
    picture = read_picture(encoded)
    sound = _hear(voice)
    rig = rig_portrait(picture, size, seconds=len(sound) / SAMPLE_RATE, seed=zlib.crc32(encoded))
    yield from film(rig.pose, sound, size)


def film(pose: Callable[[float, Shape], Image], sound: NDArray[np.int16], size: tuple[int, int]) -> Iterator[bytes]:
    """Ask for one pose after another, in time with the sound, and yield the MP4 as its fragments close."""
    writer = Mp4Writer(*size, SAMPLE_RATE)
    beat = SAMPLE_RATE // FPS
    for index, shape in enumerate(mouth_track(sound, SAMPLE_RATE, FPS)):
        ready = writer.picture(_planes(pose(index / FPS, shape)))
        ready += writer.sound(sound[index * beat : (index + 1) * beat].tobytes())
        if ready:
            yield ready
    yield writer.close()


def _planes(picture: Image) -> Image:
    """Return a picture as I420, (height * 3 // 2, width); both its sides are even."""
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2YUV_I420), np.uint8)


def _hear(voice: bytes | Path) -> NDArray[np.int16]:
    """Decode the whole voice; it is looked at ahead of the picture, and short."""
    pieces: list[NDArray[np.int16]] = []
    heard = 0
    for piece in decode(voice, SAMPLE_RATE):
        pieces.append(piece)
        heard += len(piece)
        if heard > (SECONDS_LIMIT + PADDING) * SAMPLE_RATE:
            raise Invalid(
                f"a voice to animate may last at most {SECONDS_LIMIT:g} s",
                code="audio_too_long",
                param="input",
                limit=SECONDS_LIMIT,
            )
    if not heard:
        raise Invalid("the voice to animate is empty", code="invalid_audio", param="input")
    return np.concatenate(pieces)
