import asyncio
from collections.abc import AsyncIterator

import pytest

from router.contract import AudioFormat, Speech, Truncated, Unavailable
from router.web.flight import Flight
from tests.unit.web.making import Chunks


class Slow:
    """A stream that gives one chunk each time it is let."""

    def __init__(self) -> None:
        self.chunks: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.closed = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while (chunk := await self.chunks.get()) is not None:
            yield chunk

    async def aclose(self) -> None:
        self.closed += 1


class Shelf:
    """What was told at the end of a flight."""

    def __init__(self) -> None:
        self.ended: list[bytes | None] = []

    async def __call__(self, sound: bytes | None) -> None:
        self.ended.append(sound)


async def whole(speech: Speech) -> bytes:
    try:
        return b"".join([chunk async for chunk in speech.chunks])
    finally:
        await speech.chunks.aclose()


async def test_everybody_hears_all_of_it() -> None:
    """Those who come while it is spoken, and after, hear it from the beginning, and it is read once."""
    stream, shelf = Slow(), Shelf()
    flight = Flight(Speech(AudioFormat.PCM, stream), shelf)
    first, second = asyncio.create_task(whole(flight.listen())), asyncio.create_task(whole(flight.listen()))
    stream.chunks.put_nowait(b"one")
    await asyncio.sleep(0)
    third = asyncio.create_task(whole(flight.listen()))
    for chunk in (b"two", None):
        stream.chunks.put_nowait(chunk)
    assert tuple(await asyncio.gather(first, second, third)) == (b"onetwo",) * 3
    await flight.reading
    assert await whole(flight.listen()) == b"onetwo"
    assert (shelf.ended, stream.closed) == ([b"onetwo"], 1)


async def test_what_breaks_is_whole_for_nobody() -> None:
    """A stream that breaks is cut for all who listen, and is not kept."""
    shelf = Shelf()
    flight = Flight(Speech(AudioFormat.PCM, Chunks(b"one", Unavailable("reset"))), shelf)
    listeners = [asyncio.create_task(whole(flight.listen())) for _ in range(3)]
    for one in listeners:
        with pytest.raises(Truncated):
            await one
    await flight.reading
    assert shelf.ended == [None]


async def test_the_first_may_leave() -> None:
    """It goes on for those who stay, and is whole."""
    stream, shelf = Slow(), Shelf()
    flight = Flight(Speech(AudioFormat.PCM, stream), shelf)
    first, stays = flight.listen(), asyncio.create_task(whole(flight.listen()))
    stream.chunks.put_nowait(b"one")
    assert await anext(aiter(first.chunks)) == b"one"
    await first.chunks.aclose()
    await first.chunks.aclose()  # a second time changes nothing
    for chunk in (b"two", None):
        stream.chunks.put_nowait(chunk)
    assert await stays == b"onetwo"
    await flight.reading
    assert shelf.ended == [b"onetwo"]


async def test_when_all_have_left() -> None:
    """A stream that nobody wants any more is closed, and what came of it is not kept."""
    stream, shelf = Slow(), Shelf()
    flight = Flight(Speech(AudioFormat.PCM, stream), shelf)
    one, other = flight.listen(), flight.listen()
    stream.chunks.put_nowait(b"one")
    assert await anext(aiter(one.chunks)) == b"one"
    for listener in (one, other):
        await listener.chunks.aclose()
    assert flight.reading.done()
    assert (shelf.ended, stream.closed) == ([None], 1)
