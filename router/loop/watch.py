"""A limit on each wait of a stream that waits fifty times a second: `Within` would cost as much as all else that is done."""

import asyncio
from types import TracebackType

from router.loop.within import alarm_here


class Watch:
    """`with watch:` cancels its block after `gap` seconds, or `left` after this was made, and raises `TimeoutError` then.

    It may be entered again and again, by whichever task. The loop's alarm is not set anew for each wait: when it rings
    it looks how long the present one has lasted. Let go of it with `close`. See `Within` for cancellations from elsewhere.
    """

    __slots__ = ("alarm", "cancelling", "due", "gap", "rang", "since", "task", "until", "waiting")

    def __init__(self, gap: float, left: float) -> None:
        self.alarm = alarm_here()
        self.gap = gap
        self.until = self.alarm.loop.time() + left
        self.task: asyncio.Task[object] | None = None
        self.rang = self.waiting = False

    def __enter__(self) -> None:
        self.task = task = asyncio.current_task(self.alarm.loop)
        if task is None:
            raise RuntimeError("Watch needs a running task")
        self.cancelling = task.cancelling()
        self.since = self.alarm.loop.time()
        if not self.waiting:
            self._wait()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        task, self.task = self.task, None
        if self.rang and task is not None:
            self.rang = False
            if task.uncancel() <= self.cancelling and kind is asyncio.CancelledError:
                raise TimeoutError from error

    def saw(self) -> None:
        """What the block waits for has come once more: the gap begins anew."""
        self.since = self.alarm.loop.time()

    def close(self) -> None:
        """Watch no longer."""
        self.alarm.waits.discard(self)
        self.waiting = False

    def ring(self) -> None:
        """End the block, or wait on if it has begun since."""
        self.waiting = False
        if self.task is None:
            return
        if self._due() > self.alarm.loop.time():
            self._wait()
        else:
            self.rang = True
            self.task.cancel()

    def _wait(self) -> None:
        self.waiting = True
        self.due = self._due()
        self.alarm.add(self)

    def _due(self) -> float:
        return min(self.since + self.gap, self.until)
