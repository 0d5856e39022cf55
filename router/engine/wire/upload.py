"""Sending a body that is read as it is sent."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable
from contextlib import AsyncExitStack, aclosing
from typing import IO, Protocol

import httpx

from router.contract.form import Form, Stored


class Line(Protocol):
    """What an upload goes by."""

    def write(self, piece: bytes) -> None:
        """Send a piece."""

    async def room(self) -> None:
        """Wait until the next piece may follow."""

    def splice(self, file: IO[bytes], at: int, size: int) -> int:
        """Have the system send up to `size` bytes of a file from there; return how many it took, if any."""


async def upload(line: Line, content: AsyncIterable[bytes], length: int | None) -> None:
    """Send a body of that length, in chunks if it is None.

    Raises `httpx.LocalProtocolError` when it turns out longer or shorter, and whatever reading it raises.
    """
    if isinstance(content, Form):
        await form(line, content)
        return
    async with AsyncExitStack() as stack:
        if isinstance(content, AsyncGenerator):
            await stack.enter_async_context(aclosing(content))
        framed = chunked(content) if length is None else counted(content, length)
        async for piece in await stack.enter_async_context(aclosing(framed)):
            line.write(piece)
            await line.room()


async def form(line: Line, content: Form) -> None:
    """Send a form. Raises `httpx.LocalProtocolError` when a file has become shorter."""
    for part in content.parts:
        if isinstance(part, Stored):
            await stored(line, part)
        else:
            line.write(part)
            await line.room()


async def stored(line: Line, part: Stored) -> None:
    """Send a file: what the system takes by itself, and where it takes none, be there no room or no way, a piece."""
    at = 0
    while at < part.size:
        if sent := line.splice(part.file, at, part.size - at):
            at += sent
            await asyncio.sleep(0)
            continue
        piece = part.piece(at)
        if not piece:
            raise httpx.LocalProtocolError("the body is shorter than announced")
        at += len(piece)
        line.write(piece)
        await line.room()


async def chunked(content: AsyncIterable[bytes]) -> AsyncGenerator[bytes, None]:
    """Frame each piece, and the end."""
    async for piece in content:
        if piece:
            yield b"%x\r\n%b\r\n" % (len(piece), piece)
    yield b"0\r\n\r\n"


async def counted(content: AsyncIterable[bytes], length: int) -> AsyncGenerator[bytes, None]:
    """Let through what has that length, and no other."""
    left = length
    async for piece in content:
        left -= len(piece)
        if left < 0:
            raise httpx.LocalProtocolError("the body is longer than announced")
        yield piece
    if left:
        raise httpx.LocalProtocolError("the body is shorter than announced")
