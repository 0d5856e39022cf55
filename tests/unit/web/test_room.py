import asyncio

import pytest

from router.web.room import Lease, Room

NEVER = 1.0
"""Bytes a second of a disk so slow that nobody would rather take it."""


async def taken(room: Room, size: int) -> Lease:
    lease = await room.take(size)
    assert lease is not None
    return lease


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_as_long_as_there_is_room() -> None:
    """Bytes are given out until there are none; what can never fit is not waited for."""
    room = Room(10, NEVER)
    first, second = await taken(room, 6), await taken(room, 4)
    assert room.free == 0
    first.end()
    first.end()
    assert room.free == 6
    second.end()
    assert (room.free, await room.take(11)) == (10, None)


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
    second = asyncio.create_task(room.take(3))
    await asyncio.sleep(0.02)
    third = asyncio.create_task(taken(room, 2))
    async with asyncio.timeout(10):
        assert await second is None
        assert (await third).granted
    assert room.free == 0
    first.end()
    assert room.free == 8


async def test_while_others_leave() -> None:
    """Somebody waits on as long as others leave meanwhile, be it for many times what a disk would take."""
    room = Room(10, disk=100.0)
    held = [await taken(room, 1) for _ in range(10)]
    waiting = asyncio.create_task(room.take(10))
    for lease in held:
        await asyncio.sleep(0.05)
        lease.end()
    async with asyncio.timeout(10):
        assert (await waiting) is not None
    assert room.free == 0


@pytest.mark.parametrize("granted", [False, True])
async def test_who_goes_away(granted: bool) -> None:
    """A caller who goes while he waits takes nothing with him, not even where it has just become his turn."""
    room = Room(10, NEVER)
    first = await taken(room, 10)
    waiting = asyncio.create_task(room.take(5))
    await settled()
    if granted:
        first.end()
    waiting.cancel()
    await asyncio.wait({waiting})
    first.end()
    assert (waiting.cancelled(), room.free) == (True, 10)
