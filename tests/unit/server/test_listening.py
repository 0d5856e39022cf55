"""Over real sockets, by uvloop: what only the system's buffers and TLS can show."""

import asyncio
import logging
import socket
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import trustme

from router.server.connection import Scope
from router.server.http1 import Http1
from router.server.listening import SWEPT, Server, Tls, doors, listen, server_for
from tests.unit.server.wires import HELLO, App, Message, Receive, Send, answering, echo, get, piece, post, start, whole

BULK = 64 * 1024 * 1024
PIECE = bytes(64 * 1024)


def grown_up(app: App) -> App:
    """Return an application that also has a lifespan."""

    async def grown(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await app(scope, receive, send)
            return
        for end in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{end}.complete"})

    return grown


@asynccontextmanager
async def served(app: App, tls: Tls | None = None) -> AsyncIterator[tuple[Server, int]]:
    """Serve an application; give its server and its port."""
    [listener] = listen("127.0.0.1", 0)
    server = server_for(lambda: grown_up(app), tls)
    port = listener.getsockname()[1]
    serving = asyncio.create_task(server.serve(doors(listener)))
    try:
        yield server, port
    finally:
        server.should_exit = True
        await serving


@asynccontextmanager
async def calling(
    port: int, limit: int = 64 * 1024
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Call a server, and hang up in the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=limit)
    try:
        yield reader, writer
    finally:
        writer.close()


def hello(sent: bytes) -> bytes:
    """Return what was sent but for the time."""
    return b"\r\n".join(line for line in sent.split(b"\r\n") if not line.startswith(b"date: "))


async def test_requests_on_one_connection() -> None:
    """One connection serves one request after another, each answer saying the time."""
    async with served(answering(*whole())) as (_, port), calling(port) as (reader, writer):
        for _ in range(3):
            writer.write(get())
            sent = await reader.readuntil(b"hello")
            assert b"\r\ndate: " in sent
            assert hello(sent) == HELLO


@pytest.mark.parametrize("asked", [post(bytes(BULK), "/", "Connection: close"), get("/", "X: " + "y" * 2_000_000)])
async def test_refused_while_sending(asked: bytes) -> None:
    """A caller who sends on and on, and looks for his answer only then, finds it."""
    async with served(answering(*whole())) as (_, port), calling(port) as (reader, writer):
        writer.write(asked)
        await writer.drain()
        sent = await reader.read()
        assert sent.startswith((b"HTTP/1.1 200 ", b"HTTP/1.1 431 "))
        assert sent.endswith((b"hello", b"}"))


async def test_slow_reader() -> None:
    """The application gets no further than the system's buffers go, and to the end once its caller reads."""
    sent = 0

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal sent
        await send(start((b"content-length", b"%d" % BULK)))
        while sent < BULK:
            sent += len(PIECE)
            await send(piece(PIECE, more=sent < BULK))

    async with served(app) as (_, port), calling(port, limit=1024) as (reader, writer):
        writer.write(get())
        await reader.readuntil(b"\r\n\r\n")
        before = -1
        while before != sent:
            before = sent
            await asyncio.sleep(0.05)
        assert sent < BULK // 2
        assert len(await reader.readexactly(BULK)) == BULK


async def test_caller_who_leaves() -> None:
    """The application is told as soon as the caller is gone."""
    told: asyncio.Queue[Message] = asyncio.Queue()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for _ in range(2):
            told.put_nowait(await receive())

    async with served(app) as (_, port), calling(port) as (_, writer):
        writer.write(get())
        assert (await told.get())["type"] == "http.request"
        writer.close()
        assert (await asyncio.wait_for(told.get(), 5))["type"] == "http.disconnect"


async def test_websocket(caplog: pytest.LogCaptureFixture) -> None:
    """A connection goes on as a WebSocket, with what came along with the request for it, of which nothing is logged."""
    caplog.set_level(logging.INFO)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        assert (scope["type"], scope["path"], scope["query_string"]) == ("websocket", "/a b", b"c=d")
        assert (await receive())["type"] == "websocket.connect"
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": (await receive())["text"]})
        await send({"type": "websocket.close"})

    asked = get(
        "/a%20b?c=d", "Connection: Upgrade", "Upgrade: WebSocket", "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    )  # fmt: skip
    for together in (True, False):
        async with served(app) as (_, port), calling(port) as (reader, writer):
            frame = b"\x81\x82\0\0\0\0hi"
            writer.write(asked + frame if together else asked)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 101 ")
            assert b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in head  # RFC 6455, section 1.3
            if not together:
                writer.write(frame)
            assert await reader.readexactly(4) == b"\x81\x02hi"
    assert "c=d" not in caplog.text


async def test_http2_by_prior_knowledge() -> None:
    """Who begins with HTTP/2 is answered in it, an upload longer than its windows included."""
    async with served(echo) as (_, port), httpx.AsyncClient(http1=False, http2=True) as client:
        answer = await client.post(f"http://127.0.0.1:{port}/a", content=bytes(3_000_000))
        assert (answer.http_version, len(answer.content)) == ("HTTP/2", 3_000_008)


@pytest.mark.parametrize(("http2", "version"), [(True, "HTTP/2"), (False, "HTTP/1.1")])
async def test_tls(tmp_path: Path, *, http2: bool, version: str) -> None:
    """Over TLS both are offered."""
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    certificate, key = tmp_path / "certificate", tmp_path / "key"
    issued.cert_chain_pems[0].write_to_path(certificate)
    issued.private_key_pem.write_to_path(key)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    async with (
        served(echo, (certificate, key)) as (_, port),
        httpx.AsyncClient(http2=http2, verify=trusting) as client,
    ):
        for _ in range(2):
            answer = await client.post(f"https://127.0.0.1:{port}/a", content=bytes(500_000))
            assert (answer.http_version, len(answer.content)) == (version, 500_008)


async def test_stopping() -> None:
    """A server that stops waits for what is under way, and closes what is idle."""
    turn, here = asyncio.Event(), asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        here.set()
        await turn.wait()
        await echo(scope, receive, send)

    async with served(app) as (server, port), calling(port) as (idle, _), calling(port) as (reader, writer):
        writer.write(get("/a"))
        await here.wait()
        server.should_exit = True
        assert await idle.read() == b""
        turn.set()
        assert (await reader.read()).endswith(b"connection: close\r\n\r\nGET /a ")


async def test_sweeping() -> None:
    """A server looks now and then for connections that nobody uses, and closes them."""
    async with served(echo) as (server, port), calling(port) as (reader, writer):
        writer.write(get())
        await reader.readuntil(b"GET / ")
        [connection] = server.server_state.connections
        assert isinstance(connection, Http1)
        connection.since -= 100
        await server.on_tick(SWEPT)
        assert await reader.read() == b""


def test_one_port_for_several() -> None:
    """Sockets for several processes have one port, which is free for nobody else."""
    sockets = listen("127.0.0.1", 0, 3)
    try:
        [port] = {one.getsockname()[1] for one in sockets}
        for count in (1, 2):
            with pytest.raises(OSError, match="in use"):
                listen("127.0.0.1", port, count)
    finally:
        for one in sockets:
            one.close()


async def test_many_who_call_at_once() -> None:
    """A loop that is busy lets many in each time it comes to it: nobody waits for as many turns as there are callers."""
    turns, came = 0, list[int]()

    def keep_busy() -> None:
        nonlocal turns
        turns += 1
        time.sleep(0.01)  # as long as the work on some requests takes
        if len(came) < len(callers):
            loop.call_soon(keep_busy)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        came.append(turns)
        for message in whole():
            await send(message)

    loop = asyncio.get_running_loop()
    async with served(app) as (_, port):
        callers = [socket.create_connection(("127.0.0.1", port)) for _ in range(32)]
        keep_busy()
        for one in callers:
            one.sendall(get())
            one.setblocking(False)
        for one in callers:
            with one:
                assert (await loop.sock_recv(one, 4)) == b"HTTP"
    assert came[-1] - came[0] < 8


async def test_who_called_before_the_end() -> None:
    """Requests that were sent before the port is closed are answered, though nobody has looked at them yet; then nobody is let in."""
    loop = asyncio.get_running_loop()
    async with served(answering(*whole())) as (server, port):
        callers = [socket.create_connection(("127.0.0.1", port)) for _ in range(40)]
        for one in callers:
            one.sendall(get())
            one.setblocking(False)
        server.should_exit = True
        time.sleep(0.2)  # noqa: ASYNC251 - the loop is busy, and when it looks up it is time to end
        for one in callers:
            with one:
                assert (await loop.sock_recv(one, 4)) == b"HTTP"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


async def test_who_called_and_says_nothing() -> None:
    """A caller who has not asked for anything does not hold the end up for long."""
    async with served(answering(*whole())) as (server, port), calling(port) as (reader, _):
        await asyncio.sleep(0.05)
        server.should_exit = True
        async with asyncio.timeout(2):
            assert await reader.read() == b""
