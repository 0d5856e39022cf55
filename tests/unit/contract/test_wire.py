"""What every wire promises, over real sockets: the router's own, and httpx's client as the fallback."""

import asyncio
import io
import os
import re
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import pytest
import trustme

from router.contract import Busy, Misconfigured, ProviderFailed, TimedOut, Unavailable
from router.contract.http import packed
from router.contract.wire import Answer, Content, HttpxWire, Wire, unsent
from router.engine import transport
from router.engine.wire.dialling import Trust
from router.testing.acts import HangUp, Raw, Reply, Stall
from router.testing.stuck import NeverAccepting, SlowReader, connections_to
from router.testing.vendor import ClosedPort, Vendor
from router.testing.wire import Wire as Line

OK: Final = b"HTTP/1.1 200 OK\r\n"
CHUNKED: Final = OK + b"transfer-encoding: chunked\r\n\r\n"
AT_ONCE: Final = 0.1
"""Seconds in which a connection is cut once nobody wants its answer."""

Opened = Callable[..., Wire]


@pytest.fixture(params=["ask", "httpx"])
async def opened(request: pytest.FixtureRequest) -> AsyncIterator[Opened]:
    """Return what opens a wire with a client's limits."""
    async with AsyncExitStack() as stack:

        def wire(connect: float = 2.0, read: float = 5.0, trusted: Trust = transport.authorities) -> Wire:
            client = transport.client(connect, read=read, trusted=trusted)
            stack.push_async_callback(client.aclose)
            return client if request.param == "ask" else HttpxWire(client)

        yield wire


async def ask(wire: Wire, url: str, method: str = "POST", content: Content = b"{}") -> Answer:
    return await wire.ask(method, url, {"accept-encoding": "identity"}, content)


async def whole(answer: Answer) -> bytes:
    try:
        return b"".join([chunk async for chunk in answer.body])
    finally:
        await answer.body.aclose()


def headed(*lines: bytes, body: bytes = b"ok") -> bytes:
    return OK + b"".join(line + b"\r\n" for line in lines) + b"\r\n" + body


# Framing ------------------------------------------------------------------------------------------

SOUND: Final = {
    "length": headed(b"content-length: 2"),
    "no length, ended by its end": headed(),
    "chunks": CHUNKED + b"2\r\nok\r\n0\r\n\r\n",
    "chunks with extensions": CHUNKED + b"2;a=b\r\nok\r\n0\r\n\r\n",
    "trailers": CHUNKED + b"2\r\nok\r\n0\r\nx-late: 1\r\n\r\n",
    "early hints first": b"HTTP/1.1 103 Early Hints\r\n\r\n" * 3 + headed(b"content-length: 2"),
    "ninety headers": headed(*(b"x-%d: y" % n for n in range(90)), b"content-length: 2"),
    "no reason": b"HTTP/1.1 200\r\ncontent-length: 2\r\n\r\nok",
}


@pytest.mark.parametrize("sent", SOUND.values(), ids=SOUND)
async def test_sound(sent: bytes, opened: Opened) -> None:
    """Every framing that HTTP/1.1 has is read."""
    async with Vendor(Raw(sent)) as vendor:
        assert await whole(await ask(opened(), vendor.url)) == b"ok"


