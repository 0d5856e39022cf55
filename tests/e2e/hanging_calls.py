"""Callers who can hang up: one on a socket of its own, one that calls the application as a server would."""

import asyncio
from collections.abc import Callable
from typing import Any, Final, Protocol, Self

import httpx
from litestar import Litestar

HEAD_END: Final = b"\r\n\r\n"


class Call(Protocol):
    """A request under way."""

    async def heard(self) -> None:
        """Wait for the first bytes of the answer's body."""

    def hang_up(self) -> None:
        """Leave, whatever has come."""


Dial = Callable[[httpx.Request], Call]


class OnSocket:
    """A caller over TCP."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def dial(cls, request: httpx.Request) -> Self:
        """Connect and send the whole request."""
        call = cls(*await asyncio.open_connection(request.url.host, request.url.port))
        lines = [f"{request.method} {request.url.path} HTTP/1.1", "connection: close"]
        lines += [f"{name}: {value}" for name, value in request.headers.items() if name != "connection"]
        call.writer.write("\r\n".join(lines).encode() + HEAD_END + request.read())
        await call.writer.drain()
        return call

    async def heard(self) -> None:
        head = await self.reader.readuntil(HEAD_END)
        assert b" 200 " in head, head
        await self.reader.readexactly(16)

    def hang_up(self) -> None:
        self.writer.close()


class InLoop:
    """A caller whose server is the test; it keeps back the last `unsent` bytes of its request.

    `task` is the application's work on the request.
    """

    def __init__(self, app: Litestar, request: httpx.Request, unsent: int = 0) -> None:
        self._left = asyncio.Event()
        self._heard = asyncio.Event()
        body = request.read()
        self._more = unsent > 0
        self._body = [body[: len(body) - unsent]]
        self.task = asyncio.create_task(app(scope_of(request), self._receive, self._send))  # type: ignore[arg-type] # a scope is a plain dict

    async def heard(self) -> None:
        await self._heard.wait()

    def hang_up(self) -> None:
        self._left.set()

    async def _receive(self) -> Any:
        if self._body:
            return {"type": "http.request", "body": self._body.pop(), "more_body": self._more}
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        if message.get("body"):
            self._heard.set()


def scope_of(request: httpx.Request) -> dict[str, Any]:
    """Say what a server says of a request."""
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": request.url.path,
        "raw_path": request.url.raw_path,
        "query_string": b"",
        "root_path": "",
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "extensions": {},
    }
