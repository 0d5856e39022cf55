import asyncio
import socket

import pytest

from router.contract import TimedOut, Unavailable, unsent
from router.testing.acts import Reply, Stall
from router.testing.vendor import Vendor
from tests.unit.engine.wire.asking import CHUNKED, FINE, OK, Endless, Says, ask, cause, whole
from tests.unit.engine.wire.conftest import Opened

SOUND = bytes(48_000)


async def test_kept(opened: Opened) -> None:
    """A connection serves one request after the other, each with its own answer."""
    async with Vendor(*(Reply(b"%d" % number) for number in range(5))) as vendor:
        wire = opened()
        assert [await whole(await ask(wire, vendor.url)) for _ in range(5)] == [b"0", b"1", b"2", b"3", b"4"]
        assert vendor.accepted == 1


async def test_free_before_it_is_read(opened: Opened) -> None:
    """What has come to its end needs no connection any more: another request may use it, and neither mixes them up."""
    async with Vendor(Says(FINE), Says(OK + b"content-length: 4\r\n\r\nnext")) as vendor:
        wire = opened(connections=1)
        first = await ask(wire, vendor.url)
        second = await ask(wire, vendor.url)
        await first.body.aclose()
        assert await whole(second) == b"next"
        assert await whole(first) == b"ok"
        assert vendor.accepted == 1


@pytest.mark.parametrize(
    "said",
    [
        (FINE + FINE,),
        (FINE, FINE),
        (FINE, b"\r\n"),
        (FINE.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n"),),
        (FINE.replace(b"1.1", b"1.0"),),
    ],
    ids=["at once", "later", "an empty line", "it says so", "HTTP/1.0"],
)
async def test_not_kept(said: tuple[bytes, ...], opened: Opened) -> None:
    """A connection on which anything was said unasked, or that is said to end, serves no other request."""
    async with Vendor(Says(*said), Says(OK + b"content-length: 4\r\n\r\nnext")) as vendor:
        wire = opened()
        assert await whole(await ask(wire, vendor.url)) == b"ok"
        await asyncio.sleep(0.06)
        assert await whole(await ask(wire, vendor.url)) == b"next"
        assert vendor.accepted == 2


async def test_said_unasked_and_not_yet_seen(opened: Opened) -> None:
    """What lies unread in the system when a request is to be sent is no answer to it, though the loop has not seen it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        wire, url = opened(), f"http://127.0.0.1:{listening.getsockname()[1]}"
        asked = asyncio.ensure_future(ask(wire, url))
        one, _ = await asyncio.to_thread(listening.accept)
        with one:
            await asyncio.to_thread(one.recv, 4096)
            one.sendall(FINE)
            await whole(await asked)
            one.sendall(FINE.replace(b"ok", b"no"))
            again = asyncio.ensure_future(ask(wire, url))
            other, _ = await asyncio.to_thread(listening.accept)
        with other:
            await asyncio.to_thread(other.recv, 4096)
            other.sendall(FINE)
            assert await whole(await again) == b"ok"


async def test_as_it_comes(opened: Opened) -> None:
    """An answer is handed on in the pieces in which it was read, not joined and not cut further."""
    async with Vendor(Reply(SOUND), Reply((b"a", b"b", b"c"), pause=0.05, chunked=True)) as vendor:
        wire = opened()
        answer = await ask(wire, vendor.url)
        chunks = [chunk async for chunk in answer.body]
        assert sum(map(len, chunks)) == len(SOUND)
        assert len(chunks) <= 4
        answer = await ask(wire, vendor.url)
        assert [chunk async for chunk in answer.body] == [b"a", b"b", b"c"]


@pytest.mark.parametrize(("length", "most"), [(1, 2), (4_000, 2), (20_000, 12)])
async def test_small_pieces_that_came_together(length: int, most: int, opened: Opened) -> None:
    """A vendor that cuts its sound very small does not make us hand on each crumb; large pieces are not copied."""
    piece = b"%x\r\n%b\r\n" % (length, bytes(length))
    async with Vendor(Says(CHUNKED, piece * 12 + b"0\r\n\r\n")) as vendor:
        answer = await ask(opened(), vendor.url)
        await asyncio.sleep(0.1)
        chunks = [chunk async for chunk in answer.body]
        assert b"".join(chunks) == bytes(length * 12)
        assert len(chunks) <= most


async def test_a_reader_who_is_slow(opened: Opened) -> None:
    """A vendor is made to wait for a reader who does not read, and no silence is held against it meanwhile."""
    flood = Endless(CHUNKED, b"10000\r\n" + bytes(65_536) + b"\r\n")
    async with Vendor(flood) as vendor:
        answer = await ask(opened(read=0.2), vendor.url)
        chunks = aiter(answer.body)
        await anext(chunks)
        await asyncio.sleep(0.5)
        stuck = flood.sent
        await asyncio.sleep(0.1)
        assert flood.sent == stuck
        for _ in range(100):
            await anext(chunks)
        assert flood.sent > stuck
        await answer.body.aclose()


async def test_a_reader_who_gives_up_and_comes_back(opened: Opened) -> None:
    """A wait for the next piece may be called off and begun anew."""
    async with Vendor(Reply((b"a", b"b"), pause=0.2)) as vendor:
        answer = await ask(opened(), vendor.url)
        chunks = aiter(answer.body)
        assert await anext(chunks) == b"a"
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(chunks), 0.05)
        assert await anext(chunks) == b"b"
        with pytest.raises(StopAsyncIteration):
            await anext(chunks)


async def test_silence_counts_anew_for_each_request(opened: Opened) -> None:
    """A connection's earlier silences are forgotten, and its own is noticed in time."""
    async with Vendor(Stall(Reply(b"ok"), 0.2), Stall(Reply(b"ok"), 0.2), Stall(Reply())) as vendor:
        wire, loop = opened(read=0.3), asyncio.get_running_loop()
        for _ in range(2):
            assert await whole(await ask(wire, vendor.url)) == b"ok"
        begun = loop.time()
        with pytest.raises(TimedOut) as caught:
            await ask(wire, vendor.url)
        assert 0.29 < loop.time() - begun < 0.5
    assert cause(caught) == "ReadTimeout"


async def test_closed_as_soon_as_made(opened: Opened) -> None:
    """A vendor that hangs up before it was sent anything has been sent nothing."""

    def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        with pytest.raises(Unavailable) as caught:
            await ask(opened(), url)
    assert unsent(caught.value) == (cause(caught) == "ConnectError")


async def test_two_readers(opened: Opened) -> None:
    """An answer has one reader at a time; a second one is a mistake of ours."""
    async with Vendor(Reply((b"", b"x"), pause=60)) as vendor:
        answer = await ask(opened(), vendor.url)
        first = asyncio.ensure_future(whole(answer))
        await asyncio.sleep(0.01)
        with pytest.raises(RuntimeError):
            await anext(aiter(answer.body))
        first.cancel()
        await asyncio.wait({first})


async def test_left_and_read_on(opened: Opened) -> None:
    """An answer that was closed before its end has none."""
    async with Vendor(Reply((b"a", b"b"), pause=60)) as vendor:
        answer = await ask(opened(), vendor.url)
        chunks = aiter(answer.body)
        await anext(chunks)
        await answer.body.aclose()
        with pytest.raises(Unavailable):
            await anext(chunks)
