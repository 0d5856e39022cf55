"""Sending a body that is read as it is sent."""

from collections.abc import AsyncGenerator, AsyncIterable
from contextlib import AsyncExitStack, aclosing
from typing import Protocol

import httpx


class Line(Protocol):
    """What an upload goes by."""

    def write(self, piece: bytes) -> None:
        """Send a piece."""

    async def room(self) -> None:
        """Wait until the next piece may follow."""


async def upload(line: Line, content: AsyncIterable[bytes], length: int | None) -> None:
    """Send a body of that length, in chunks if it is None.

    Raises `httpx.LocalProtocolError` when it turns out longer or shorter, and whatever reading it raises.
    """
    async with AsyncExitStack() as stack:
        if isinstance(content, AsyncGenerator):
            await stack.enter_async_context(aclosing(content))
        framed = chunked(content) if length is None else counted(content, length)
        async for piece in await stack.enter_async_context(aclosing(framed)):
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
