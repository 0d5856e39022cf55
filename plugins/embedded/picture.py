"""Pictures as callers send them, made into upright 8-bit RGB; whatever else they are is refused."""

import struct
from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from router.contract import Invalid

Image = NDArray[np.uint8]
"""(height, width, 3), RGB."""

PIXEL_LIMIT = 40_000_000
NEUTRAL = 205.0
"""The grey that shows through where a picture is transparent."""

FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
BARE_MARKERS = frozenset({0x01, *range(0xD0, 0xDA)})


def read_picture(data: bytes) -> Image:
    """Decode a PNG, JPEG or WebP: EXIF orientation applied, alpha flattened, 16 bits made 8.

    Raises Invalid (`invalid_image_format`) for anything else, damage, and more than PIXEL_LIMIT pixels,
    the last before it is decoded.
    """
    claimed = dimensions(data)
    if claimed is None:
        raise _invalid("ref_image is not a PNG, JPEG or WebP picture", limit="PNG, JPEG, WEBP")
    width, height = claimed
    if width * height > PIXEL_LIMIT:
        raise _invalid(
            f"ref_image has {width}x{height} pixels; at most {PIXEL_LIMIT} in all can be animated", limit=PIXEL_LIMIT
        )
    try:
        return _decode(np.frombuffer(data, np.uint8), may_have_alpha=not data.startswith(b"\xff\xd8"))
    except cv2.error:
        raise _invalid("ref_image is damaged and cannot be decoded") from None


def dimensions(data: bytes) -> tuple[int, int] | None:
    """Read width and height off a PNG, JPEG or WebP header; None if it is none of them or is cut short."""
    try:
        if data.startswith(b"\x89PNG\r\n\x1a\n"):
            width, height = struct.unpack(">II", data[16:24])
            return width, height
        if data.startswith(b"\xff\xd8\xff"):
            return next(_jpeg_frames(data), None)
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return _webp(data)
    except (struct.error, IndexError):
        return None
    return None


def _jpeg_frames(data: bytes) -> Iterator[tuple[int, int]]:
    """Walk a JPEG's segments for its frame headers (ITU T.81, B.2.2)."""
    at = 2
    while at + 9 < len(data):
        marker = data[at + 1]
        if data[at] != 0xFF or marker == 0xFF or marker in BARE_MARKERS:
            at += 1 if data[at] != 0xFF or marker == 0xFF else 2
            continue
        length, _, height, width = struct.unpack(">HBHH", data[at + 2 : at + 9])
        if marker in FRAME_HEADERS:
            yield width, height
        at += 2 + length


def _webp(data: bytes) -> tuple[int, int] | None:
    """Read a WebP's first chunk: lossy, lossless or extended (RFC 9649, section 2)."""
    chunk = data[12:16]
    if chunk == b"VP8 ":
        width, height = struct.unpack("<HH", data[26:30])
        return width & 0x3FFF, height & 0x3FFF
    if chunk == b"VP8L":
        (packed,) = struct.unpack("<I", data[21:25])
        return (packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1
    if chunk == b"VP8X":
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    return None


def _decode(data: NDArray[np.uint8], *, may_have_alpha: bool) -> Image:
    # IMREAD_COLOR turns by EXIF but drops alpha; IMREAD_UNCHANGED keeps alpha but does not turn.
    if may_have_alpha and (flat := _decode_transparent(data)) is not None:
        return flat
    picture = cv2.imdecode(data, cv2.IMREAD_COLOR_RGB)
    if picture is None:
        raise _invalid("ref_image is damaged and cannot be decoded")
    return np.asarray(picture, np.uint8)


def _decode_transparent(data: NDArray[np.uint8]) -> Image | None:
    """Lay a picture that has an alpha channel on neutral grey; None if it has none."""
    bgra = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    if bgra is None or bgra.ndim != 3 or bgra.shape[2] != 4:
        return None
    full = np.iinfo(np.uint16).max if bgra.dtype == np.uint16 else np.iinfo(np.uint8).max
    shares = bgra.astype(np.float32) / full
    rgb, alpha = shares[..., 2::-1] * 255, shares[..., 3:]
    return np.rint(NEUTRAL + (rgb - NEUTRAL) * alpha).astype(np.uint8)


def _invalid(message: str, limit: int | str | None = None) -> Invalid:
    return Invalid(message, code="invalid_image_format", param="ref_image", limit=limit)
