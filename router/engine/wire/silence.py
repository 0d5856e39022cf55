"""A bound on waiting that costs one timer for many waits."""

import asyncio
from collections.abc import Callable


class Silence:
    """Calls `over` once somebody has waited for `seconds` without a break.

    Each wait says when it begins, or begins anew (`heard`), and `waited` whether it still lasts. The timer is not set
    anew for each: when it rings it looks how long the present one has lasted.
    """

    def __init__(self, seconds: float, waited: Callable[[], bool], over: Callable[[], None]) -> None:
        self.seconds = seconds
        self.waited = waited
        self.over = over
        self.loop = asyncio.get_running_loop()
        self._since = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Somebody waits from now on."""
        self._since = self.loop.time()
        if self._timer is None:
            self._timer = self.loop.call_later(self.seconds, self._ring)

    def heard(self) -> None:
        """What is waited for has come, and is waited for once more."""
        self._since = self.loop.time()

    def close(self) -> None:
        """Let go of the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _ring(self) -> None:
        self._timer = None
        if not self.waited():
            return
        left = self._since + self.seconds - self.loop.time()
        if left > 0:
            self._timer = self.loop.call_later(left, self._ring)
        else:
            self.over()
