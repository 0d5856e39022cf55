"""Pieces that are handed on as they come, nobody being woken for each."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from router.contract import TimedOut, Unavailable
from router.engine.wire.direct import Stream
from router.testing.acts import Act
from router.testing.vendor import Vendor
from tests.unit.engine.making import taking
from tests.unit.engine.wire.asking import CHUNKED, OK, Says, ask, cause
from tests.unit.engine.wire.conftest import Opened

END = b"0\r\n\r\n"
LONG = 1024 * 1024


def chunk(piece: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(piece), piece)


@asynccontextmanager
async def begun(opened: Opened, *acts: Act, read: float = 5.0) -> AsyncIterator[Stream]:
    """Ask, and read the first piece."""
    async with Vendor(*acts) as vendor:
        answer = await ask(opened(read=read), vendor.url)
        assert isinstance(answer.body, Stream)
        assert await anext(answer.body)
        yield answer.body
        await answer.body.aclose()


async def test_until_the_end(opened: Opened) -> None:
    """Pieces go by as they come; whoever poured is woken to learn of the end, and only then."""
    came: list[bytes] = []
    pieces = [chunk(b"%d" % number) for number in range(5)]
    async with begun(opened, Says(CHUNKED + chunk(b"first"), *pieces, END)) as body:
        await body.pour(taking(came))
        assert b"".join(came) == b"01234"
        assert [piece async for piece in body] == []
        assert body.over


async def test_the_last_piece_is_asked_for(opened: Opened) -> None:
    """A piece that came with the end is not handed on: its reader can say that it is the last."""
    came: list[bytes] = []
    async with begun(opened, Says(CHUNKED + chunk(b"first"), chunk(b"last") + END)) as body:
        await body.pour(taking(came))
        assert came == []
        assert [(piece, body.over) async for piece in body] == [(b"last", True)]


async def test_what_is_not_taken_is_kept(opened: Opened) -> None:
    """Who cannot take a piece gets it by asking, whole and in its turn."""
    came: list[bytes] = []
    pieces = [chunk(b"%d" % number) for number in range(4)]
    async with begun(opened, Says(CHUNKED + chunk(b"first"), *pieces, END)) as body:
        await body.pour(taking(came, most=2))
        assert came == [b"0", b"1"]
        await body.pour(taking(came))  # there is one that has to be asked for first
        assert came == [b"0", b"1"]
        assert b"".join([piece async for piece in body]) == b"23"


async def test_more_than_is_held(opened: Opened) -> None:
    """What is taken is not held: a vendor is not made to wait for a reader who would never come."""
    came: list[bytes] = []
    sized = OK + b"content-length: %d\r\n\r\n" % (LONG + 1)
    async with begun(opened, Says(sized + b"a", bytes(LONG))) as body, asyncio.timeout(5):
        await body.pour(taking(came))
        assert sum(map(len, came)) > LONG // 2
        came += [piece async for piece in body]
    assert b"".join(came) == bytes(LONG)


async def test_a_break(opened: Opened) -> None:
    """A stream that breaks says so to who asks next."""
    came: list[bytes] = []
    async with begun(opened, Says(CHUNKED + chunk(b"first"), chunk(b"a"), b"nonsense")) as body:
        await body.pour(taking(came))
        assert came == [b"a"]
        with pytest.raises(Unavailable) as caught:
            await anext(body)
    assert cause(caught) == "RemoteProtocolError"


async def test_silence(opened: Opened) -> None:
    """Each piece is a sign of life; without one for too long there is a fault, as for any reader."""
    came: list[bytes] = []
    says = Says(CHUNKED + chunk(b"first"), *[chunk(b"%d" % number) for number in range(8)])
    async with begun(opened, says, read=0.12) as body:
        await body.pour(taking(came))
        assert b"".join(came) == b"01234567"  # which take twice as long as a silence may
        with pytest.raises(TimedOut):
            await anext(body)


async def test_a_defect_of_whoever_takes(opened: Opened) -> None:
    """It is his: the event loop does not see it, and the stream goes on if anybody reads it."""

    def take(piece: bytes) -> bool:
        raise ZeroDivisionError(piece)

    async with begun(opened, Says(CHUNKED + chunk(b"first"), chunk(b"a"), chunk(b"b"), END)) as body:
        with pytest.raises(ZeroDivisionError):
            await body.pour(take)
        assert b"".join([piece async for piece in body]) == b"b"


async def test_who_is_cancelled(opened: Opened) -> None:
    """Nothing is handed on any more from then on; what comes is kept."""
    came: list[bytes] = []
    pieces = [chunk(b"%d" % number) for number in range(3)]
    async with begun(opened, Says(CHUNKED + chunk(b"first"), *pieces, END)) as body:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.045):  # one piece comes in that
                await body.pour(taking(came))
        assert b"".join(came + [piece async for piece in body]) == b"012"
        assert len(came) < 3
