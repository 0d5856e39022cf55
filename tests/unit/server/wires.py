"""Connections without a network: a transport that keeps what is written, a clock that can be put forward, applications."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from uvicorn.server import ServerState

from router.server.connection import Scope
from router.server.http1 import Http1
from router.server.http2 import Http2
from router.server.listening import server_for

Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Fields = list[tuple[bytes, bytes]]
HELLO = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"


class Wire(asyncio.Transport):
    """A caller's end of a connection: what he was sent, and what the server did with the connection.

    `wrote` is called after each write.
    """

    def __init__(self) -> None:
        super().__init__({"peername": ("192.0.2.7", 5555), "sockname": ("192.0.2.1", 8000)})
        self.sent = bytearray()
        self.writes = 0
        self.wrote: Callable[[], None] = lambda: None
        self.closed = self.half_closed = self.aborted = False
        self.reading = True

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.writelines((data,))

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        self.writes += 1
        self.sent += b"".join(list_of_data)
        self.wrote()

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = self.aborted = True

    def is_closing(self) -> bool:
        return self.closed

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.half_closed = True

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Keep to the first one, which passes nothing on here."""

    @property
    def ended(self) -> bool:
        return self.closed or self.half_closed


class Hours:
    """An event loop whose clock can be put forward."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.passed = 0.0

    def time(self) -> float:
        return self.loop.time() + self.passed

    def __getattr__(self, name: str) -> Any:
        return getattr(self.loop, name)


class Call:
    """A caller on a connection to an application."""

    def __init__(
        self, spoken: type[Http1] | type[Http2], app: App, most: int | None = None, state: ServerState | None = None
    ) -> None:
        config = server_for(lambda: app, most=most).config
        config.load()
        self.hours, self.wire, self.state = Hours(), Wire(), state or ServerState()
        self.server = spoken(config, self.state, {}, self.hours)
        self.server.connection_made(self.wire)

    def put_in(self, said: bytes) -> None:
        """Say something that the application is not given the time for."""
        if isinstance(self.server, Http2):
            self.server.data_received(said)
            return
        while said:
            room = self.server.get_buffer(-1)
            came, said = said[: len(room)], said[len(room) :]
            room[: len(came)] = came
            self.server.buffer_updated(len(came))

    async def say(self, said: bytes) -> bytes:
        """Say something, and return all that was answered since."""
        before = len(self.wire.sent)
        self.put_in(said)
        await settled()
        return bytes(self.wire.sent[before:])

    async def hang_up(self) -> None:
        self.server.connection_lost(None)
        await settled()


def called(app: App, most: int | None = None, state: ServerState | None = None) -> Call:
    return Call(Http1, app, most, state)


async def settled() -> None:
    """Let everything run that can."""
    for _ in range(20):
        await asyncio.sleep(0)


async def body_of(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the method, the path and the body."""
    said = b"%b %b %b" % (scope["method"].encode(), scope["raw_path"], await body_of(receive))
    await send(start((b"content-length", b"%d" % len(said))))
    await send(piece(said, more=False))


def answering(*messages: Message) -> App:
    """Return an application that says these things, whatever it is asked."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for message in messages:
            await send(message)

    return app


def start(*fields: tuple[bytes, bytes], status: int = 200) -> Message:
    return {"type": "http.response.start", "status": status, "headers": list(fields)}


def piece(body: bytes, *, more: bool = True) -> Message:
    return {"type": "http.response.body", "body": body, "more_body": more}


def whole(body: bytes = b"hello", *fields: tuple[bytes, bytes]) -> tuple[Message, Message]:
    return start((b"content-length", b"%d" % len(body)), *fields), piece(body, more=False)


def get(path: str = "/", *headers: str, version: str = "1.1", method: str = "GET") -> bytes:
    return "\r\n".join((f"{method} {path} HTTP/{version}", "Host: here", *headers, "", "")).encode()


def post(body: bytes, path: str = "/", *headers: str) -> bytes:
    return get(path, f"Content-Length: {len(body)}", *headers, method="POST") + body
