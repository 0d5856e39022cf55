"""Top-level boxes of an MP4 (ISO/IEC 14496-12, 4.2), counted as they pass: a film may only end between two of them."""

import struct

TO_THE_END = 0
LONG = 1


class FilmMeter:
    """Follows the boxes of a passing film."""

    def __init__(self) -> None:
        self._head = b""
        self._left = 0
        self._open_ended = False

    @property
    def missing(self) -> int:
        """The bytes that must still come; at least that many if the film stops within a box's header."""
        return 0 if self._open_ended else self._left + bool(self._head)

    def feed(self, chunk: bytes) -> None:
        """Look at the next bytes of the film."""
        at = min(self._left, len(chunk))
        self._left -= at
        while at < len(chunk) and not self._open_ended:
            head = self._head + chunk[at : at + 16 - len(self._head)]
            size = box_size(head)
            if size is None:
                self._head = head
                return
            if size == TO_THE_END:
                self._open_ended = True
                return
            rest = max(size, 8) - len(self._head)
            self._head = b""
            self._left = max(rest - (len(chunk) - at), 0)
            at += rest


def box_size(head: bytes) -> int | None:
    """Return how long the box is that begins so, its header included; None if that takes more bytes to tell."""
    if len(head) < 8:
        return None
    (size,) = struct.unpack_from(">I", head)
    if size != LONG:
        return int(size)
    return int(struct.unpack_from(">Q", head, 8)[0]) if len(head) >= 16 else None
