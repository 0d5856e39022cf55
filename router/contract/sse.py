"""Server-sent events, read strictly (WHATWG HTML, section 9.2): for vendors that stream text or audio as events."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from typing import Final

import msgspec

from router.contract.errors import BadOutput, ProviderFailed, Unavailable
from router.contract.streams import ByteStream

LONGEST: Final = 4 * 1024 * 1024
"""Bytes of one event: twenty seconds of speech in base64 have a quarter of that."""
LINGER: Final = 0.25
"""Seconds that a body may take to end after its last event, so that its connection can be used again."""
MARK: Final = b"\xef\xbb\xbf"


class Event(msgspec.Struct, frozen=True):
    """One event; `data` is as it came, its lines joined by newlines, `name` is empty where none was given."""

    data: bytes
    name: str = ""


class Parser:
    """Cuts bytes into events, wherever they were cut before.

    Comments, ids, retry times and events without data are passed over. What has no blank line behind it yet is
    not an event: at the end of a body it is dropped.
    """

    def __init__(self, limit: int = LONGEST) -> None:
        self._limit = limit
        self._line = bytearray()
        self._data = bytearray()
        self._name = ""
        self._first = True
        self._after_return = False

    def feed(self, chunk: bytes) -> Iterator[Event]:
        """Yield the events that are complete with this chunk. Raises `BadOutput` for one beyond the limit."""
        for line in self._lines(chunk):
            if line:
                self._field(line)
            else:
                yield from self._event()

    def _lines(self, chunk: bytes) -> Iterator[bytes]:
        """Yield the lines that end in this chunk: by LF, CRLF or CR."""
        if chunk:
            chunk = chunk.removeprefix(b"\n") if self._after_return else chunk
            self._after_return = chunk.endswith(b"\r")
        *ended, rest = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        for end in ended:
            self._line += end
            line, self._line = bytes(self._line), bytearray()
            yield line.removeprefix(MARK) if self._first else line
            self._first = False
        self._line += rest
        if len(self._line) + len(self._data) > self._limit:
            raise BadOutput(f"an event is longer than {self._limit} bytes")

    def _field(self, line: bytes) -> None:
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._data += value + b"\n"
        elif name == b"event":
            self._name = value.decode(errors="replace")
        if len(self._data) > self._limit:
            raise BadOutput(f"an event is longer than {self._limit} bytes")

    def _event(self) -> Iterator[Event]:
        data, name = bytes(self._data), self._name
        self._data, self._name = bytearray(), ""
        if data:
            yield Event(data.removesuffix(b"\n"), name)


async def events(body: ByteStream, limit: int = LONGEST) -> AsyncIterator[Event]:
    """Yield a body's events as they are completed; one of at most `limit` bytes each.

    Raises `BadOutput` for a longer one, and whatever reading the body raises. The caller closes the body.
    """
    parser = Parser(limit)
    async for chunk in body:
        for event in parser.feed(chunk):
            yield event


class EventStream:
    """The bytes that a body's events carry.

    `carried` returns those of one event, and None for the last; what it raises passes through. A body that ends
    before the last event was cut, and raises `Unavailable`; one without any event raises `BadOutput`.
    """

    def __init__(self, body: ByteStream, carried: Callable[[Event], bytes | None]) -> None:
        self.body = body
        self.carried = carried

    async def __aiter__(self) -> AsyncIterator[bytes]:
        told, began = events(self.body), False
        async for event in told:
            began = True
            content = self.carried(event)
            if content is None:
                await _ended(told)
                return
            if content:
                yield content
        raise Unavailable("the stream ended before its last event") if began else BadOutput("the stream has no events")

    async def aclose(self) -> None:
        """Close the body."""
        await self.body.aclose()


async def _ended(rest: AsyncIterator[Event]) -> None:
    """Read to the end of the body; whatever is wrong with what follows the last event does not matter."""
    with suppress(ProviderFailed, TimeoutError):
        async with asyncio.timeout(LINGER):
            async for _ in rest:
                pass
