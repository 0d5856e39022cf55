"""An end to waits that last too long, by one timer of the loop for all of them: `asyncio.timeout` takes 5 µs for each."""

import asyncio
import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from types import TracebackType
from typing import Final, Protocol, Self

from router.loop.here import one_per_loop


class Wait(Protocol):
    """What is rung for, once, at `due`, by the clock of its loop."""

    due: float

    def ring(self) -> None:
        """It is due."""


class Alarm:
    """The timer of one loop. It is set for the wait that is due first, and looks at all of them when it rings.

    A wait that ends in time leaves the timer as it is: to set one costs more than to be rung now and then for nothing.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.waits: set[Wait] = set()
        self.due = math.inf
        self.timer: asyncio.TimerHandle | None = None

    def add(self, wait: Wait) -> None:
        """Ring for a wait when it is due."""
        self.waits.add(wait)
        if wait.due < self.due:
            self._set(wait.due)

    def _set(self, due: float) -> None:
        if self.timer is not None:
            self.timer.cancel()
        self.due, self.timer = due, self.loop.call_at(due, self._ring)

    def _ring(self) -> None:
        now = self.loop.time()
        self.due, self.timer = math.inf, None
        over = [wait for wait in self.waits if wait.due <= now]
        self.waits.difference_update(over)
        for wait in over:
            wait.ring()
        if self.waits:
            self._set(min(wait.due for wait in self.waits))


alarm_here: Final = one_per_loop(Alarm)
"""Returns the running loop's timer."""


class Bound(ABC):
    """What may cancel the task in which it was begun, once its time is over."""

    __slots__ = ("alarm", "cancelling", "due", "task")

    def begin(self, seconds: float) -> None:
        """Be rung for in so many seconds."""
        alarm = alarm_here()
        loop = alarm.loop
        task = asyncio.current_task(loop)
        if task is None:
            raise RuntimeError("only a running task can be cancelled")
        self.alarm = alarm
        self.task = task
        self.cancelling = task.cancelling()
        self.due = loop.time() + seconds
        alarm.add(self)

    @abstractmethod
    def ring(self) -> None:
        """It is due."""


class Within(Bound):
    """`with Within(seconds, late):` cancels its block when the time is over, and raises what `late` returns then.

    In place of a `TimeoutError` of the block's own it raises that too. Built as `asyncio.timeout` is: a cancellation from
    elsewhere stays one. Of two that are over at once the outer wins.
    """

    __slots__ = ("late", "rang", "seconds")

    def __init__(self, seconds: float, late: Callable[[], Exception] = TimeoutError) -> None:
        self.seconds = seconds
        self.late = late
        self.rang = False

    def __enter__(self) -> Self:
        self.begin(self.seconds)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.alarm.waits.discard(self)
        over = self.rang and self.task.uncancel() <= self.cancelling and kind is asyncio.CancelledError
        if over or isinstance(error, TimeoutError):
            raise self.late() from error

    def ring(self) -> None:
        """End the block."""
        self.rang = True
        self.task.cancel()
