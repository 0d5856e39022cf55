"""How long an MP4 lasts, read off its headers (ISO/IEC 14496-12): a whole one says it in `moov`, a fragmented one bit by bit."""

import struct
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

HEADERS: Final = frozenset({b"moov", b"moof"})
"""The boxes that are read."""
PICTURE: Final = b"vide"
"""The handler of a track of pictures."""
UNKNOWN: Final = frozenset({0xFFFF_FFFF, 0xFFFF_FFFF_FFFF_FFFF})
"""What headers say of a length that nobody knows."""
DURATION_EACH, SIZE_EACH, FLAGS_EACH, OFFSET_EACH = 0x100, 0x200, 0x400, 0x800
"""Flags of a `trun`: what it says of each sample, four bytes at a time."""
BEFORE_SAMPLES: Final = (0x1, 0x4)
"""Flags of a `trun`: what stands before its samples, four bytes each."""
BEFORE_DURATION: Final = {0x1: 8, 0x2: 4}
"""Flags of a `tfhd`: what stands before its default duration, in bytes."""
DEFAULT_DURATION: Final = 0x8


class Lasting:
    """Adds up what the headers of one film say. Headers that make no sense add nothing.

    `seconds` is how long its pictures are shown, as far as the film has passed.
    """

    def __init__(self) -> None:
        self._scales: dict[int, int] = {}
        self._usual: dict[int, int] = {}
        self._shown: dict[int, int] = {}
        self.seconds = 0.0

    def read(self, kind: bytes, content: bytes) -> None:
        """Take in a box of one of the `HEADERS`, without its own header."""
        with suppress(struct.error):
            if kind == b"moov":
                self._movie(content)
            else:
                for track in found(content, b"traf"):
                    self._fragment(track)
        tracks = (self._shown[track] / scale for track, scale in self._scales.items() if scale)
        self.seconds = max(tracks, default=0.0)

    def _movie(self, content: bytes) -> None:
        for track in found(content, b"trak"):
            for media in found(track, b"mdia"):
                if b"".join(found(media, b"hdlr"))[8:12] == PICTURE:
                    self._picture(b"".join(found(track, b"tkhd")), b"".join(found(media, b"mdhd")))
        for extends in found(content, b"mvex"):
            for usual in found(extends, b"trex"):
                number, _, each = struct.unpack_from(">3I", usual, 4)
                self._usual[number] = each

    def _picture(self, header: bytes, media: bytes) -> None:
        (number,) = struct.unpack_from(">I", header, 20 if header[:1] == b"\1" else 12)
        scale, length = (
            struct.unpack_from(">IQ", media, 20) if media[:1] == b"\1" else struct.unpack_from(">2I", media, 12)
        )
        self._scales[number] = scale
        self._shown[number] = 0 if length in UNKNOWN else length

    def _fragment(self, content: bytes) -> None:
        header = b"".join(found(content, b"tfhd"))
        flags, number = struct.unpack_from(">2I", header)
        usual = self._usual.get(number, 0)
        if flags & DEFAULT_DURATION:
            at = 8 + sum(size for flag, size in BEFORE_DURATION.items() if flags & flag)
            (usual,) = struct.unpack_from(">I", header, at)
        length = sum(run_length(run, usual) for run in found(content, b"trun"))
        self._shown[number] = self._shown.get(number, 0) + length


def run_length(run: bytes, usual: int) -> int:
    """Return how long the samples of a `trun` last together, each `usual` unless it says so itself."""
    flags, count = struct.unpack_from(">2I", run)
    if not flags & DURATION_EACH:
        return int(count) * usual
    at = 8 + 4 * sum(bool(flags & flag) for flag in BEFORE_SAMPLES)
    words = sum(bool(flags & flag) for flag in (DURATION_EACH, SIZE_EACH, FLAGS_EACH, OFFSET_EACH))
    return sum(struct.unpack_from(f">{min(count * words, (len(run) - at) // 4)}I", run, at)[::words])


def found(content: bytes, kind: bytes) -> Iterator[bytes]:
    """Yield what boxes of a kind hold that are within another."""
    at = 0
    while at + 8 <= len(content):
        size, name = struct.unpack_from(">I4s", content, at)
        if size < 8:
            return
        if name == kind:
            yield content[at + 8 : at + size]
        at += size
