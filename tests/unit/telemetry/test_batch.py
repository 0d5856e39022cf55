import asyncio
import subprocess
import sys
from collections.abc import Sequence

import pytest

from router.telemetry.batch import ENOUGH, HELD_FOR, Batch

Batches = list[list[int]]


def noting() -> tuple[Batch[int], Batches]:
    """Return a batch, and what it has worked on."""
    done: Batches = []

    def work(held: Sequence[int]) -> None:
        done.append(list(held))

    return Batch(work), done


def test_without_a_loop() -> None:
    """Nobody would come back later, so each event is worked on at once."""
    batch, done = noting()
    batch.hold(1)
    batch.hold(2)
    assert done == [[1], [2]]


async def test_a_moment() -> None:
    """What comes within half a second is worked on together, in order, and once."""
    batch, done = noting()
    for number in range(3):
        batch.hold(number)
    assert done == []
    await asyncio.sleep(2 * HELD_FOR)
    batch.hold(3)
    await asyncio.sleep(2 * HELD_FOR)
    assert done == [[0, 1, 2], [3]]


async def test_one_after_another() -> None:
    """Whenever an event comes, a moment later it is worked on, though clocks and timers differ a little."""
    batch, done = noting()
    for number in range(4):
        batch.hold(number)
        batch.hold(number)
        await asyncio.sleep(HELD_FOR + 0.002)
    await asyncio.sleep(2 * HELD_FOR)
    assert [number for one in done for number in one] == [number for number in range(4) for _ in range(2)]


async def test_a_crowd() -> None:
    """When there is enough it is not waited for the rest of the moment, and what comes after that is not forgotten."""
    batch, done = noting()
    for number in range(ENOUGH + 1):
        batch.hold(number)
    assert [len(one) for one in done] == [ENOUGH]
    await asyncio.sleep(2 * HELD_FOR)
    assert done[1:] == [[ENOUGH]]


def test_a_loop_that_is_gone() -> None:
    """What it did not come to is worked on with the next event."""
    batch, done = noting()

    async def hold() -> None:
        batch.hold(1)

    asyncio.run(hold())
    batch.hold(2)
    assert done == [[1, 2]]


END = """
import asyncio
import os
import sys

from router.telemetry.batch import Batch

batch = Batch(lambda held: print(*held, flush=True))


async def fail():
    batch.hold("said")
    {leave}


asyncio.run(fail())
"""


@pytest.mark.parametrize("leave", ["return", "raise ValueError", "sys.exit(3)"])
def test_the_end_of_the_process(leave: str) -> None:
    """However Python ends, what is held is worked on first."""
    ended = subprocess.run((sys.executable, "-c", END.format(leave=leave)), capture_output=True, text=True, check=False)
    assert ended.stdout == "said\n"


def test_a_fork() -> None:
    """It leaves to its parent what that holds."""
    ended = subprocess.run(
        (sys.executable, "-c", END.format(leave="os.fork() or batch.flush()")),
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout == "said\n"
