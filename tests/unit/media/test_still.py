import io
import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from router.contract import AudioFormat, Inline, Invalid
from router.media import Mp4Writer, Workers, probe, still
from tests.unit.media.sounds import encoded, picture, saved

pytestmark = pytest.mark.asyncio(loop_scope="module")

RED = (255, 0, 0)


def striped(codec: str, pix_fmt: str) -> bytes:
    """A black picture, 80 by 40, whose left quarter is red."""
    pixels = np.zeros((40, 80, 3), np.uint8)
    pixels[:, :20] = RED
    context = av.CodecContext.create(codec, "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height, context.pix_fmt, context.framerate = 80, 40, pix_fmt, Fraction(25)
    frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format=pix_fmt)
    return b"".join(bytes(packet) for packet in [*context.encode(frame), *context.encode(None)])


def turned(jpeg: bytes, orientation: int) -> bytes:
    """Note in a JPEG's EXIF block how the camera was held."""
    entry = struct.pack(">HHIHH", 0x112, 3, 1, orientation, 0)
    block = b"Exif\0\0MM\0*" + struct.pack(">IH", 8, 1) + entry + bytes(4)
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block + jpeg[2:]


def shown(film: Inline) -> tuple[list[float], list[NDArray[np.uint8]]]:
    """Each frame's time, and the first frame and the last."""
    with av.open(io.BytesIO(film.data), "r") as container:
        frames = list(container.decode(video=0))
    ends = [frames[at].to_ndarray(format="rgb24").astype(np.uint8) for at in (0, -1)]
    return [frame.time for frame in frames], ends


@pytest.mark.parametrize(("codec", "pix_fmt"), [("png", "rgb24"), ("mjpeg", "yuvj420p")])
async def test_shows_the_picture(pool: Workers, codec: str, pix_fmt: str) -> None:
    """Past the frames that are really encoded, too, the film shows the picture in its own colours, at 25 a second."""
    film = await still(pool, striped(codec, pix_fmt), 12.0)
    times, ends = shown(film)
    assert (film.media_type, film.seconds) == ("video/mp4", 12.0)
    assert times == pytest.approx([number / 25 for number in range(300)])
    for pixels in ends:
        assert pixels[20, 8] == pytest.approx(RED, abs=25)
        assert pixels[20, 60] == pytest.approx((0, 0, 0), abs=12)


async def test_is_a_film_to_others(pool: Workers, tmp_path: Path) -> None:
    """It is H.264 in MP4, from a file as from bytes, and probes as long as it says."""
    film = await still(pool, saved(tmp_path / "face.txt", picture("libwebp", 96, 64)), 1.03)
    found = await probe(pool, film.data)
    assert (found.kind, found.media_type, found.width, found.height) == ("video", "video/mp4", 96, 64)
    assert found.seconds == pytest.approx(film.seconds, abs=0.001) == pytest.approx(1.04)
    with av.open(io.BytesIO(film.data), "r") as container:
        codec = container.streams.video[0].codec_context
        assert (codec.name, codec.pix_fmt, len(container.streams)) == ("h264", "yuv420p", 1)


@pytest.mark.parametrize(
    ("size", "expected"),
    [((97, 63), (96, 64)), ((2000, 1500), (1280, 960)), ((64, 5000), (16, 1280)), ((1, 1), (2, 2))],
)
async def test_sides(pool: Workers, size: tuple[int, int], expected: tuple[int, int]) -> None:
    """Both sides are even, the longer at most 1280, the shape kept; the shortest film has one frame."""
    film = await still(pool, picture("png", *size), 0.001)
    found = await probe(pool, film.data)
    assert (found.width, found.height, film.seconds) == (*expected, 0.04)


@pytest.mark.parametrize(("orientation", "place"), [(1, (20, 5)), (3, (20, 75)), (6, (5, 20)), (8, (75, 20))])
async def test_upright(pool: Workers, orientation: int, place: tuple[int, int]) -> None:
    """A picture from a camera that was held sideways is turned upright: the red edge is where a viewer sees it."""
    _, (first, _) = shown(await still(pool, turned(striped("mjpeg", "yuvj420p"), orientation), 0.1))
    assert first[place] == pytest.approx(RED, abs=25)


async def test_costs_little(pool: Workers) -> None:
    """Of five minutes only the first ten seconds are encoded; after that the packets repeat."""
    film = await still(pool, striped("png", "rgb24"), 300.0)
    with av.open(io.BytesIO(film.data), "r") as container:
        packets = [bytes(packet) for packet in container.demux(video=0) if packet.size]
    assert len(packets) == 7500
    assert packets[250:] == packets[:-250]


@pytest.mark.parametrize("body", [b"", b"no picture at all\n" * 50, encoded(AudioFormat.WAV, 0.5), bytes(5000)])
async def test_no_picture(pool: Workers, body: bytes) -> None:
    """Text, sound and noise are Invalid."""
    with pytest.raises(Invalid):
        await still(pool, body, 1.0)


async def test_film_is_no_picture(pool: Workers) -> None:
    """A film needs no film made of it, and a picture cut short gives none."""
    writer = Mp4Writer(64, 48, 24_000)
    film = writer.picture(np.zeros((72, 64), np.uint8)) + writer.close()
    for body in (film, picture("png", 96, 64)[:60]):
        with pytest.raises(Invalid):
            await still(pool, body, 1.0)