UNSOUND: Final = {
    "shorter than its length": headed(b"content-length: 10"),
    "chunks without an end": CHUNKED + b"2\r\nok\r\n",
    "chunks that end in the size": CHUNKED + b"2\r\nok\r\n0",
    "chunks that end before the last line": CHUNKED + b"2\r\nok\r\n0\r\n",
    "a chunk shorter than its size": CHUNKED + b"9\r\nok",
    "a chunk longer than its size": CHUNKED + b"2\r\nokXX0\r\n\r\n",
    "a size that is no number": CHUNKED + b"zz\r\nok\r\n0\r\n\r\n",
    "a negative size": CHUNKED + b"-2\r\nok\r\n0\r\n\r\n",
    "a size with a prefix": CHUNKED + b"0x2\r\nok\r\n0\r\n\r\n",
    "a size beyond all bounds": CHUNKED + b"f" * 17 + b"\r\nok\r\n0\r\n\r\n",
    "bare line feeds in chunks": CHUNKED + b"2\nok\n0\n\n",
    "two lengths": headed(b"content-length: 2", b"content-length: 3", body=b"okk"),
    "two lengths in one": headed(b"content-length: 2, 3", body=b"okk"),
    "a negative length": headed(b"content-length: -2"),
    "a length with a sign": headed(b"content-length: +2"),
    "a length that is no number": headed(b"content-length: 2x"),
    "a length beyond all bounds": headed(b"content-length: " + b"9" * 23),
    "a length, and chunks": headed(b"content-length: 5", b"transfer-encoding: chunked", body=b"2\r\nok\r\n0\r\n\r\n"),
    "a NUL in a header": headed(b"x: a\0b", b"content-length: 2"),
    "a return in a header": headed(b"x: a\rb", b"content-length: 2"),
    "a header without a colon": headed(b"nonsense", b"content-length: 2"),
    "a header's name in two words": headed(b"a b: c", b"content-length: 2"),
    "a flood of headers": headed(*(b"x-%d: y" % n for n in range(5000)), b"content-length: 2"),
    "a header of a megabyte": headed(b"x: " + b"y" * 1_000_000, b"content-length: 2"),
    "a flood of trailers": CHUNKED + b"2\r\nok\r\n0\r\n" + b"x: y\r\n" * 20_000 + b"\r\n",
    "nothing but early hints": b"HTTP/1.1 103 Early Hints\r\n\r\n" * 1000,
    "no HTTP": b"220 smtp.example ESMTP\r\n\r\n",
    "HTTP/0.9": b"ok",
    "a status of two digits": b"HTTP/1.1 99 Odd\r\ncontent-length: 2\r\n\r\nok",
    "a status of four digits": b"HTTP/1.1 1000 Odd\r\ncontent-length: 2\r\n\r\nok",
}


@pytest.mark.parametrize("sent", UNSOUND.values(), ids=UNSOUND)
async def test_unsound(sent: bytes, opened: Opened) -> None:
    """An answer that is cut, contradicts itself or has no bounds is a fault, never a result; and it was sent."""
    async with Vendor(Raw(sent)) as vendor:
        with pytest.raises(Unavailable) as caught:
            await whole(await ask(opened(), vendor.url))
        assert len(vendor.asked) == 1
    assert not unsent(caught.value)


async def test_more_than_its_length(opened: Opened) -> None:
    """What follows an answer's end is no answer to the next request."""
    async with Vendor(
        Raw(headed(b"content-length: 2", body=b"ok" + headed(b"content-length: 4", body=b"evil")))
    ) as vendor:
        wire = opened()
        for _ in range(2):
            try:
                assert await whole(await ask(wire, vendor.url)) == b"ok"
            except Unavailable:
                continue  # refusing it altogether is as good


# Requests -----------------------------------------------------------------------------------------


async def test_headers_sent(opened: Opened) -> None:
    """A request carries what it was given and what HTTP needs, and names neither httpx nor aiohttp."""
    async with Vendor(Reply()) as vendor:
        await whole(await ask(opened(), vendor.url))
    sent = dict(vendor.asked[0].headers)
    assert sent.pop("host") == vendor.url.removeprefix("http://")
    assert sent.pop("connection", "keep-alive") == "keep-alive"
    content_type = sent.pop("content-type", "application/octet-stream")
    assert content_type == "application/octet-stream"
    assert sent == {"accept": "*/*", "accept-encoding": "identity", "user-agent": "media-router", "content-length": "2"}


SIGNED: Final = "/a%2Fb/c%20d;v=1/~x?sig=a%2Bb%2F%3D&k=%27q%27&e=&t=1%2C2"


async def test_signed_url() -> None:
    """What is quoted in a URL is sent as it stands: signatures are made over it."""
    async with transport.client(2.0) as client, Vendor(Reply()) as vendor:
        await whole(await ask(client, vendor.url + SIGNED))
    assert vendor.asked[0].path == SIGNED


