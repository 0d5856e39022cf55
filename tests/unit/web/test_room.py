import asyncio
from collections.abc import Callable

import pytest

from router.web.room import Lease, Room

NEVER = 1.0
"""Bytes a second of a disk so slow that nobody would rather take it."""


async def taken(room: Room, size: int) -> Lease:
    """Take a place that stays taken."""
    async with room.place(size) as lease:
        assert lease is not None
    return lease


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def eventually(fine: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not fine():  # noqa: ASYNC110 - a room tells nobody
            await asyncio.sleep(0.001)


async def test_as_long_as_there_is_room() -> None:
    """Bytes are given out until there are none; what can never fit is not waited for."""
    room = Room(10, NEVER)
    first, second = await taken(room, 6), await taken(room, 4)
    assert room.free == 0
    first.end()
    first.end()
    assert room.free == 6
    second.end()
    async with room.place(11) as lease:
        assert (room.free, lease) == (10, None)


async def test_in_order() -> None:
    """Who came first is next, though there be room for one who wants less."""
    room, order = Room(10, NEVER), []

    async def wanting(size: int) -> None:
        lease = await taken(room, size)
        order.append(size)
        lease.end()

    first = await taken(room, 6)
    waiting = [asyncio.create_task(wanting(size)) for size in (8, 3, 10)]
    await settled()
    assert order == []
    first.end()
    await asyncio.gather(*waiting)
    assert (order, room.free) == ([8, 3, 10], 10)


async def test_nobody_leaves() -> None:
    """Nobody waits for longer than a disk would take while nobody leaves; whoever comes behind him has his place."""
    room = Room(10, disk=100.0)
    first = await taken(room, 8)

    async def wanting() -> Lease | None:
        async with room.place(3) as lease:
            return lease

    second = asyncio.create_task(wanting())
    await asyncio.sleep(0.02)
    third = asyncio.create_task(taken(room, 2))
    async with asyncio.timeout(10):
        assert await second is None
        assert (await third).granted
    assert room.free == 0
    first.end()
    assert room.free == 8


async def test_few_on_the_disk() -> None:
    """Not all who wait go by the disk at once: who does makes it slower for the next, who may have his turn meanwhile."""
    room, on_disk, done = Room(10, disk=100.0), 0, asyncio.Event()

    async def wanting() -> Lease | None:
        nonlocal on_disk
        async with room.place(10) as lease:
            on_disk += lease is None
            await done.wait()
        return lease

    first = await taken(room, 10)
    waiting = [asyncio.create_task(wanting()) for _ in range(5)]
    await eventually(lambda: on_disk > 0)
    first.end()
    await settled()
    assert (on_disk < 5, room.free) == (True, 0)
    done.set()
    leases = [one.result() for one in (await asyncio.wait(waiting, timeout=0.05))[0]]
    assert [lease.granted for lease in leases if lease] == [True]
    for one in waiting:
        one.cancel()


async def test_while_others_leave() -> None:
    """Somebody waits on as long as others leave meanwhile, be it for many times what a disk would take."""
    room = Room(10, disk=100.0)
    held = [await taken(room, 1) for _ in range(10)]
    waiting = asyncio.create_task(taken(room, 10))
    for lease in held:
        await asyncio.sleep(0.05)
        lease.end()
    async with asyncio.timeout(10):
        assert (await waiting).granted
    assert room.free == 0


@pytest.mark.parametrize("granted", [False, True])
async def test_who_goes_away(granted: bool) -> None:
    """A caller who goes while he waits takes nothing with him, not even where it has just become his turn."""
    room = Room(10, NEVER)
    first = await taken(room, 10)
    waiting = asyncio.create_task(taken(room, 5))
    await settled()
    if granted:
        first.end()
    waiting.cancel()
    await asyncio.wait({waiting})
    first.end()
    assert (waiting.cancelled(), room.free) == (True, 10)
