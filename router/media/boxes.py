"""Top-level boxes of an MP4 (ISO/IEC 14496-12, 4.2), counted as they pass: a film may only end between two of them."""

import struct
from typing import Final

from router.media.lasting import HEADERS, Lasting

TO_THE_END = 0
LONG = 1
LONG_HEAD: Final = struct.pack(">I", LONG)
MOST: Final = 4 * 1024 * 1024
"""Bytes of a box of headers that is read: a minute's film has a hundredth of it."""


class FilmMeter:
    """Follows the boxes of a passing film."""

    def __init__(self) -> None:
        self._head = b""
        self._left = 0
        self._open_ended = False
        self._kind = b""
        self._kept = b""
        self._lasting = Lasting()

    @property
    def seconds(self) -> float:
        """How long the film is, as far as its headers have passed; 0 where they do not tell."""
        return self._lasting.seconds

    @property
    def missing(self) -> int:
        """The bytes that must still come; at least that many if the film stops within a box's header."""
        return 0 if self._open_ended else self._left + bool(self._head)

    def feed(self, chunk: bytes) -> None:
        """Look at the next bytes of the film."""
        at = self._within(chunk, 0)
        while at < len(chunk) and not self._open_ended:
            head = self._head + chunk[at : at + 16 - len(self._head)]
            size = box_size(head)
            if size is None:
                self._head = head
                return
            if size == TO_THE_END:
                self._open_ended = True
                return
            self._kind = head[4:8] if head[4:8] in HEADERS and size <= MOST else b""
            header = 16 if head[:4] == LONG_HEAD else 8
            at += header - len(self._head)
            self._head = b""
            self._left = max(size, header) - header
            at = self._within(chunk, at)

    def _within(self, chunk: bytes, at: int) -> int:
        """Pass what a chunk holds of the present box from there on; return where that ends."""
        end = min(at + self._left, len(chunk))
        self._left -= end - at
        if self._kind:
            self._kept += chunk[at:end]
            if not self._left:
                self._lasting.read(self._kind, self._kept)
                self._kind = self._kept = b""
        return end


def box_size(head: bytes) -> int | None:
    """Return how long the box is that begins so, its header included; None if that takes more bytes to tell."""
    if len(head) < 8:
        return None
    (size,) = struct.unpack_from(">I", head)
    if size != LONG:
        return int(size)
    return int(struct.unpack_from(">Q", head, 8)[0]) if len(head) >= 16 else None
