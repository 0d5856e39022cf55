"""Where the log goes: lines stay whole, and a log that cannot be written never stops the work it tells of."""

import io
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from select import PIPE_BUF
from typing import Final, TextIO

BREAK: Final = b"\n"


class Sink:
    """Writes lines, each with its line break, to a stream that several processes may share."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self._torn = False
        self._most: int | None = PIPE_BUF
        if stream is not None:
            with suppress(io.UnsupportedOperation, ValueError):  # there is no descriptor, or none any more
                self._most = most_at_once(stream.fileno())

    def write(self, lines: bytes) -> int:
        """Write lines now; return how many could not be: the disk is full, or nobody reads any more."""
        if self._stream is None:
            return lines.count(BREAK)
        try:
            descriptor = self._stream.fileno()
        except io.UnsupportedOperation:
            return self._tell(self._stream, lines)
        except ValueError:  # closed
            return lines.count(BREAK)
        return sum(self._put(descriptor, piece) for piece in pieces(lines, self._most))

    def _tell(self, stream: TextIO, lines: bytes) -> int:
        try:
            stream.write(lines.decode())
        except OSError:
            return lines.count(BREAK)
        return 0

    def _put(self, descriptor: int, piece: bytes) -> int:
        """Write past the stream's buffer, which would cut where it is full; return how many lines are lost."""
        left = BREAK + piece if self._torn else piece
        while left:
            try:
                done = os.write(descriptor, left)
            except OSError:
                return min(left.count(BREAK), piece.count(BREAK))  # not the one that ends what was torn
            self._torn = not left[:done].endswith(BREAK)
            left = left[done:]
        return 0


def most_at_once(descriptor: int) -> int | None:
    """Return how many bytes a write may have without being mixed with another process's; None for any number."""
    return None if stat.S_ISREG(os.fstat(descriptor).st_mode) else PIPE_BUF


def pieces(lines: bytes, most: int | None) -> Iterator[bytes]:
    """Cut lines into pieces of whole lines, which have `most` bytes at most unless a single line has more."""
    at = 0
    while at < len(lines):
        end = len(lines) if most is None else at + most
        cut = lines.rfind(BREAK, at, end) + 1 or lines.find(BREAK, at) + 1
        yield lines[at:cut]
        at = cut
