"""Small real media, made on the spot: what doubles answer with and sample requests hold."""

import struct
import zlib
from functools import cache
from typing import Final

import numpy as np

from router.contract import AudioFormat, Size
from router.media import Encoder, Mp4Writer

RATE: Final = 24_000
PITCH: Final = 220.0
FRAMES: Final = 5


def tone(seconds: float = 0.2) -> bytes:
    """Return a hum, s16le mono at `RATE`."""
    time = np.arange(round(seconds * RATE)) / RATE
    return (8000 * np.sin(2 * np.pi * PITCH * time)).astype("<i2").tobytes()


@cache
def sound(format: AudioFormat, seconds: float = 0.2) -> bytes:  # noqa: A002 - the field's name everywhere
    """Return a hum in that format."""
    encoder = Encoder(format, RATE, RATE)
    return encoder.feed(tone(seconds)) + encoder.close()


@cache
def film(size: Size = Size.SQUARE) -> bytes:
    """Return a grey fragmented MP4 of a fifth of a second, with a hum."""
    width, height = size.pixels
    writer = Mp4Writer(width, height, RATE)
    grey = np.full((height * 3 // 2, width), 128, np.uint8)
    started = b"".join([writer.picture(grey) for _ in range(FRAMES)])
    return started + writer.sound(tone(FRAMES / 25)) + writer.close()


@cache
def picture(side: int = 64) -> bytes:
    """Return a grey square as a PNG."""
    rows = (b"\0" + b"\x80" * side) * side
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*one) for one in chunks)


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
