"""Frames of FLAC (RFC 9639). They do not say how long they are, so each is found by its header and its number."""

from re import compile as regex

STREAMINFO = 4 + 4 + 34
SYNC = regex(rb"\xff(?:[\xf8\xf9]|\Z)")
"""How a frame begins, or may begin at the end of what has come."""
LONGEST_HEADER = 16


class FlacCounter:
    """Counts up to the end of the last frame whose header has been seen."""

    def __init__(self) -> None:
        self._left = b""
        self._rate = 0
        self._block = 0
        self._blocks_begin: int | None = None
        self._end = 0
        self.missing = 0

    @property
    def seconds(self) -> float:
        """The audio seen so far."""
        return self._end / self._rate if self._rate else 0.0

    def feed(self, chunk: bytes) -> None:
        """Skip the metadata, then look for frame headers."""
        self._left += chunk
        if self._blocks_begin is None:
            self._blocks_begin = self._metadata()
        if self._blocks_begin is not None:
            self._left = self._frames(self._left)

    def _metadata(self) -> int | None:
        """Take the metadata off once it is whole; return how long it was."""
        head, at = self._left, 4
        while len(head) >= at + 4:
            last, size = head[at] & 0x80, int.from_bytes(head[at + 1 : at + 4], "big")
            at += 4 + size
            if last and len(head) >= at >= STREAMINFO:
                self._block = int.from_bytes(head[8:10], "big")
                self._rate = int.from_bytes(head[18:21], "big") >> 4
                self._left = head[at:]
                return at
        return None

    def _frames(self, view: bytes) -> bytes:
        """Count every header in `view`; return the end of it that may be part of one."""
        found = SYNC.search(view)
        while found and self._frame(view[found.start() : found.start() + LONGEST_HEADER]):
            found = SYNC.search(view, found.start() + 1)
        return view[found.start() :] if found else b""

    def _frame(self, there: bytes) -> bool:
        """Count the frame whose header this is, if it is one; False means more bytes are needed to tell."""
        head = there.ljust(LONGEST_HEADER, b"\0")
        number, at = coded_number(head)
        block, at = block_size(head, at)
        at += {12: 1, 13: 2, 14: 2}.get(head[2] & 15, 0)
        if at >= len(there):
            return False
        start = number if head[1] & 1 else number * self._block
        if start == self._end and crc8(head[:at]) == head[at]:
            self._end += block
        return True


def coded_number(head: bytes) -> tuple[int, int]:
    """Read the frame's or sample's number, coded like UTF-8 of up to seven bytes: (number, where it ends)."""
    first = head[4]
    ones = 8 - (first ^ 0xFF).bit_length()
    if ones < 2:
        return first, 5
    number = first & (0x7F >> ones)
    for byte in head[5 : 4 + ones]:
        number = number << 6 | byte & 0x3F
    return number, 4 + ones


def block_size(head: bytes, at: int) -> tuple[int, int]:
    """Read how many samples the frame holds: (samples, where the header goes on); 0 is reserved."""
    match head[2] >> 4:
        case 0:
            return 0, at
        case 1:
            return 192, at
        case 6:
            return head[at] + 1, at + 1
        case 7:
            return int.from_bytes(head[at : at + 2], "big") + 1, at + 2
        case code if code < 6:
            return 576 << (code - 2), at
        case code:
            return 256 << (code - 8), at


def crc8(head: bytes) -> int:
    """Return the header's checksum (polynomial x^8 + x^2 + x + 1)."""
    crc = 0
    for byte in head:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1) ^ 0x107 if crc & 0x80 else crc << 1
    return crc
