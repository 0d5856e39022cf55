import io
from itertools import pairwise

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from router.media import Mp4Writer
from tests.unit.media.sounds import pieces, tone

WIDTH, HEIGHT, RATE = 160, 120, 24_000
FRAME = RATE // 25 * 2


def frames(count: int) -> list[NDArray[np.uint8]]:
    """A bright square that moves to the right, as I420."""
    made: list[NDArray[np.uint8]] = []
    for number in range(count):
        pixels = np.full((HEIGHT, WIDTH, 3), 40, np.uint8)
        pixels[40:80, number : number + 40] = (250, 120, 30)
        made.append(np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2YUV_I420), np.uint8))
    return made


def written(seconds: float) -> list[bytes]:
    """What comes out at each frame, and last at the close."""
    writer = Mp4Writer(WIDTH, HEIGHT, RATE)
    sounds = pieces(tone(seconds), FRAME)
    out = [
        writer.sound(sound) + writer.picture(pixels) for sound, pixels in zip(sounds, frames(len(sounds)), strict=True)
    ]
    return [*out, writer.close()]


def test_tracks() -> None:
    """The film is H.264 yuv420p at a constant 25 fps beside mono AAC, and both last as long as what was fed."""
    body = b"".join(written(2.0))
    with av.open(io.BytesIO(body), "r") as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.codec_context.name, video.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert (video.width, video.height) == (WIDTH, HEIGHT)
        assert (audio.codec_context.name, audio.rate, audio.channels) == ("aac", RATE, 1)
        times = [frame.time for frame in container.decode(video)]
        assert times == pytest.approx([number / 25 for number in range(50)])
    with av.open(io.BytesIO(body), "r") as container:
        samples = sum(frame.samples for frame in container.decode(audio=0))
        assert samples / RATE == pytest.approx(2.0, abs=0.09)


def test_picture_is_the_one_fed() -> None:
    """Colours come back in the right channels and place."""
    with av.open(io.BytesIO(b"".join(written(1.0))), "r") as container:
        last = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)][-1]
    assert last[60, 44] == pytest.approx([250, 120, 30], abs=25)
    assert last[10, 10] == pytest.approx([40, 40, 40], abs=12)


def test_media_comes_early_and_steadily() -> None:
    """A fragment with both tracks is out within six frames, and one more at least every five."""
    out = written(3.0)
    started = next(number for number, part in enumerate(out) if b"moof" in part)
    assert started < 6
    gaps = [number for number, part in enumerate(out) if b"moof" in part]
    assert max(after - before for before, after in pairwise(gaps)) <= 5


def test_beginning_plays_alone() -> None:
    """What has come by the middle of the film decodes without the rest."""
    out = written(2.0)
    with av.open(io.BytesIO(b"".join(out[:30])), "r") as container:
        assert sum(1 for _ in container.decode(video=0)) >= 15


def test_nothing_fed() -> None:
    """A film without a frame closes without an error."""
    assert isinstance(Mp4Writer(WIDTH, HEIGHT, RATE).close(), bytes)
