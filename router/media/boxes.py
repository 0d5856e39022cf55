"""Top-level boxes of an MP4 (ISO/IEC 14496-12, 4.2), counted as they pass: a film may only end between two of them."""

import struct
from typing import Final

from router.media.lasting import HEADERS, Lasting

TO_THE_END = 0
LONG = 1
HEADER: Final = struct.Struct(">I4s")
LONG_SIZE: Final = struct.Struct(">Q")
SHORT: Final = HEADER.size
LONGER: Final = SHORT + LONG_SIZE.size
"""Bytes that a box begins with: its size and kind, and where that size is `LONG` the real one."""
MOST: Final = 4 * 1024 * 1024
"""Bytes of a box of headers that is read: a minute's film has a hundredth of it."""


class FilmMeter:
    """Follows the boxes of a passing film."""

    def __init__(self) -> None:
        self._left = b""
        self._due = 0
        self._skip = 0
        self._open_ended = False
        self._lasting = Lasting()

    @property
    def seconds(self) -> float:
        """How long the film is, as far as its headers have passed; 0 where they do not tell."""
        return self._lasting.seconds

    @property
    def missing(self) -> int:
        """The bytes that must still come; at least that many if the film stops within a box's header."""
        return max(self._due - len(self._left), 1) if self._left else self._skip

    def feed(self, chunk: bytes) -> None:
        """Hop from box to box; one of headers is read once all of it is there."""
        if self._open_ended:
            return
        view = self._left + chunk if self._left else chunk
        at, end = self._skip, len(view)
        self._due = 0
        while (head := head_at(view, at)) is not None:
            kind, begin, size = head
            if size == TO_THE_END:
                self._open_ended, at = True, end
            elif kind not in HEADERS or size > MOST:
                at += size
            elif at + size <= end:
                self._lasting.read(kind, view[at + begin : at + size])
                at += size
            else:
                self._due = size
                break
        self._left = view[at:]
        self._skip = max(at - end, 0)


def head_at(view: bytes, at: int) -> tuple[bytes, int, int] | None:
    """Return a box's kind, and how long its header and the whole of it are; None if that takes more bytes to tell."""
    there = len(view) - at
    if there < SHORT:
        return None
    size, kind = HEADER.unpack_from(view, at)
    if size != LONG:
        return kind, SHORT, size and max(size, SHORT)
    if there < LONGER:
        return None
    (size,) = LONG_SIZE.unpack_from(view, at + SHORT)
    return kind, LONGER, size and max(size, LONGER)
