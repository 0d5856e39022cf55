"""A connection as a vendor double sees it: HTTP/1.1 read properly, and anything at all written."""

import asyncio
import struct
from contextlib import suppress
from dataclasses import dataclass, field
from socket import SO_LINGER, SOL_SOCKET

import httpx
import msgspec

from router.testing.forms import Part, parts

LINGER_ZERO = struct.pack("ii", 1, 0)
"""With this, closing a socket sends RST and drops what was not sent yet."""


@dataclass
class Asked:
    """A request as it arrived; `path` includes the query. `abandoned`: the caller left before its answer ended."""

    method: str
    path: str
    headers: httpx.Headers
    body: bytes
    abandoned: bool = False
    over: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    @property
    def json(self) -> object:
        """The body as JSON."""
        return msgspec.json.decode(self.body)

    @property
    def form(self) -> dict[str, Part]:
        """The parts of a multipart body by field name."""
        return parts(self.headers["content-type"], self.body)


class Wire:
    """One connection. Writing to a caller who left raises `ConnectionError`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.ended = False

    async def request(self) -> Asked | None:
        """Read the next request to its end; None when the caller has no more."""
        try:
            head = await self.reader.readuntil(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").rstrip().split("\r\n")
            method, path, _ = first.split(" ")
            headers = httpx.Headers([(name, text.strip()) for name, _, text in (one.partition(":") for one in lines)])
            return Asked(method, path, headers, await self._body(headers))
        except (asyncio.IncompleteReadError, ConnectionError):
            return None

    async def _body(self, headers: httpx.Headers) -> bytes:
        if headers.get("transfer-encoding") != "chunked":
            return await self.reader.readexactly(int(headers.get("content-length", "0")))
        body = bytearray()
        while size := int(await self.reader.readline(), 16):
            body += await self.reader.readexactly(size)
            await self.reader.readline()
        await self.reader.readline()
        return bytes(body)

    async def send(self, data: bytes) -> None:
        """Write the bytes and wait until the system has taken them."""
        self.writer.write(data)
        await self.writer.drain()

    async def wait(self, seconds: float | None, released: asyncio.Event | None = None) -> None:
        """Wait so long, or for the event, or for good; raise as soon as the caller hangs up."""
        left = asyncio.ensure_future(self.reader.read(1))  # callers do not pipeline: only EOF can come
        until = asyncio.ensure_future((released or asyncio.Event()).wait())
        try:
            await asyncio.wait({left, until}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if left.done():
                raise ConnectionAbortedError("the caller hung up")
        finally:
            left.cancel()
            until.cancel()
            await asyncio.gather(left, until, return_exceptions=True)  # nobody else may read before `left` has let go
            await asyncio.wait({left, until})  # only then may somebody else read

    def end(self, *, reset: bool = False) -> None:
        """Close the connection: what was sent still arrives, unless `reset` overtakes it."""
        self.ended = True
        if reset:
            self.writer.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, LINGER_ZERO)
            self.writer.transport.abort()
        else:
            self.writer.close()

    async def closed(self) -> None:
        """Wait until the connection is gone, however it went."""
        self.writer.close()
        with suppress(ConnectionError):
            await self.writer.wait_closed()
