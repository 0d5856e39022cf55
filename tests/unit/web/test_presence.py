import asyncio
from typing import Any

import pytest

from router.web.presence import CallerLeft, Presence


class Line:
    """A connection whose end the test decides."""

    def __init__(self) -> None:
        self.events: asyncio.Queue[Any] = asyncio.Queue()

    async def receive(self) -> Any:
        return await self.events.get()

    def close(self) -> None:
        self.events.put_nowait({"type": "http.request"})
        self.events.put_nowait({"type": "http.disconnect"})


async def test_a_caller_who_stays() -> None:
    """A block that ends by itself ends well, and nobody watches any longer."""
    line = Line()
    with Presence(line.receive, grace=0.0) as presence:
        await asyncio.sleep(0.01)
        watch = presence.watch
        assert watch is not None
        assert not watch.done()
    await asyncio.sleep(0)
    assert watch.cancelled()


async def test_a_block_that_is_short() -> None:
    """Of what is over within the grace nobody looks whether the caller is still there, then or later."""

    def receive() -> Any:
        raise AssertionError("looked")

    with Presence(receive, grace=0.02) as presence:
        await asyncio.sleep(0)
    await asyncio.sleep(0.04)
    assert presence.watch is None


async def test_a_caller_who_left_early() -> None:
    """Who has left before the first look is missed at that look."""
    line = Line()
    line.close()
    loop = asyncio.get_running_loop()
    began = loop.time()
    with pytest.raises(CallerLeft), Presence(line.receive, grace=0.02):
        await asyncio.sleep(10)
    assert 0.01 < loop.time() - began < 1


async def test_a_caller_who_leaves() -> None:
    """A caller who leaves cancels the block, and it is told apart from any other cancellation."""
    line = Line()

    async def work() -> None:
        with Presence(line.receive, grace=0.0):
            line.close()
            await asyncio.Event().wait()

    with pytest.raises(CallerLeft):
        await work()
    await asyncio.sleep(0)  # the task itself lives on


async def test_a_cancellation_from_elsewhere() -> None:
    """A task that is cancelled while the caller stays is cancelled, not left."""
    line, started = Line(), asyncio.Event()

    async def work() -> None:
        with Presence(line.receive, grace=0.0):
            started.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_both_at_once() -> None:
    """A task that is cancelled from elsewhere stays cancelled even if the caller left too."""
    line, started = Line(), asyncio.Event()

    async def work() -> None:
        with Presence(line.receive, grace=0.0):
            await asyncio.sleep(0.01)
            started.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await started.wait()
    line.close()
    task.cancel()
    await asyncio.sleep(0)
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_error_of_the_block() -> None:
    """An error while the caller stays is just that error."""
    with pytest.raises(ValueError, match="mine"), Presence(Line().receive, grace=0.0):
        raise ValueError("mine")


async def test_leaving_at_the_end() -> None:
    """A caller who leaves in the moment in which the block ends disturbs nothing that comes after it."""
    line = asyncio.get_running_loop().create_future()
    with Presence(lambda: line, grace=0.0):
        await asyncio.sleep(0.01)
        line.set_result({"type": "http.disconnect"})
    await asyncio.sleep(0.01)
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
