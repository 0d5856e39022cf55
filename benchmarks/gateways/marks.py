"""Marks in a paced stream: each says when its piece was due, on a clock that all processes of a machine share."""

import struct
from collections.abc import Iterator
from typing import Final

MAGIC: Final = b"\x7fDue at\x7f"
STAMP: Final = struct.Struct("<8sq")
SIZE: Final = STAMP.size


def mark(due: float) -> bytes:
    """Return the mark that ends a piece; `due` is in seconds of the monotonic clock."""
    return STAMP.pack(MAGIC, round(due * 1e9))


class Marks:
    """Finds marks in a stream, however it is cut."""

    def __init__(self) -> None:
        self._left = b""

    def feed(self, chunk: bytes) -> Iterator[float]:
        """Yield when the pieces that end in the next bytes were due."""
        view = self._left + chunk
        begin = 0
        while 0 <= (at := view.find(MAGIC, begin)) <= len(view) - SIZE:
            yield STAMP.unpack_from(view, at)[1] / 1e9
            begin = at + SIZE
        self._left = view[max(begin, len(view) - SIZE + 1) :]
