"""Which part of a file a request wants (RFC 9110, sections 13 and 14): one byte range, and entity tags."""

from collections.abc import Mapping
from re import compile as regex
from typing import Final

import msgspec

RANGE: Final = regex(r"bytes=[ \t]*(?P<first>[0-9]{0,18})-(?P<last>[0-9]{0,18})[ \t]*")


class Unsatisfiable(Exception):
    """The range begins where the file has ended."""


class Part(msgspec.Struct, frozen=True):
    """Bytes from `start` up to but not including `stop`, of `size`."""

    start: int
    stop: int
    size: int

    @property
    def length(self) -> int:
        """How many bytes."""
        return self.stop - self.start

    @property
    def content_range(self) -> str:
        """The header that says so."""
        return f"bytes {self.start}-{self.stop - 1}/{self.size}"


def unchanged(headers: Mapping[str, str], etag: str) -> bool:
    """Whether the caller has this very file already (If-None-Match, compared weakly)."""
    given = headers.get("if-none-match", "")
    return given.strip() == "*" or etag in (tag.strip().removeprefix("W/") for tag in given.split(","))


def part_of(headers: Mapping[str, str], size: int, etag: str) -> Part | None:
    """Return the part that is asked for, or None where the whole file is to be sent.

    That is so without a range, with several or a malformed one (a server may ignore either), and when If-Range
    names another version. Raises `Unsatisfiable`.
    """
    found = RANGE.fullmatch(headers.get("range", ""))
    if found is None or headers.get("if-range", etag) != etag:
        return None
    first, last = found["first"], found["last"]
    if not first:
        return _end_of(size, last)
    start, stop = int(first), min(int(last) + 1, size) if last else size
    if last and int(last) < start:
        return None
    if start >= size:
        raise Unsatisfiable
    return Part(start, stop, size)


def _end_of(size: int, count: str) -> Part | None:
    if not count:
        return None
    if int(count) == 0 or size == 0:
        raise Unsatisfiable
    return Part(max(size - int(count), 0), size, size)
