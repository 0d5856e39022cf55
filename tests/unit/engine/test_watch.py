import asyncio

import pytest

from router.engine.watch import Watch


async def test_waits_that_are_short() -> None:
    """Together they may last longer than one may, and so may what lies between them."""
    watch = Watch(0.05, 10)
    for _ in range(4):
        assert await watch.wait(asyncio.sleep(0.02, "done")) == "done"
    await asyncio.sleep(0.1)
    assert await watch.wait(asyncio.sleep(0.02, "done")) == "done"
    watch.stop()


async def test_a_wait_that_is_long() -> None:
    """It ends when its own time is over, counted from its own beginning."""
    watch, loop = Watch(0.05, 10), asyncio.get_running_loop()
    await watch.wait(asyncio.sleep(0.04))
    began = loop.time()
    with pytest.raises(TimeoutError):
        await watch.wait(asyncio.sleep(10))
    assert 0.04 < loop.time() - began < 1


async def test_the_whole() -> None:
    """However short the waits, there is an end to all of them; no time left is an end at once."""
    watch = Watch(10, 0.05)

    async def wait_on() -> None:
        while True:
            await watch.wait(asyncio.sleep(0.01))

    with pytest.raises(TimeoutError):
        await wait_on()
    with pytest.raises(TimeoutError):
        await Watch(10, 0).wait(asyncio.sleep(10))


async def test_a_cancellation_from_elsewhere() -> None:
    """It stays one, and leaves no timer behind that could cancel something else."""
    watch = Watch(0.05, 10)

    async def reads() -> None:
        try:
            await watch.wait(asyncio.sleep(10))
        finally:
            watch.stop()

    task = asyncio.create_task(reads())
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert watch.timer is None
    assert not watch.rang


class LeavingError(Exception):
    """What a source makes of a cancellation."""


async def test_a_fault_on_the_way_out() -> None:
    """A source that fails when it is cancelled is told by its own error, and the task is as free as before."""

    async def failing() -> None:
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            raise LeavingError from None

    with pytest.raises(LeavingError):
        await Watch(0.01, 10).wait(failing())
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
