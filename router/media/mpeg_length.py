"""How long an MP3 is by the headers of its frames: at one rate 0.3 ms/MB, at many 6, where FFmpeg's packets take 20 to 40."""

import io
from pathlib import Path
from typing import IO, Final

from router.media.meter import FrameCounter
from router.media.mpeg_frames import MPEG_FRAMES, Frame, mp3_frame

PIECE: Final = 256 * 1024
"""Bytes that are read at a time."""
TAG: Final = 128
"""Bytes of an ID3v1 tag, which stands at the end."""
INDEXES: Final = (b"Xing", b"Info", b"VBRI")
"""How an index begins. It stands in the place of sound, in a first frame that is none."""
INDEX_WITHIN: Final = 48
"""Bytes of a frame in which an index begins."""


class Gap(Exception):
    """Something other than a frame between the frames."""


def mp3_seconds(source: bytes | Path) -> float | None:
    """Return how long the frames of an MP3 last; None where it holds something else than frames and tags."""
    with source.open("rb") if isinstance(source, Path) else io.BytesIO(source) as file:
        counter = FrameCounter(framed, MPEG_FRAMES)
        try:
            left = sound_end(file)
            index = index_seconds(file)
            while piece := file.read(min(left, PIECE)):
                left -= len(piece)
                counter.feed(piece)
        except Gap:
            return None
    return counter.seconds - index


def framed(view: bytes, at: int) -> Frame:
    """Read the header at `at`. Raises `Gap`."""
    found = mp3_frame(view, at)
    if found is None:
        raise Gap
    return found


def sound_end(file: IO[bytes]) -> int:
    """Return where the frames end."""
    end = file.seek(0, io.SEEK_END)
    file.seek(max(end - TAG, 0))
    return max(end - TAG, 0) if file.read(3) == b"TAG" else end


def index_seconds(file: IO[bytes]) -> float:
    """Return how long the first frame claims to last if it is an index, and go back to the beginning. Raises `Gap`."""
    at, seconds, head = 0, 0.0, b""
    while not seconds:
        file.seek(at)
        head = file.read(INDEX_WITHIN)
        if len(head) < INDEX_WITHIN:
            raise Gap
        length, seconds = framed(head, 0)
        at += length
    file.seek(0)
    return seconds if any(name in head for name in INDEXES) else 0.0
