"""What is read off a connection, however it comes in, and what is refused."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.server.connection import Scope
from tests.unit.server.wires import (
    HELLO,
    Receive,
    Send,
    answering,
    body_of,
    called,
    echo,
    get,
    piece,
    post,
    start,
    whole,
)

CHUNKED = "Transfer-Encoding: chunked"
SEVERAL = (
    get("/a")
    + post(b"first", "/b")
    + get("/c", CHUNKED, method="POST")
    + b"2\r\nse\r\n4;x=y\r\ncond\r\n0\r\n\r\n"
    + get("/d")
)
ANSWERS = [b"GET /a ", b"POST /b first", b"POST /c second", b"GET /d "]


def answers(sent: bytes) -> list[bytes]:
    """Take apart what `echo` answered."""
    bodies = []
    while sent:
        head, _, rest = sent.partition(b"\r\n\r\n")
        length = int(head.partition(b"content-length: ")[2].split()[0])
        bodies.append(rest[:length])
        sent = rest[length:]
    return bodies


async def test_several_at_once() -> None:
    """Requests that come in one piece are answered in their order, with bodies of a length or in chunks."""
    call = called(echo)
    assert answers(await call.say(SEVERAL)) == ANSWERS
    assert not call.wire.ended


async def test_byte_by_byte() -> None:
    """The same requests one byte at a time get the same answers."""
    call = called(echo)
    assert answers(b"".join([await call.say(bytes([one])) for one in SEVERAL])) == ANSWERS


@settings(max_examples=50, deadline=None)
@given(cuts=st.sets(st.integers(1, len(SEVERAL) - 1), max_size=12))
async def test_any_pieces(cuts: set[int]) -> None:
    """It does not matter where what comes is cut."""
    call = called(echo)
    ends = [*sorted(cuts), len(SEVERAL)]
    for begin, end in zip([0, *ends], ends, strict=False):
        call.put_in(SEVERAL[begin:end])
    assert answers(await call.say(b"")) == ANSWERS


async def test_scope() -> None:
    """The application is told of a request what ASGI says, names of headers in small letters."""
    seen: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope)
        await echo(scope, receive, send)

    await called(app).say(get("/a%20b?c=%20", "X-Y: Z"))
    assert seen == [
        {
            "type": "http", "asgi": {"version": "3.0", "spec_version": "2.5"}, "http_version": "1.1", "scheme": "http",
            "method": "GET", "path": "/a b", "raw_path": b"/a%20b", "query_string": b"c=%20", "root_path": "",
            "headers": [(b"host", b"here"), (b"x-y", b"Z")], "client": ("192.0.2.7", 5555), "server": ("192.0.2.1", 8000),
            "state": {},
        }
    ]  # fmt: skip


async def test_trailers() -> None:
    """What follows a body does not become a header of its request: nobody looks at headers so late."""
    seen: list[object] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await body_of(receive)
        seen.extend(scope["headers"])
        await answering(*whole())(scope, receive, send)

    asked = get("/", CHUNKED, method="POST") + b"0\r\nAuthorization: Bearer stolen\r\n\r\n"
    assert await called(app).say(asked) == HELLO
    assert seen == [(b"host", b"here"), (b"transfer-encoding", b"chunked")]


HEAD = b"POST / HTTP/1.1\r\nHost: a\r\n"
REFUSED = {
    "no HTTP": b"\x16\x03\x01\x02\x00",
    "no method": b"HELLO / HTTP/1.1\r\nHost: a\r\n\r\n",
    "method in small letters": b"get / HTTP/1.1\r\nHost: a\r\n\r\n",
    "no target": b"GET nowhere HTTP/1.1\r\nHost: a\r\n\r\n",
    "space in the target": b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
    "target beyond ASCII": b"GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n",
    "path that is not UTF-8": b"GET /%ff HTTP/1.1\r\nHost: a\r\n\r\n",
    "tunnel": b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
    "tunnel to a path": b"CONNECT /a HTTP/1.1\r\nHost: a\r\n\r\n",
    "unheard of version": b"GET / HTTP/1.2\r\nHost: a\r\n\r\n",
    "length and chunks": HEAD + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks and length": HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
    "two lengths": HEAD + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    "the same length twice": HEAD + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
    "list of lengths": HEAD + b"Content-Length: 3, 3\r\n\r\nabc",
    "length with a sign": HEAD + b"Content-Length: +3\r\n\r\nabc",
    "chunks not last": HEAD + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    "no chunks": HEAD + b"Transfer-Encoding: gzip\r\n\r\n0\r\n\r\n",
    "nearly chunked": HEAD + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunked twice": HEAD + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "bare LF": b"GET / HTTP/1.1\nHost: a\n\n",
    "bare LF after a header": b"GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n",
    "bare CR": b"GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n",
    "folded header": b"GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n",
    "space before the colon": b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
    "header without a name": b"GET / HTTP/1.1\r\n: a\r\n\r\n",
    "header without a colon": b"GET / HTTP/1.1\r\nHost\r\n\r\n",
    "null byte in a header": b"GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n",
    "chunk ended by LF": HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\nx\r\n0\r\n\r\n",
    "chunk longer than it says": HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\nxy\r\n0\r\n\r\n",
    "chunk with 0x": HEAD + b"Transfer-Encoding: chunked\r\n\r\n0x1\r\nx\r\n0\r\n\r\n",
    "endless chunk": HEAD + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nx\r\n0\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "two hosts": HEAD + b"Host: b\r\n\r\n",
    "the same host twice": HEAD + b"Host: a\r\n\r\n",
    "two hosts in HTTP/1.0": b"GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n",
}  # fmt: skip


@pytest.mark.parametrize("asked", REFUSED.values(), ids=REFUSED)
async def test_malformed(asked: bytes) -> None:
    """It is refused with 400 and an error in JSON, and the connection ends; two servers could read it as different requests."""
    call = called(echo)
    head, _, body = (await call.say(asked)).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"connection: close" in head
    assert json.loads(body)["error"]["code"] == "malformed_request"
    assert call.wire.ended
    assert await call.say(get()) == b""


async def test_no_host_in_http_1_0() -> None:
    """There it need not be named (RFC 9112, section 3.2)."""
    assert b"GET / " in await called(echo).say(b"GET / HTTP/1.0\r\n\r\n")


async def test_another_version() -> None:
    """HTTP/2 without its preface is not spoken, nor HTTP/0.9."""
    for line in (b"GET / HTTP/2.0\r\n\r\n", b"GET /\r\n\r\n"):
        assert (await called(echo).say(line)).startswith(b"HTTP/1.1 505 ")


BOUNDED = {
    "headers": get("/", *(f"X-{number}: y" for number in range(128))),
    "header": get("/", f"X: {'y' * 65_536}"),
    "target": get("/" + "y" * 65_536),
    "header without an end": get("/", f"X: {'y' * 100_000}")[:-4],
    "trailer without an end": get("/", CHUNKED, method="POST") + b"0\r\nX: " + b"y" * 400_000,
    "trailers without an end": get("/", CHUNKED, method="POST") + b"0\r\n" + b"X: y\r\n" * 70_000,
    "chunk's extension without an end": get("/", CHUNKED, method="POST") + b"1;x=" + b"y" * 400_000,
}


@pytest.mark.parametrize("size", [256 * 1024, 1000])
@pytest.mark.parametrize("asked", BOUNDED.values(), ids=BOUNDED)
async def test_too_long(asked: bytes, size: int) -> None:
    """128 headers and 64 KB of what is no body are the most, and one read more of what has no end."""
    call = called(echo)
    for begin in range(0, len(asked), size):
        call.put_in(asked[begin : begin + size])
    assert call.wire.sent.startswith(b"HTTP/1.1 431 Request Header Fields Too Large\r\n")
    assert call.wire.ended


async def test_as_long_as_may_be() -> None:
    """A head that is just short enough is served, also when other requests and a long body come with it."""
    longest = get("/", *(f"X-{number:03}: {'y' * 500}" for number in range(127)))
    call = called(echo)
    assert [len(one) for one in answers(await call.say(post(b"x" * 150_000) + longest))] == [150_007, 6]


async def test_whole_url() -> None:
    """Who takes us for a proxy is served for the path in his URL."""
    call = called(echo)
    assert answers(await call.say(get("http://there:80/a?b=c") + get("http://there"))) == [b"GET /a ", b"GET / "]


async def test_upgrade_to_http2() -> None:
    """Java's client offers HTTP/2 with each first request: it is answered as it came, its body included, and goes on."""
    call = called(echo)
    offer = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__")
    asked = post(b"body", "/a", *offer) + get("/b")
    assert answers(await call.say(asked)) == [b"POST /a body", b"GET /b "]
    assert answers(b"".join([await call.say(bytes([one])) for one in asked])) == [b"POST /a body", b"GET /b "]
    assert not call.wire.ended