@pytest.mark.parametrize("path", ["/caf\u00e9", "/a b", "/a\r\nx-evil: 1", "/a?b=c\nd"])
async def test_url_that_cannot_be_sent(path: str, opened: Opened) -> None:
    """What has no place in a request line is quoted or refused, and adds no header."""
    async with Vendor(Reply()) as vendor:
        try:
            await whole(await ask(opened(), vendor.url + path))
        except Misconfigured:
            return
    (asked,) = vendor.asked
    assert asked.path.isascii()
    assert "x-evil" not in asked.headers


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/x", "http:///x", "127.0.0.1/x", "http://127.0.0.1:99999/x"])
async def test_url_of_nowhere(url: str, opened: Opened) -> None:
    """A URL that leads nowhere is a mistake in the configuration."""
    with pytest.raises(Misconfigured):
        await ask(opened(), url)


async def test_header_bytes(opened: Opened) -> None:
    """Headers are found by lower-case names, whatever bytes are in them; those that come twice are joined."""
    sent = headed(b"X-Two: a", b"X-Two: b", b"X-Odd: caf\xe9", "X-Word: café".encode(), b"content-length: 2")
    async with Vendor(Raw(sent)) as vendor:
        answer = await ask(opened(), vendor.url)
        await whole(answer)
    assert answer.headers.get("x-two") == "a, b"
    answer.headers["x-odd"].encode()
    answer.headers["x-word"].encode()


async def test_redirect_and_cookie(opened: Opened) -> None:
    """A redirect is an answer like any other, and a cookie is not kept."""
    move = Reply(status=302, headers={"Location": "/elsewhere", "Set-Cookie": "a=b"})
    async with Vendor(move) as vendor:
        wire = opened()
        for _ in range(2):
            answer = await ask(wire, vendor.url)
            await whole(answer)
            assert answer.status == 302
    assert len(vendor.asked) == 2
    assert not any("cookie" in asked.headers for asked in vendor.asked)


PROXIED: Final = """
import asyncio, sys
from router.engine import transport
from router.contract.wire import HttpxWire
async def main():
    async with transport.client(2.0) as client:
        for wire in (client, HttpxWire(client)):
            answer = await wire.ask("GET", sys.argv[1], {}, b"")
            print(answer.status)
            await answer.body.aclose()
asyncio.run(main())
"""


async def test_no_proxy_from_the_environment() -> None:
    """Where requests go is in the configuration alone."""
    with ClosedPort() as nobody:
        names = ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
        env = {**os.environ, **dict.fromkeys(names, nobody.url), "no_proxy": ""}
        async with Vendor(Reply()) as vendor:
            command = [sys.executable, "-c", PROXIED, vendor.url]
            ran = await asyncio.to_thread(subprocess.run, command, env=env, capture_output=True, text=True)
    assert ran.stdout.split() == ["200", "200"], ran.stderr


