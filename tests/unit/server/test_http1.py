"""Connections of HTTP/1.1: whom they wait for, how long, and how they end."""

import asyncio
import json

import pytest
from uvicorn.server import ServerState

from router.loop.awake import Awake
from router.server.connection import Scope
from router.server.cycle import HELD
from router.server.http1 import Http1
from tests.unit.server.wires import (
    HELLO,
    Message,
    Receive,
    Send,
    answering,
    body_of,
    called,
    echo,
    get,
    piece,
    post,
    settled,
    start,
    whole,
)

UPLOAD = 8 * HELD
PIECE = 64 * 1024


@pytest.mark.parametrize(("asking", "held"), [(False, 0), (True, HELD)])
async def test_body_that_nobody_reads(asking: bool, held: int) -> None:
    """The caller is made to wait until the application asks, and once 256 KB are held; he sends on when it reads."""
    turn = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if asking:
            asyncio.ensure_future(receive()).cancel()
        await turn.wait()
        await echo(scope, receive, send)

    call = called(app)
    body = bytes(UPLOAD)
    asked = post(body)
    at = len(asked) - len(body)
    await call.say(asked[:at])
    while call.wire.reading:
        await call.say(asked[at : at + PIECE])
        at += PIECE
    assert held < at <= held + 2 * PIECE
    turn.set()
    await settled()
    assert call.wire.reading
    assert (await call.say(asked[at:])).endswith(b"POST / " + body)


async def test_upload_refused_early() -> None:
    """The rest of a body that was refused is dropped, however much of it, and the connection serves the next request."""
    call = called(answering(*whole()))
    asked = post(bytes(UPLOAD))
    call.put_in(asked[: 2 * HELD])  # more than is held, before the application refuses it
    assert not call.wire.reading
    assert await call.say(b"") == HELLO
    assert call.wire.reading
    assert await call.say(asked[2 * HELD :]) == b""
    assert call.wire.reading
    assert await call.say(get()) == HELLO


async def test_upload_refused_early_with_the_connection() -> None:
    """A caller who is still sending is heard out after the last answer: else his system could drop it unread."""
    call = called(answering(*whole()))
    asked = post(bytes(UPLOAD), "/", "Connection: close")
    await call.say(asked[:PIECE])
    assert (call.wire.half_closed, call.wire.closed) == (True, False)
    await call.say(asked[PIECE:])
    call.hours.passed += 31
    call.server.expire()
    assert call.wire.closed


async def test_requests_behind_one() -> None:
    """Nothing more is read while requests wait for the one before them, though that looks for more itself."""
    turn = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await body_of(receive)
        looking = asyncio.ensure_future(receive())
        await turn.wait()
        assert not looking.done()
        await answering(*whole())(scope, receive, send)

    call = called(app)
    assert await call.say(get() + get()) == b""
    assert not call.wire.reading
    turn.set()
    assert await call.say(b"") == HELLO * 2
    assert call.wire.reading


async def test_slow_reader() -> None:
    """The application waits while its caller takes less than he is sent."""
    sent: list[int] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        for number in range(5):
            await send(piece(b"x"))
            sent.append(number)

    call = called(app)
    call.put_in(get())
    call.server.pause_writing()
    await settled()
    assert not sent
    assert not call.wire.sent
    call.server.resume_writing()
    await settled()
    assert len(sent) == 5


async def test_quick_reader() -> None:
    """While its caller takes what he is sent, the application waits for nothing; so there is nothing that it could take back."""
    waits: list[bool] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for message in whole():
            sending = asyncio.ensure_future(send(message))
            waits.append(sending.cancel())

    assert await called(app).say(get()) == HELLO
    assert waits == [False, False]


async def test_sent_at_once() -> None:
    """An application can tell whether a piece has been sent: it gets a future that is done then, and a coroutine before."""
    told: list[bool] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        for _ in range(2):
            sending = send(piece(b"x"))
            told.append(isinstance(sending, asyncio.Future) and sending.done())
            call.server.pause_writing()
            asyncio.get_running_loop().call_soon(call.server.resume_writing)
            await sending

    call = called(app)
    call.put_in(get())
    await settled()
    assert told == [True, False]


async def test_slow_reader_who_leaves() -> None:
    """The application goes on at once, and sends to nobody."""
    call = called(answering(*whole()))
    call.put_in(get())
    call.server.pause_writing()
    await settled()
    assert call.state.tasks
    await call.hang_up()
    assert not call.state.tasks
    assert not call.wire.sent


@pytest.mark.parametrize("asked", [get(), post(b"body")[:-1]])
async def test_caller_who_leaves(asked: bytes) -> None:
    """Whoever receives is told at once, after the body's end or before it, and so is whoever asks again."""
    told: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        told.append((await receive())["type"])
        told.append((await receive())["type"])
        told.append((await receive())["type"])

    call = called(app)
    await call.say(asked)
    assert told == ["http.request"]
    await call.hang_up()
    assert told == ["http.request", "http.disconnect", "http.disconnect"]
    assert not call.state.connections


async def test_after_the_answer() -> None:
    """An application that receives after its answer is told that there is nothing more."""
    told: list[Message] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await body_of(receive)
        waiting = asyncio.ensure_future(receive())
        await answering(*whole())(scope, receive, send)
        told.extend([await waiting, await receive()])

    assert await called(app).say(get()) == HELLO
    assert [message["type"] for message in told] == ["http.disconnect"] * 2


