"""A form as it goes out (multipart/form-data, RFC 7578): its files are read as they are sent."""

import os
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from secrets import token_hex
from typing import IO, Final, NamedTuple

PIECE: Final = 64 * 1024
"""Bytes of a file that are read at a time."""
ESCAPED: Final = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})
"""What a name may not hold, as browsers write it (HTML, 4.10.21.8)."""

Field = str | float | Sequence[str]
"""A text, or several under one name."""
FormFile = tuple[str, bytes | tuple[bytes, ...] | IO[bytes], str]
"""A file's name, content and media type."""


class Stored(NamedTuple):
    """A file that lies open, and how many bytes of it, from its beginning, belong to a form."""

    file: IO[bytes]
    size: int

    def piece(self, at: int) -> bytes:
        """Read on from there; nothing comes at the end, or where the file has become shorter."""
        self.file.seek(at)
        return self.file.read(min(self.size - at, PIECE))


class Form:
    """A form of `length` bytes: its `parts` in order, those in memory with all that stands between them."""

    def __init__(self, fields: Mapping[str, Field], files: Mapping[str, FormFile]) -> None:
        self._boundary = token_hex(16)
        self.parts = tuple(self._written(fields, files))
        self.length = sum(part.size if isinstance(part, Stored) else len(part) for part in self.parts)

    @property
    def content_type(self) -> str:
        """Its media type."""
        return f"multipart/form-data; boundary={self._boundary}"

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self.parts:
            if isinstance(part, bytes):
                yield part
                continue
            at = 0
            while piece := part.piece(at):
                at += len(piece)
                yield piece

    def _written(self, fields: Mapping[str, Field], files: Mapping[str, FormFile]) -> Iterator[bytes | Stored]:
        before = "".join(f"{self._head(name)}{text}\r\n" for name, given in fields.items() for text in texts(given))
        for name, (file, content, kind) in files.items():
            named = f'; filename="{file.translate(ESCAPED)}"\r\nContent-Type: {kind}'
            yield f"{before}{self._head(name, named)}".encode()
            match content:
                case bytes():
                    yield content
                case tuple():
                    yield from content
                case _:
                    yield Stored(content, content.seek(0, os.SEEK_END))
            before = "\r\n"
        yield f"{before}--{self._boundary}--\r\n".encode()

    def _head(self, name: str, more: str = "") -> str:
        return f'--{self._boundary}\r\nContent-Disposition: form-data; name="{name.translate(ESCAPED)}"{more}\r\n\r\n'


def texts(given: Field) -> Iterator[str]:
    """Yield what a field holds."""
    if isinstance(given, Sequence) and not isinstance(given, str):
        yield from given
    else:
        yield str(given)
