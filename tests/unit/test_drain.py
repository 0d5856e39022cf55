import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from router.drain import Drain, Ending, Notice
from router.testing.clock import FakeClock
from router.web.leaving import Leaving


class Scene:
    """A process that is told to go; `done` is what it did on its way out, in order."""

    def __init__(self) -> None:
        self.clock = FakeClock(waits=True)
        self.leaving = Leaving()
        self.done: list[str] = []

    @asynccontextmanager
    async def draining(self, notice: Notice, *, broken: bool = False) -> AsyncIterator[None]:
        async def hand_over() -> None:
            self.done.append("hand over")
            if broken:
                raise OSError("the lock's folder is gone")

        async def cut() -> None:
            self.done.append("cut")

        ending = Ending(hand_over, lambda: self.done.append("stop"), cut)
        async with Drain(notice, self.leaving, ending, self.clock):
            yield

    async def after(self, seconds: float) -> list[str]:
        """Return what was done so much later."""
        await settled()
        self.clock.advance(seconds)
        await settled()
        return self.done


async def settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def terminate() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


async def told(scene: Scene) -> None:
    async with asyncio.timeout(5):
        while not scene.leaving.begun:  # noqa: ASYNC110 - a signal takes its own time
            await asyncio.sleep(0.001)


async def test_the_order_of_leaving() -> None:
    """Jobs go at once, the port closes after the window, and what is left then is cut after `finish`."""
    scene = Scene()
    async with scene.draining(Notice(5, 300)):
        assert not scene.leaving.begun
        terminate()
        await told(scene)
        assert await scene.after(4.9) == ["hand over"]
        assert not scene.leaving.closed.is_set()
        assert await scene.after(0.2) == ["hand over", "stop"]
        assert scene.leaving.closed.is_set()
        assert await scene.after(299) == ["hand over", "stop"]
        assert await scene.after(1.1) == ["hand over", "stop", "cut"]


async def test_being_told_twice() -> None:
    """A second SIGTERM, which a service manager may send to every process of a group, changes nothing."""
    scene = Scene()
    async with scene.draining(Notice(5, 300)):
        terminate()
        await told(scene)
        terminate()
        await asyncio.sleep(0.01)
        assert await scene.after(6) == ["hand over", "stop"]


async def test_conversations() -> None:
    """The server is stopped only when the last socket is closed: it would drop the others without a word."""
    scene = Scene()
    async with scene.draining(Notice(0, 300)):
        with scene.leaving.conversations:
            scene.leaving.closed.clear()
            terminate()
            await told(scene)
            assert await scene.after(0) == ["hand over"]
            assert scene.leaving.closed.is_set()
        assert await scene.after(0) == ["hand over", "stop"]


async def test_a_conversation_that_does_not_end() -> None:
    """It keeps the process no longer than `finish`."""
    scene = Scene()
    async with scene.draining(Notice(0, 0.05)):
        with scene.leaving.conversations:
            terminate()
            await told(scene)
            await scene.after(0)
            await asyncio.sleep(0.1)
            assert scene.done == ["hand over", "stop"]


async def test_jobs_that_cannot_be_handed_over(caplog: pytest.LogCaptureFixture) -> None:
    """The process goes all the same, and says so; their leases run out by themselves."""
    scene = Scene()
    async with scene.draining(Notice(1, 300), broken=True):
        terminate()
        await told(scene)
        assert await scene.after(1) == ["hand over", "stop"]
    assert "jobs could not be handed over" in caplog.text


async def test_an_end_before_the_window_is_over() -> None:
    """Whoever is stopped meanwhile in another way, by SIGINT, is not stopped again."""
    scene = Scene()
    async with scene.draining(Notice(5, 300)):
        terminate()
        await told(scene)
        await settled()
    assert await scene.after(10) == ["hand over"]