async def test_one_who_no_longer_waits() -> None:
    """What comes after a receiver gave up is there for the next one."""
    turn = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        asyncio.ensure_future(receive()).cancel()
        await turn.wait()
        await echo(scope, receive, send)

    call = called(app)
    asked = post(b"body")
    await call.say(asked[:-4])
    await call.say(asked[-4:-2])
    turn.set()
    assert (await call.say(asked[-2:])).endswith(b"POST / body")


async def test_idle() -> None:
    """A connection is closed that nobody has used for 75 seconds, and none before."""
    call = called(echo)
    await call.say(get())
    call.hours.passed += 74
    call.server.expire()
    assert not call.wire.ended
    call.hours.passed += 2
    call.server.expire()
    assert call.wire.closed


@pytest.mark.parametrize("before", [b"", get()])
async def test_slow_head(before: bytes) -> None:
    """Who has not come to the end of a request's head in 30 seconds is told so, however often he says something."""
    call = called(echo)
    await call.say(before)
    call.hours.passed += 60  # since he has called, or was answered
    await call.say(get()[:4])
    for _ in range(6):
        assert call.wire.ended is False
        call.hours.passed += 5.1
        assert await call.say(b"/") == b""
        call.server.expire()
    assert b"HTTP/1.1 408 Request Timeout\r\n" in call.wire.sent
    assert call.wire.ended


async def test_rest_of_a_body_that_nobody_wants() -> None:
    """It may take 30 seconds."""
    call = called(answering(*whole()))
    await call.say(post(b"body")[:-1])
    call.hours.passed += 31
    call.server.expire()
    assert call.wire.closed


async def test_long_answer() -> None:
    """A request that is being answered has all the time it needs, its body too: what that may take others know."""
    call = called(echo)
    asked = post(b"body")
    await call.say(asked[:-1])
    call.hours.passed += 1000
    call.server.expire()
    assert (await call.say(asked[-1:])).endswith(b"body")


async def test_last_bytes_that_are_never_taken() -> None:
    """A connection that was closed, and whose caller does not read what is left, is cut in the end."""
    call = called(echo)
    await call.say(get("/", "Connection: close"))
    assert (call.wire.closed, call.wire.aborted) == (True, False)
    call.hours.passed += 31
    call.server.expire()
    assert call.wire.aborted


async def test_too_many() -> None:
    """Who comes when there are as many connections as there may be is refused; those who were there are served."""
    state = ServerState()
    first, second = called(echo, 2, state), called(echo, 2, state)
    third = called(echo, 2, state)
    head, _, body = (await third.say(get())).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
    assert b"\r\nretry-after: 1\r\n" in head
    assert json.loads(body)["error"]["code"] == "too_many_connections"
    assert third.wire.closed
    for call in (first, second):
        assert (await call.say(get())).endswith(b"GET / ")


class Told(Awake):
    """Counts what is expected to be followed by something at once."""

    times = 0

    def expect(self) -> None:
        self.times += 1


async def test_one_at_a_time() -> None:
    """The loop is to stay awake for a request that is the only one under way, and after its answer; not where there are others."""
    told, state, turn = Told(asyncio.get_running_loop()), ServerState(), asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await turn.wait()
        await echo(scope, receive, send)

    first, second = called(app, state=state), called(app, state=state)
    for call in (first, second):
        assert isinstance(call.server, Http1)
        call.server.awake = told
    await first.say(get())
    assert told.times == 1
    await second.say(get())
    assert told.times == 1
    turn.set()
    await settled()
    assert told.times == 2, "the second answer is the only one then"
    await first.say(get())
    assert told.times == 4


async def test_shutdown() -> None:
    """A connection ends with the answer that is under way; one that is idle ends at once."""
    turn = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await turn.wait()
        await echo(scope, receive, send)

    busy, idle = called(app), called(answering(*whole()))
    assert await idle.say(get()) == HELLO
    await busy.say(get("/a") + get("/b"))
    busy.server.shutdown()
    idle.server.shutdown()
    assert (busy.wire.closed, idle.wire.closed) == (False, True)
    turn.set()
    sent = await busy.say(b"")
    assert sent.endswith(b"connection: close\r\n\r\nGET /a ")
    assert busy.wire.closed


@pytest.mark.parametrize("come", [0, 10])
async def test_shutdown_before_a_request(come: int) -> None:
    """Who was let in and has not been heard out yet gets an answer, and with it the end."""
    call = called(answering(*whole()))
    call.put_in(get()[:come])
    call.server.shutdown()
    assert not call.wire.closed
    assert await call.say(get()[come:]) == HELLO.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n", 1)
    assert call.wire.closed


async def test_websocket_after_the_port_is_closed(caplog: pytest.LogCaptureFixture) -> None:
    """A conversation that could only begin now is refused, by uvicorn's own word for that."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        assert (await receive())["type"] == "websocket.connect"
        await send({"type": "websocket.accept"})
        assert (await receive())["type"] == "websocket.disconnect"

    call = called(app)
    call.server.shutdown()
    key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
    sent = await call.say(get("/ws", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", key))
    assert sent.startswith(b"HTTP/1.1 500 ")
    assert call.wire.closed
    assert not [one for one in caplog.records if one.exc_info]