async def test_websocket_behind_a_request() -> None:
    """Who asks for a WebSocket while he is being answered gets his answer, and no WebSocket."""
    socket = get("/ws", "Connection: Upgrade", "Upgrade: websocket")
    call = called(echo)
    assert answers(await call.say(get("/a") + socket)) == [b"GET /a "]
    assert call.wire.ended


async def test_malformed_behind_others() -> None:
    """Requests that came before it are answered, and then the connection ends."""
    call = called(echo)
    assert answers(await call.say(get("/a") + get("/b") + b"nonsense\r\n\r\n")) == [b"GET /a ", b"GET /b "]
    assert call.wire.ended


async def test_body_malformed_behind_others() -> None:
    """A request whose body breaks before its turn does not reach the application, those before it do."""
    call = called(echo)
    broken = get("/b", CHUNKED, method="POST") + b"nonsense\r\n"
    assert answers(await call.say(get("/a") + broken)) == [b"GET /a "]
    assert call.wire.ended


async def test_body_malformed() -> None:
    """A body that breaks while the application waits for it: the caller hears 400, the application that he is gone."""
    told = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        told.extend([await receive(), await receive()])
        await send(start())
        await send(piece(b"too late", more=False))

    call = called(app)
    assert await call.say(get("/", CHUNKED, method="POST") + b"1\r\na\r\n") == b""
    sent = await call.say(b"nonsense")
    assert sent.startswith(b"HTTP/1.1 400 ")
    assert b"too late" not in sent
    assert (call.wire.half_closed, call.wire.closed) == (True, False)
    assert [message["type"] for message in told] == ["http.request", "http.disconnect"]


async def test_more_after_the_last() -> None:
    """What follows a request with `Connection: close` is nobody's, and does not cost it its answer."""
    call = called(echo)
    assert answers(await call.say(get("/a", "Connection: close") + get("/b"))) == [b"GET /a "]
    assert call.wire.ended


async def test_too_many_waiting() -> None:
    """64 requests may wait for one, so that a caller cannot fill the memory with small ones: the others are dropped."""
    call = called(echo)
    call.put_in(get() * 500)
    assert len(answers(b"".join([await call.say(b"") for _ in range(10)]))) == 65
    assert call.wire.ended
