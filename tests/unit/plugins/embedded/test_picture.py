import struct

import numpy as np
import pytest

from plugins.embedded.picture import NEUTRAL, PIXEL_LIMIT, dimensions, read_picture
from router.contract import Invalid
from tests.unit.plugins.embedded.stills import drawn, encoded, portrait

PNG = drawn()
JPEG = encoded(portrait(), ".jpg")
WEBP = encoded(portrait(), ".webp")


def turned(jpeg: bytes, orientation: int) -> bytes:
    """The JPEG with an EXIF segment that says how it is to be turned."""
    tiff = b"II*\0\x08\0\0\0\x01\0" + struct.pack("<HHIHH", 0x0112, 3, 1, orientation, 0) + bytes(4)
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(tiff) + 8) + b"Exif\0\0" + tiff + jpeg[2:]


def claiming(png: bytes, width: int, height: int) -> bytes:
    return png[:16] + struct.pack(">II", width, height) + png[24:]


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
@pytest.mark.parametrize("grey", [False, True])
def test_formats(suffix: str, grey: bool) -> None:
    """PNG, JPEG and WebP, in colour or grey, come out as the RGB that went in."""
    wide = portrait()[:200]
    picture = wide[..., 1] if grey else wide
    data = encoded(picture, suffix)
    assert dimensions(data) == (640, 200)
    read = read_picture(data)
    assert read.dtype == np.uint8
    assert read.shape == (200, 640, 3)
    expected = np.repeat(picture[..., None], 3, axis=2) if grey else picture
    assert np.abs(read.astype(float) - expected).mean() < 3


@pytest.mark.parametrize(("orientation", "quarters"), [(1, 0), (3, 2), (6, 1), (8, 3)])
def test_exif_orientation(orientation: int, quarters: int) -> None:
    """A photograph taken with the camera turned comes out upright."""
    upright = portrait()[:, :400]
    lying = np.ascontiguousarray(np.rot90(upright, quarters))
    read = read_picture(turned(encoded(lying, ".jpg"), orientation))
    assert read.shape == upright.shape
    assert np.abs(read.astype(float) - upright).mean() < 5


@pytest.mark.parametrize("deep", [False, True])
def test_transparency(deep: bool) -> None:
    """What is transparent becomes a neutral grey, half of it half; the hidden colour is gone."""
    alpha = np.zeros((640, 640, 1), np.uint8)
    alpha[200:400], alpha[400:] = 51, 255
    rgba = np.concatenate((portrait(), alpha), axis=2)
    read = read_picture(encoded(rgba.astype(np.uint16) * 257 if deep else rgba)).astype(float)
    assert np.all(read[:200] == NEUTRAL)
    assert np.abs(read[200:400] - (0.8 * NEUTRAL + 0.2 * portrait()[200:400])).max() <= 1
    assert np.abs(read[400:] - portrait()[400:]).max() <= 1


def test_sixteen_bits() -> None:
    """A PNG of 16 bits a channel loses only what cannot be seen."""
    read = read_picture(encoded(portrait().astype(np.uint16) * 257))
    assert np.abs(read.astype(float) - portrait()).max() <= 1


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not a PNG, JPEG or WebP"),
        (b"hello, I am a text file", "not a PNG, JPEG or WebP"),
        (b"GIF89a" + bytes(100), "not a PNG, JPEG or WebP"),
        (encoded(portrait(), ".bmp"), "not a PNG, JPEG or WebP"),
        (PNG[:20], "not a PNG, JPEG or WebP"),
        (JPEG[:12], "not a PNG, JPEG or WebP"),
        (PNG[: len(PNG) // 2], "damaged"),
        (PNG[:5000] + bytes(3000) + PNG[8000:], "damaged"),
        (JPEG[: len(JPEG) // 2], "damaged"),
        (WEBP[:3000], "damaged"),
        (claiming(PNG, 0, 0), "damaged"),
        (claiming(PNG, 30_000, 30_000), f"30000x30000 pixels; at most {PIXEL_LIMIT}"),
    ],
    ids=lambda value: None if isinstance(value, bytes) else value[:30],
)
def test_refused(data: bytes, message: str) -> None:
    """What is no picture, a broken one, or one too large to decode is the caller's to change."""
    with pytest.raises(Invalid, match=message) as refused:
        read_picture(data)
    assert refused.value.code == "invalid_image_format"
    assert refused.value.param == "ref_image"


@pytest.mark.parametrize(
    ("chunk", "size"),
    [
        (b"VP8 " + bytes(10) + struct.pack("<HH", 640 | 1 << 14, 480), (640, 480)),
        (b"VP8L" + bytes(5) + struct.pack("<I", 639 | 479 << 14 | 1 << 28), (640, 480)),
        (b"VP8X" + bytes(8) + (639).to_bytes(3, "little") + (479).to_bytes(3, "little"), (640, 480)),
        (b"ALPH" + bytes(20), None),
    ],
)
def test_webp_headers(chunk: bytes, size: tuple[int, int] | None) -> None:
    """Each of WebP's three headers says its size; a file that begins otherwise is none."""
    assert dimensions(b"RIFF" + bytes(4) + b"WEBP" + chunk) == size
