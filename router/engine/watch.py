"""An end to waits that last too long, by one timer for a whole stream: `asyncio.timeout` takes 5 µs for every chunk."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


class Watch:
    """Bounds one wait after another: each may last `gap` seconds, and none longer than `left` from now.

    What lies between two waits does not count. Built as `asyncio.timeout` is: a cancellation from elsewhere stays one.
    """

    def __init__(self, gap: float, left: float) -> None:
        self.loop = asyncio.get_running_loop()
        self.gap = gap
        self.until = self.loop.time() + left
        self.due = 0.0
        self.waiting: asyncio.Task[object] | None = None
        self.rang = False
        self.timer: asyncio.TimerHandle | None = None

    async def wait(self, awaited: Awaitable[T]) -> T:
        """Wait. Raises `TimeoutError` when it takes too long."""
        self.waiting = task = asyncio.current_task()
        if task is None:
            raise RuntimeError("Watch needs a running task")
        cancelling = task.cancelling()
        self.due = min(self.loop.time() + self.gap, self.until)
        if self.timer is None:
            self.timer = self.loop.call_at(self.due, self._ring)
        try:
            return await awaited
        except BaseException as error:
            if self.rang and task.uncancel() <= cancelling and isinstance(error, asyncio.CancelledError):
                raise TimeoutError from error
            raise
        finally:
            self.waiting = None

    def stop(self) -> None:
        """Let go of the timer; to be called once there is no more to wait for."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None

    def _ring(self) -> None:
        self.timer = None
        if self.waiting is None:
            return  # the next wait sets it anew
        if self.loop.time() < self.due:
            self.timer = self.loop.call_at(self.due, self._ring)
            return
        self.rang = True
        self.waiting.cancel()
