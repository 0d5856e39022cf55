import asyncio

import pytest

from router.contract import Invalid
from router.voice import Audio, AudioEnded, Event, Failed, Heard, Outbox, Partial, Replied, Said
from router.voice.outbox import Stalled


class Reader:
    """Reads one event for each `let`."""

    def __init__(self) -> None:
        self.read: list[Event] = []
        self.turns = asyncio.Semaphore(0)

    async def write(self, event: Event) -> None:
        await self.turns.acquire()
        self.read.append(event)

    def let(self, count: int) -> None:
        for _ in range(count):
            self.turns.release()


async def test_order_and_room() -> None:
    """Events are written in order; whoever tells more than there is room for waits until some are read."""
    reader = Reader()
    outbox = Outbox(reader.write, most=2)
    running = asyncio.create_task(outbox.run())
    texts = [Partial(str(number)) for number in range(6)]

    async def tell() -> None:
        for one in texts:
            await outbox.emit(one)

    telling = asyncio.create_task(tell())
    await asyncio.sleep(0.01)
    assert not telling.done()
    reader.let(2)
    await asyncio.sleep(0.01)
    assert reader.read == texts[:2]
    assert not telling.done()
    reader.let(4)
    await telling
    await outbox.written()
    assert reader.read == texts
    running.cancel()


async def test_dropping_a_reply() -> None:
    """What is left of a reply is forgotten and makes room; what else was told stays, in order."""
    reader = Reader()
    outbox = Outbox(reader.write, most=6)
    error = Failed(Invalid("no"))
    for event in (Heard("q"), Said("a"), Audio(b"12"), error, AudioEnded(), Replied("a")):
        await outbox.emit(event)

    assert outbox.drop()
    assert not outbox.drop()
    for number in range(4):
        await outbox.emit(Partial(str(number)))
    running = asyncio.create_task(outbox.run())
    reader.let(6)
    await outbox.written()
    assert reader.read == [Heard("q"), error, *(Partial(str(number)) for number in range(4))]
    running.cancel()


async def test_a_reader_who_stopped() -> None:
    """One who takes nothing for too long counts as gone."""
    outbox = Outbox(Reader().write, stalled=0.01)
    await outbox.emit(Partial("x"))
    with pytest.raises(Stalled):
        await outbox.run()
