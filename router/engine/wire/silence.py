"""A bound on waiting that costs one timer for many waits."""

import asyncio
from collections.abc import Callable


class Silence:
    """Calls `over` once somebody has waited for `seconds` without a break.

    The timer is not set anew for each wait: when it rings it looks how long the present one has lasted.
    """

    def __init__(self, seconds: float, over: Callable[[], None]) -> None:
        self.seconds = seconds
        self.over = over
        self.loop = asyncio.get_running_loop()
        self._since: float | None = None
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Somebody waits from now on."""
        self._since = self.loop.time()
        if self._timer is None:
            self._timer = self.loop.call_later(self.seconds, self._ring)

    def end(self) -> None:
        """Nobody waits any more."""
        self._since = None

    def close(self) -> None:
        """Let go of the timer."""
        self._since = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _ring(self) -> None:
        self._timer = None
        if self._since is None:
            return
        left = self._since + self.seconds - self.loop.time()
        if left > 0:
            self._timer = self.loop.call_later(left, self._ring)
        else:
            self.over()
