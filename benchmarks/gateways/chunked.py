"""Chunked bodies (RFC 9112, section 7.1), read as they come."""

from collections.abc import Iterator
from typing import Final

LINE_END: Final = 2


class Chunked:
    """Takes off the framing. Trailers are not expected."""

    def __init__(self) -> None:
        self.ended = False
        self._last = False
        self._left = 0
        self._line = b""

    def feed(self, data: bytes) -> Iterator[slice]:
        """Yield where content stands in the next bytes."""
        at = 0
        while at < len(data) and not self.ended:
            if self._left == 0:
                at = self._begin(data, at)
                continue
            inside = self._left > LINE_END
            end = min(at + self._left - (LINE_END if inside else 0), len(data))
            self._left -= end - at
            self.ended = self._last and self._left == 0
            if inside:
                yield slice(at, end)
            at = end

    def _begin(self, data: bytes, at: int) -> int:
        """Read the line before a chunk; return where the chunk begins."""
        end = data.find(b"\n", at)
        if end < 0:
            self._line += data[at:]
            return len(data)
        size = int((self._line + data[at:end]).partition(b";")[0], 16)
        self._line = b""
        self._last = size == 0
        self._left = size + LINE_END
        return end + 1
