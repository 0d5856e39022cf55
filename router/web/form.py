"""Reading a form (multipart/form-data, RFC 7578) while it comes."""

from collections.abc import AsyncIterable
from typing import Final

from multipart import (  # type: ignore[import-untyped] # typed, but not marked so
    MultipartSegment,
    ParserError,
    ParserLimitReached,
    PushMultipartParser,
)

from router.contract import Invalid
from router.web.room import Lease
from router.web.sent import Sent

PARTS: Final = 1000
HEADER: Final = 4096
"""Bytes in a line of a part's header."""

Part = tuple[str, str | Sent]


class Form:
    """The parts that came, by name, in order. A part with a file name is a file, in memory if there is a lease of it."""

    def __init__(self, lease: Lease | None = None) -> None:
        self.parts: list[Part] = []
        self._lease = lease
        self._head: MultipartSegment | None = None
        self._text = bytearray()
        self._file: Sent | None = None

    async def read(self, chunks: AsyncIterable[bytes], boundary: str) -> None:
        """Read to the end; what came of it is discarded if that fails. Raises `Invalid`."""
        try:
            with PushMultipartParser(boundary, max_segment_count=PARTS, max_header_size=HEADER) as parser:
                await self._parse(parser, chunks)
        except BaseException as error:  # noqa: BLE001 - whatever it was, no file is left
            self.discard()
            raise refusal(error) from None
        if self._lease is not None and not any(isinstance(content, Sent) for _, content in self.parts):
            self._lease.end()

    def discard(self) -> None:
        """Remove the files that are on disk, and end the lease."""
        if self._lease is not None:
            self._lease.end()
        for one in (self._file, *(content for _, content in self.parts)):
            if isinstance(one, Sent):
                one.discard()

    async def _parse(self, parser: PushMultipartParser, chunks: AsyncIterable[bytes]) -> None:
        async for chunk in chunks:
            for event in parser.parse(chunk):
                await self._take(event)

    async def _take(self, event: MultipartSegment | bytes | None) -> None:
        if isinstance(event, MultipartSegment):
            self._head, self._text = event, bytearray()
            self._file = Sent(self._lease) if event.filename else None
        elif event is None:
            await self._end()
        elif self._file is None:
            self._text += event
        else:
            await self._file.write(event)

    async def _end(self) -> None:
        if self._head is None:
            raise ParserError("a part without a head")
        if self._file is None:
            self.parts.append((self._head.name, decoded(self._text, self._head.charset or "utf-8")))
        else:
            await self._file.finish()
            self.parts.append((self._head.name, self._file))
            self._file = None


def refusal(error: BaseException) -> BaseException:
    """Return what to tell a caller of an error in a form; what is no such error stays as it is."""
    if isinstance(error, ParserLimitReached):
        limits = f"{PARTS} parts, or a line of {HEADER} bytes in the header of one"
        return Invalid(f"the form has more than {limits}", code="malformed_request", limit=PARTS)
    if isinstance(error, ParserError):
        return Invalid("the body is not the multipart/form-data it claims to be", code="malformed_request")
    return error


def decoded(text: bytearray, charset: str) -> str:
    """Return a text field's text. Raises `Invalid`."""
    try:
        return text.decode(charset)
    except (UnicodeError, LookupError):
        raise Invalid("a text field of the form is not in the character set it claims", code="malformed_form") from None
