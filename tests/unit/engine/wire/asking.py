"""What the tests here ask, and how they read."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

import pytest

from router.contract import Answer, ProviderFailed
from router.contract.wire import Content
from router.engine.wire.direct import Direct
from router.testing.wire import Wire as Line

OK: Final = b"HTTP/1.1 200 OK\r\n"
CHUNKED: Final = OK + b"transfer-encoding: chunked\r\n\r\n"
FINE: Final = OK + b"content-length: 2\r\n\r\nok"


async def ask(wire: Direct, url: str, method: str = "POST", content: Content = b"{}", **headers: str) -> Answer:
    return await wire.ask(method, url, headers, content)


async def whole(answer: Answer) -> bytes:
    try:
        return b"".join([chunk async for chunk in answer.body])
    finally:
        await answer.body.aclose()


def cause(caught: pytest.ExceptionInfo[ProviderFailed]) -> str:
    return type(caught.value.__cause__).__name__


class Says:
    """Sends bytes, the connection staying open; what comes in several pieces comes a moment apart."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = pieces

    async def play(self, wire: Line) -> None:
        for number, piece in enumerate(self.pieces):
            if number:
                await asyncio.sleep(0.03)
            await wire.send(piece)


class Endless:
    """Sends the beginning once, and then more of the same as long as anybody takes it."""

    def __init__(self, beginning: bytes, more: bytes) -> None:
        self.beginning = beginning
        self.more = more
        self.sent = 0

    async def play(self, wire: Line) -> None:
        await wire.send(self.beginning)
        while True:
            await wire.send(self.more)
            self.sent += len(self.more)


class Source:
    """A body to be sent, `pause` seconds before each piece; `closed` once nobody reads it any more."""

    def __init__(self, *pieces: bytes, pause: float = 0.0, fault: Exception | None = None) -> None:
        self.pieces = pieces
        self.pause = pause
        self.fault = fault
        self.closed = False

    async def read(self) -> AsyncIterator[bytes]:
        try:
            for piece in self.pieces:
                await asyncio.sleep(self.pause)
                yield piece
            if self.fault is not None:
                raise self.fault
        finally:
            self.closed = True