async def test_ipv6(opened: Opened) -> None:
    """An address of IPv6 is as good as any."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(headed(b"content-length: 2"))
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "::1", 0, family=socket.AF_INET6) as server:
        port = server.sockets[0].getsockname()[1]
        assert await whole(await ask(opened(), f"http://[::1]:{port}/", "GET", b"")) == b"ok"


# Time ---------------------------------------------------------------------------------------------


def cause(caught: pytest.ExceptionInfo[ProviderFailed]) -> str:
    return type(caught.value.__cause__).__name__


async def test_refused(opened: Opened) -> None:
    """Nobody listening is told from an answer that was lost: nothing was sent."""
    with ClosedPort() as port, pytest.raises(Unavailable) as caught:
        await ask(opened(), port.url)
    assert cause(caught) == "ConnectError"
    assert unsent(caught.value)


async def test_connecting_takes_too_long(opened: Opened) -> None:
    """A connection that is not made in time is given up, and nothing was sent."""
    with NeverAccepting() as door, pytest.raises(Unavailable) as caught:
        await ask(opened(connect=0.2), door.url)
    assert cause(caught) == "ConnectTimeout"
    assert unsent(caught.value)


async def test_silence_before_the_answer(opened: Opened) -> None:
    """An answer that does not begin in time is given up; whether it was made, nobody knows."""
    async with Vendor(Stall(Reply())) as vendor:
        with pytest.raises(TimedOut) as caught:
            await ask(opened(read=0.2), vendor.url)
        await asyncio.wait_for(vendor.asked[0].over.wait(), 1)
    assert cause(caught) == "ReadTimeout"
    assert not unsent(caught.value)


async def test_silence_within_the_answer(opened: Opened) -> None:
    """An answer that stops coming is given up after what came of it."""
    async with Vendor(Reply((b"x", b"y"), pause=60)) as vendor:
        answer = await ask(opened(read=0.2), vendor.url)
        chunks = aiter(answer.body)
        assert await anext(chunks) == b"x"
        with pytest.raises(TimedOut):
            await anext(chunks)
        await answer.body.aclose()


async def test_a_slow_answer_is_no_silence(opened: Opened) -> None:
    """An answer may take as long as it likes, so long as it keeps coming."""
    async with Vendor(Reply((b"x",) * 6, pause=0.1)) as vendor:
        assert await whole(await ask(opened(read=0.3), vendor.url)) == b"x" * 6


@pytest.mark.parametrize("content", ["bytes", "stream"])
async def test_an_upload_nobody_takes(content: str) -> None:
    """A vendor that stops taking an upload is given up like one that stops answering."""
    with socket.create_server(("127.0.0.1", 0)) as deaf:  # the system connects, and nobody ever reads
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        async with transport.client(1.0, read=0.3) as client:
            with pytest.raises(TimedOut) as caught:
                await ask(client, url, content=bytes(25_000_000) if content == "bytes" else many())
    assert cause(caught) == "WriteTimeout"
    assert not unsent(caught.value)


async def test_a_slow_upload_is_no_silence() -> None:
    """An upload may take as long as it likes, so long as it is taken; then the answer has its time."""
    async with transport.client(1.0, read=0.3) as client, Vendor(Stall(Reply(b"ok"), 0.2)) as vendor:
        assert await whole(await ask(client, vendor.url, content=slow())) == b"ok"
    assert vendor.asked[0].body == b"x" * 6


async def slow() -> AsyncIterator[bytes]:
    for _ in range(6):
        await asyncio.sleep(0.1)
        yield b"x"


async def many() -> AsyncIterator[bytes]:
    for _ in range(400):
        yield bytes(65_536)


async def test_no_connection_free() -> None:
    """When all connections are taken the wait for one is as short as for making one, and the vendor is merely busy."""
    async with transport.client(0.2, connections=1) as client, Vendor(Reply((b"x", b"y"), pause=60), Reply()) as vendor:
        held = await ask(client, vendor.url)
        with pytest.raises(Busy) as caught:
            await ask(client, vendor.url)
        assert cause(caught) == "PoolTimeout"
        assert unsent(caught.value)
        await held.body.aclose()
        assert await whole(await ask(client, vendor.url)) == b""


async def test_places_are_given_back() -> None:
    """Refused, cut, cancelled or read to its end: no request keeps its connection from the next."""
    async with transport.client(0.5, connections=1) as client:
        for act in (HangUp(), Raw(b"?\r\n\r\n"), Reply(b"x" * 9, cut=3), Reply(b"fine")):
            async with Vendor(act) as vendor:
                try:
                    await whole(await ask(client, vendor.url))
                except Unavailable:
                    continue
        async with Vendor(Stall(Reply())) as vendor:
            waiting = asyncio.ensure_future(ask(client, vendor.url))
            await asyncio.sleep(0.05)
            waiting.cancel()
            await asyncio.wait({waiting})
        async with Vendor(Reply(b"fine")) as vendor:
            answer = await ask(client, vendor.url)
            assert [chunk async for chunk in answer.body] == [b"fine"]
            assert await whole(await ask(client, vendor.url)) == b"fine"


# TLS ----------------------------------------------------------------------------------------------


class Tls:
    """A server whose certificate, for the name localhost, is vouched for by nobody but `authority`."""

    def __init__(self) -> None:
        self.authority = trustme.CA()

    async def __aenter__(self) -> str:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.authority.issue_cert("localhost").configure_cert(context)
        self.server = await asyncio.start_server(self.answer, "localhost", 0, ssl=context, family=socket.AF_INET)
        return f"https://localhost:{self.server.sockets[0].getsockname()[1]}"

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(headed(b"content-length: 2"))
        writer.close()

    async def __aexit__(self, *_: object) -> None:
        self.server.close()
        await self.server.wait_closed()


async def test_a_certificate_nobody_vouches_for(opened: Opened) -> None:
    """A server that cannot prove who it is is sent nothing."""
    async with Tls() as url:
        with pytest.raises(Unavailable) as caught:
            await ask(opened(), url)
    assert cause(caught) == "ConnectError"
    assert unsent(caught.value)


async def test_a_certificate_for_somebody_else(opened: Opened) -> None:
    """A trusted certificate counts for the names in it, and no others."""
    server, trusted = Tls(), ssl.create_default_context()
    server.authority.configure_trust(trusted)
    async with server as url:
        assert await whole(await ask(opened(trusted=lambda: trusted), url, content=b"")) == b"ok"
        with pytest.raises(Unavailable):
            await ask(opened(trusted=lambda: trusted), url.replace("localhost", "127.0.0.1"))


async def test_authorities_are_read_once_and_in_a_thread(opened: Opened) -> None:
    """Streams that run meanwhile go on, and later connections are checked against the same."""
    server, trusted = Tls(), ssl.create_default_context()
    read: list[threading.Thread] = []
    server.authority.configure_trust(trusted)

    def reading() -> ssl.SSLContext:
        read.append(threading.current_thread())
        return trusted

    wire = opened(trusted=reading)
    async with server as url:
        for _ in range(2):
            assert await whole(await ask(wire, url, content=b"")) == b"ok"
    assert len(read) == 1
    assert read[0] is not threading.main_thread()


class TlsKeeper(Tls):
    """Keeps the body it is sent."""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: ([0-9]+)", head, re.IGNORECASE)
        assert length is not None
        self.body = await reader.readexactly(int(length[1]))
        writer.write(headed(b"content-length: 2"))
        writer.close()


async def test_a_file_in_cipher(opened: Opened, tmp_path: Path) -> None:
    """A file on disk goes over TLS too, where the system cannot send it by itself."""
    sound = bytes(range(256)) * 10_000
    server, trusted = TlsKeeper(), ssl.create_default_context()
    server.authority.configure_trust(trusted)
    with (tmp_path / "recording").open("w+b") as file:
        file.write(sound)
        file.flush()
        async with server as url:
            given = packed(url, {}, {"files": {"file": ("a.wav", file, "audio/wav")}})
            assert await whole(await opened(trusted=lambda: trusted).ask("POST", *given)) == b"ok"
    assert sound in server.body


async def test_a_handshake_that_stalls(opened: Opened) -> None:
    """The time to connect covers the handshake."""
    async with Vendor() as mute:
        with pytest.raises(Unavailable) as caught:
            await ask(opened(connect=0.2), mute.url.replace("http", "https"))
    assert cause(caught) == "ConnectTimeout"


# Connections --------------------------------------------------------------------------------------


async def test_a_kept_connection_that_was_closed(opened: Opened) -> None:
    """A connection that the vendor has closed meanwhile is not used again."""
    async with Vendor(Raw(headed(b"content-length: 2"))) as vendor:
        wire = opened()
        await whole(await ask(wire, vendor.url))
        await asyncio.sleep(0.05)
        assert await whole(await ask(wire, vendor.url)) == b"ok"
        assert vendor.accepted == 2


@pytest.mark.parametrize("reset", [True, False])
async def test_a_kept_connection_that_breaks(reset: bool, opened: Opened) -> None:
    """A POST whose kept connection breaks under it is not sent again by anybody but the engine."""
    async with Vendor(Reply(b"ok"), HangUp(reset=reset), Reply(b"twice")) as vendor:
        wire = opened()
        await whole(await ask(wire, vendor.url))
        with pytest.raises(Unavailable) as caught:
            await ask(wire, vendor.url)
        assert (len(vendor.asked), vendor.accepted) == (2, 1)
    assert not unsent(caught.value)


class Endless:
    """Answers for ever."""

    async def play(self, wire: Line) -> None:
        await wire.send(CHUNKED)
        while True:
            await wire.send(b"1\r\nx\r\n")
            await wire.wait(0.01)


async def test_left_within_the_answer(opened: Opened) -> None:
    """Closing an answer that is still coming cuts its connection at once; closing it again does nothing."""
    async with Vendor(Endless()) as vendor:
        answer = await ask(opened(), vendor.url)
        await anext(aiter(answer.body))
        await answer.body.aclose()
        await answer.body.aclose()
        await asyncio.wait_for(vendor.asked[0].over.wait(), AT_ONCE)
        assert vendor.asked[0].abandoned


async def test_cancelled_within_the_answer(opened: Opened) -> None:
    """A caller cancelled while it reads, and then closing, is gone at once."""
    async with Vendor(Endless()) as vendor:
        answer = await ask(opened(), vendor.url)
        reading = asyncio.ensure_future(whole(answer))
        await asyncio.sleep(0.05)
        reading.cancel()
        await asyncio.wait({reading})
        await asyncio.wait_for(vendor.asked[0].over.wait(), AT_ONCE)


async def test_cancelled_before_the_answer(opened: Opened) -> None:
    """A caller cancelled while the vendor thinks is gone at once, so that nobody works for nothing."""
    async with Vendor(Stall(Reply())) as vendor:
        waiting = asyncio.ensure_future(ask(opened(), vendor.url))
        await asyncio.sleep(0.1)
        assert vendor.asked
        waiting.cancel()
        await asyncio.wait({waiting})
        await asyncio.wait_for(vendor.asked[0].over.wait(), AT_ONCE)
        assert vendor.asked[0].abandoned


async def test_cancelled_while_connecting(opened: Opened) -> None:
    """A caller cancelled while the connection is being made leaves none behind."""
    with NeverAccepting() as door:
        waiting = asyncio.ensure_future(ask(opened(), door.url))
        await asyncio.sleep(0.1)
        assert door.waiting
        waiting.cancel()
        await asyncio.wait({waiting})
        assert door.waiting == 0


async def test_an_upload_from_disk_called_off(opened: Opened) -> None:
    """A file is read as it is sent, not before; called off, it lets go of the connection at once."""
    file = io.BytesIO(bytes(25_000_000))
    async with SlowReader() as server:
        url, headers, content = packed(server.url, {}, {"files": {"file": ("a.wav", file, "audio/wav")}})
        upload = asyncio.ensure_future(opened().ask("POST", url, headers, content))
        await server.reading.wait()
        assert file.tell() < 10_000_000
        upload.cancel()
        await asyncio.wait({upload})
        await asyncio.wait_for(server.left.wait(), AT_ONCE)
        assert connections_to(server.url) == 0


async def test_an_upload_arrives_as_announced(opened: Opened) -> None:
    """A form goes with its length, byte for byte."""
    sound = bytes(range(256)) * 20_000
    async with Vendor(Reply()) as vendor:
        file = ("a.wav", io.BytesIO(sound), "audio/wav")
        url, headers, content = packed(vendor.url, {}, {"data": {"model": "m"}, "files": {"file": file}})
        await whole(await opened().ask("POST", url, headers, content))
    (asked,) = vendor.asked
    assert int(asked.headers["content-length"]) == len(asked.body)
    assert "transfer-encoding" not in asked.headers
    assert asked.form["file"].content == sound
    assert asked.form["model"].content == b"m"
