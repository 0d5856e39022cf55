"""Writing once in a turn of the loop: what goes out together, when, and what of it when the connection ends."""

import asyncio
import logging
from collections.abc import Callable, Iterable

import pytest

from router.loop.outbox import MOST, TOGETHER, Gathering, Piece, gathering, outbox_here


class Line(asyncio.Transport):
    """A transport that keeps what was done with it, in order; it may be `broken`."""

    def __init__(self, done: list[object], *, broken: bool = False) -> None:
        super().__init__({"peername": "somebody"})
        self.done = done
        self.broken = broken
        self.closing = False

    def writelines(self, list_of_data: Iterable[Piece]) -> None:
        if self.broken:
            raise TypeError("no bytes")
        self.done.append(b"".join(list_of_data))

    def get_write_buffer_size(self) -> int:
        return 7

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.done.append("eof")

    def close(self) -> None:
        self.closing = True
        self.done.append("close")

    def abort(self) -> None:
        self.closing = True
        self.done.append("abort")

    def is_closing(self) -> bool:
        return self.closing

    def pause_reading(self) -> None:
        self.done.append("pause")

    def resume_reading(self) -> None:
        self.done.append("resume")

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.done.append(protocol)


async def turned() -> None:
    """Let a turn of the loop end, and what it left to the next one be done."""
    for _ in range(2):
        await asyncio.sleep(0)


async def test_together() -> None:
    """What several connections are given in one turn is written at its end, once for each, in order."""
    done: list[object] = []
    first, second = gathering(Line(done)), gathering(Line(done))
    first.write(b"a")
    second.writelines([b"b", b"c"])
    first.write(b"d")
    assert done == []
    await turned()
    assert done == [b"ad", b"bc"]
    first.write(b"e")
    await turned()
    assert done == [b"ad", b"bc", b"e"]


async def test_all_that_is_owed() -> None:
    """Nobody waits for the turn's end once all are there that were read for: one alone writes at once, two do with the second."""
    done: list[object] = []
    first, second, third = (gathering(Line(done)) for _ in range(3))
    outbox = outbox_here()
    outbox.owed += 1
    first.write(b"a")
    assert done == [b"a"]
    outbox.owed += 2
    first.write(b"b")
    assert done == [b"a"]
    second.write(b"c")
    assert done == [b"a", b"b", b"c"]
    third.write(b"d")
    assert done == [b"a", b"b", b"c"]
    await turned()
    assert done == [b"a", b"b", b"c", b"d"]


async def test_owed_in_vain() -> None:
    """What led to no write is forgotten with the turn: whoever waits for it does not wait for longer, nor the next one."""
    done: list[object] = []
    one = gathering(Line(done))
    outbox = outbox_here()
    outbox.owed += 2
    one.write(b"a")
    assert done == []
    await turned()
    assert done == [b"a"]
    outbox.owed += 1
    one.write(b"b")
    assert done == [b"a", b"b"]


async def test_not_too_many() -> None:
    """As soon as so many connections have something to write, they do: none of them waits for all others of a busy turn."""
    done: list[object] = []
    for number in range(TOGETHER + 1):
        gathering(Line(done)).write(b"%d" % number)
    first = [b"%d" % number for number in range(TOGETHER)]
    assert done == first
    await turned()
    assert done == [*first, b"%d" % TOGETHER]


async def test_not_too_much() -> None:
    """Whoever writes on and on without a turn of the loop is not let: what waits is written, and the rest waits anew."""
    done: list[object] = []
    line = gathering(Line(done))
    for _ in range(MOST + 2):
        line.write(b"x")
    assert done == [b"x" * (MOST + 1)]
    await turned()
    assert done == [b"x" * (MOST + 1), b"x"]


@pytest.mark.parametrize(
    ("end", "left"),
    [
        (Gathering.close, [b"ab", "close"]),
        (Gathering.write_eof, [b"ab", "eof"]),
        (Gathering.abort, ["abort"]),
        (Gathering.get_write_buffer_size, [b"ab"]),
    ],
)
async def test_ends(end: Callable[[Gathering], object], left: list[object]) -> None:
    """What waits goes out before an end, and before it is asked what the system has not taken; an abort drops it."""
    done: list[object] = []
    line = gathering(Line(done))
    line.write(b"a")
    line.write(b"b")
    assert end(line) == (7 if end is Gathering.get_write_buffer_size else None)
    assert done == left
    await turned()
    assert done == left


async def test_lost() -> None:
    """To a connection that was lost meanwhile nothing is written."""
    done: list[object] = []
    under = Line(done)
    gathering(under).write(b"a")
    under.closing = True
    await turned()
    assert done == []


async def test_one_that_fails(caplog: pytest.LogCaptureFixture) -> None:
    """A connection that cannot be written to is cut, which the log tells; the others get what is theirs."""
    broken: list[object] = []
    fine: list[object] = []
    gathering(Line(broken, broken=True)).write(b"a")
    gathering(Line(fine)).write(b"b")
    with caplog.at_level(logging.ERROR):
        await turned()
    assert (broken, fine) == (["abort"], [b"b"])
    assert "TypeError" in caplog.text


async def test_the_rest() -> None:
    """All else is the transport's own; what gathers already is not wrapped again."""
    done: list[object] = []
    under, protocol = Line(done), asyncio.Protocol()
    line = gathering(under)
    assert gathering(line) is line
    assert (line.get_extra_info("peername"), line.get_extra_info("nothing", 5)) == ("somebody", 5)
    assert (line.can_write_eof(), line.is_closing()) == (True, False)
    line.pause_reading()
    line.resume_reading()
    line.set_protocol(protocol)
    assert done == ["pause", "resume", protocol]


def test_each_loop_its_own() -> None:
    """A loop that ended leaves nothing to the next one."""
    done: list[object] = []

    async def once() -> object:
        gathering(Line(done)).write(b"a")
        await turned()
        return outbox_here()

    assert asyncio.run(once()) is not asyncio.run(once())
    assert done == [b"a", b"a"]
