"""Answers over HTTP/1.1: how each is framed, and how one is cut that does not keep to what it said."""

import asyncio
import logging

import pytest

from router.server.connection import Scope
from tests.unit.server.wires import (
    HELLO,
    App,
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

CHUNKS = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
FAILED = b"HTTP/1.1 500 Internal Server Error\r\n"
STREAM = answering(start(), piece(b"one"), piece(b""), piece(b"three"), piece(b"", more=False))


async def test_pieces() -> None:
    """An answer without a length comes in chunks, an empty piece not being the last one."""
    call = called(STREAM)
    assert await call.say(get()) == CHUNKS + b"3\r\none\r\n5\r\nthree\r\n0\r\n\r\n"
    assert not call.wire.ended


async def test_last_piece() -> None:
    """The last chunk comes with the last piece."""
    app = answering(start(), piece(b"one", more=False))
    assert await called(app).say(get()) == CHUNKS + b"3\r\none\r\n0\r\n\r\n"


@pytest.mark.parametrize(
    "app", [answering(*whole()), answering(start(), piece(b"one", more=False))], ids=["length", "chunk"]
)
async def test_one_write(app: App) -> None:
    """An answer's head goes out with the first piece of its body: callers are woken once for both."""
    call = called(app)
    await call.say(get())
    assert call.wire.writes == 1


async def test_what_all_answers_say() -> None:
    """Every answer has what the server says of itself, such as the time."""
    call = called(answering(*whole()))
    call.state.default_headers = [(b"date", b"today")]
    assert await call.say(get()) == HELLO.replace(b"OK\r\n", b"OK\r\ndate: today\r\n")


@pytest.mark.parametrize("app", [answering(*whole()), STREAM], ids=["length", "pieces"])
async def test_head_only(app: App) -> None:
    """An answer to HEAD has the head alone, with its length if the application says that, and the connection goes on."""
    call = called(app)
    sent = await call.say(get(method="HEAD"))
    assert sent in {b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n"}
    assert not call.wire.ended
    assert (await call.say(get())).startswith(b"HTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize("status", [204, 304])
async def test_no_content(status: int) -> None:
    """An answer that has no body by its status has no chunks either."""
    call = called(answering(start(status=status), piece(b"", more=False)))
    sent = await call.say(get())
    assert sent.startswith(b"HTTP/1.1 %d " % status)
    assert sent.endswith(b"\r\n\r\n")
    assert b"chunked" not in sent
    assert not call.wire.ended


async def test_http_1_0() -> None:
    """An answer to HTTP/1.0 is ended by its length or by the connection, which it ends either way."""
    call = called(answering(*whole()))
    assert await call.say(get(version="1.0")) == HELLO.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n")
    assert call.wire.ended
    call = called(STREAM)
    assert await call.say(get(version="1.0")) == b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nonethree"
    assert call.wire.ended


@pytest.mark.parametrize("asked", [(), ("Connection: close",)])
@pytest.mark.parametrize("answered", [(), ((b"connection", b"close"),)])
async def test_close(asked: tuple[str, ...], answered: tuple[tuple[bytes, bytes], ...]) -> None:
    """Whoever wants the connection to end, caller or application: it is said once, and it ends."""
    call = called(answering(*whole(b"hello", *answered)))
    sent = await call.say(get("/", *asked))
    wanted = bool(asked or answered)
    assert sent.count(b"connection: close\r\n") == wanted
    assert sent.endswith(b"hello")
    assert call.wire.ended == wanted


async def test_framing_is_ours() -> None:
    """An application that sets `Transfer-Encoding` itself does not get it twice."""
    app = answering(start((b"transfer-encoding", b"chunked")), piece(b"one", more=False))
    assert await called(app).say(get()) == CHUNKS + b"3\r\none\r\n0\r\n\r\n"


@pytest.mark.parametrize(
    ("app", "sent"),
    [
        (answering(start(), piece(b"one")), CHUNKS + b"3\r\none\r\n"),
        (answering(start((b"content-length", b"5")), piece(b"hel")), HELLO[:-2]),
        (answering(start((b"content-length", b"5")), piece(b"hel", more=False)), HELLO[:-5]),
        (answering(start((b"content-length", b"5")), piece(b"hel"), piece(b"lo!", more=False)), HELLO[:-2]),
        (answering(start((b"content-length", b"5")), piece(b"hel"), piece(b"lo!")), HELLO[:-2]),
        (answering(start()), CHUNKS),
    ],
    ids=["no end", "no end of its length", "too short", "too long", "too long before its end", "head alone"],
)
async def test_broken(app: App, sent: bytes) -> None:
    """What does not keep to its length, or has no end, has no last chunk, is never longer than it said, and ends the connection."""
    call = called(app)
    assert await call.say(get() + get()) == sent
    assert call.wire.ended


async def test_nothing() -> None:
    """An application that answers nothing is answered for."""
    call = called(answering())
    assert (await call.say(get())).startswith(FAILED)
    assert call.wire.ended


@pytest.mark.parametrize("field", [(b"x", b"a\r\nb: c"), (b"x\n", b"a"), (b"x", b"a\0"), (b"x", b"a\r")])
async def test_two_headers_in_one(field: tuple[bytes, bytes], caplog: pytest.LogCaptureFixture) -> None:
    """A header that would be more than one line is not sent, nor is any of the answer: 500, and the log says why."""
    with caplog.at_level(logging.ERROR):
        sent = await called(answering(*whole(b"hello", field))).say(get())
    assert sent.startswith(FAILED)
    assert b"x" not in sent.partition(b"\r\n\r\n")[0].replace(b"x-", b"").replace(b"text", b"")
    assert b"hello" not in sent
    assert "the application failed" in caplog.text


@pytest.mark.parametrize("status", [99, 101, 600])
async def test_no_status(status: int) -> None:
    """A status that no answer ends with is not sent."""
    assert (await called(answering(start(status=status))).say(get())).startswith(FAILED)


@pytest.mark.parametrize(
    "app",
    [answering(piece(b"x")), answering(start(), start()), answering(*whole(), piece(b"x")), answering({"type": "x"})],
)
async def test_out_of_place(app: App, caplog: pytest.LogCaptureFixture) -> None:
    """A part of an answer that has no place is an error of the application's, and says so in the log."""
    with caplog.at_level(logging.ERROR):
        sent = await called(app).say(get())
    assert "is out of place" in caplog.text
    assert sent in {HELLO, CHUNKS} or sent.startswith(FAILED)


CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


@pytest.mark.parametrize("value", ["100-continue", "100-Continue"])
async def test_expectation(value: str) -> None:
    """A caller who asks whether to send a body is told so once the application wants it."""
    call = called(echo)
    asked = post(b"body", "/", f"Expect: {value}")
    assert await call.say(asked[:-4]) == CONTINUE
    assert await call.say(asked[-4:-2]) == b""
    assert (await call.say(asked[-2:])).endswith(b"POST / body")


async def test_expectation_that_is_not_met() -> None:
    """A caller whose body nobody wants is not told to send it; if he does all the same, it is dropped."""
    call = called(answering(*whole()))
    asked = post(b"body", "/", "Expect: 100-continue")
    assert await call.say(asked[:-4]) == HELLO
    assert await call.say(asked[-4:] + get()) == HELLO


@pytest.mark.parametrize("body", [b"", b"body"])
async def test_expectation_too_late(body: bytes) -> None:
    """A caller who has sent his body, or has his answer's head, is not told to go on."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if not body:
            await send(start())
        await body_of(receive)
        looking = asyncio.ensure_future(receive())
        assert not looking.done()

    asked = post(b"body", "/", "Expect: 100-continue")
    assert CONTINUE not in await called(app).say(asked if body else asked[:-4])


async def test_expectation_of_an_old_caller() -> None:
    """HTTP/1.0 has no answers in between."""
    asked = get("/", "Content-Length: 4", "Expect: 100-continue", version="1.0", method="POST")
    call = called(echo)
    assert await call.say(asked) == b""
    assert (await call.say(b"body")).endswith(b"POST / body")
