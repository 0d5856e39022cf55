import asyncio

import pytest

from router.contract import Busy, Unavailable
from router.engine.wire.direct import Direct
from router.testing.acts import Reply, Stall
from router.testing.stuck import connections_to
from router.testing.vendor import Vendor
from tests.unit.engine.wire.asking import OK, Says, ask, cause, whole
from tests.unit.engine.wire.conftest import Opened


async def test_idle_for_too_long(opened: Opened) -> None:
    """A connection that nobody needs is closed after a while, though nobody asks for another."""
    async with Vendor(Reply(b"ok")) as vendor:
        wire = opened(idle=0.1)
        await whole(await ask(wire, vendor.url))
        assert vendor.open == 1
        await asyncio.sleep(0.2)
        assert vendor.open == 0
        assert await whole(await ask(wire, vendor.url)) == b"ok"
        assert vendor.accepted == 2


async def test_first_come_first_served(opened: Opened) -> None:
    """Whoever waits longest for a connection gets the next one, also before one who has only just come."""
    served: list[int] = []
    async with Vendor(Stall(Reply(b"ok"), 0.02)) as vendor:
        wire = opened(connections=1)

        async def one(number: int) -> None:
            await whole(await ask(wire, vendor.url))
            served.append(number)

        await asyncio.gather(*(one(number) for number in range(6)))
        assert vendor.accepted == 1
    assert served == sorted(served)


async def test_no_more_than_there_may_be(opened: Opened) -> None:
    """So many connections are open at most, and those kept for one vendor make room for another's."""
    async with Vendor(Stall(Reply(b"ok"), 0.01)) as one, Vendor(Reply(b"ok")) as other:
        wire = opened(connections=3)
        await asyncio.gather(*(asked_and_read(wire, one.url) for _ in range(3)))
        assert one.open == 3
        await asyncio.gather(*(asked_and_read(wire, other.url) for _ in range(3)))
        await asyncio.sleep(0.02)
        assert one.open + other.open <= 3


async def test_a_wait_that_is_called_off(opened: Opened) -> None:
    """Who stops waiting for a connection does not take one, and keeps nobody else from it."""
    async with Vendor(Reply((b"a", b"b"), pause=60), Reply(b"ok")) as vendor:
        wire = opened(connections=1)
        held = await ask(wire, vendor.url)
        waiting = asyncio.ensure_future(ask(wire, vendor.url))
        await asyncio.sleep(0.01)
        waiting.cancel()
        await asyncio.wait({waiting})
        await held.body.aclose()
        assert await whole(await ask(wire, vendor.url)) == b"ok"
        assert len(vendor.asked) == 2


async def test_the_wait_has_its_bound(opened: Opened) -> None:
    """A wait for a free connection ends in time, and says what it was."""
    async with Vendor(Stall(Reply())) as vendor:
        wire = opened(connect=0.1, connections=1)
        first = asyncio.ensure_future(ask(wire, vendor.url))
        await asyncio.sleep(0.02)
        with pytest.raises(Busy) as caught:
            await ask(wire, vendor.url)
        first.cancel()
        await asyncio.wait({first})
    assert cause(caught) == "PoolTimeout"


async def test_closed_under_an_answer(opened: Opened) -> None:
    """Closing the client ends what is under way by a fault, leaves no connection, and no request comes after it."""
    async with Vendor(Reply((b"a", b"b"), pause=60)) as vendor:
        wire = opened()
        answer = await ask(wire, vendor.url)
        await wire.close()
        with pytest.raises(Unavailable):
            await whole(answer)
        await asyncio.wait_for(vendor.asked[0].over.wait(), 1)
        assert connections_to(vendor.url) == 0
        with pytest.raises(RuntimeError):
            await ask(wire, vendor.url)


async def test_closed_under_an_answer_without_bounds(opened: Opened) -> None:
    """What ends because we close the client has not come to its end, though nothing else would have marked it."""
    async with Vendor(Says(OK + b"\r\nok")) as vendor:
        wire = opened()
        answer = await ask(wire, vendor.url)
        chunks = aiter(answer.body)
        assert await anext(chunks) == b"ok"
        await wire.close()
        with pytest.raises(Unavailable):
            await anext(chunks)


async def asked_and_read(wire: Direct, url: str) -> bytes:
    return await whole(await ask(wire, url))
