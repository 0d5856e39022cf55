"""A fleet-wide bound on repeating: a target in trouble is not made worse by everybody trying twice.

Finagle's rule, in our numbers: of the last ten seconds' calls to a target a fifth may be repeats, and two a second
always. Moving on to another target is no repeat.
"""

from collections import deque
from typing import Final

WINDOW: Final = 10
"""Seconds, counted one by one."""
SHARE: Final = 0.2
ALWAYS: Final = 2.0
"""Repeats a second that need no calls to stand on."""


class RetryBudget:
    """Counts one target's calls and repeats, in one of so many processes. Pure: every method is told the time."""

    def __init__(self, processes: int = 1) -> None:
        self.always = ALWAYS * WINDOW / processes
        self.seconds: deque[list[int]] = deque()
        self.calls = 0
        self.repeats = 0

    @property
    def allowed(self) -> float:
        """How many repeats there may be among the calls that are counted."""
        return SHARE * self.calls + self.always

    def calls_of(self, now: float) -> int:
        """Return how many calls there were in the window; what is older is forgotten, repeats too."""
        self._forget(now)
        return self.calls

    def note(self, now: float) -> None:
        """Count a call."""
        self._second(now)[1] += 1
        self.calls += 1

    def take(self, now: float) -> bool:
        """Take leave for one repeat, if there is any left."""
        self._forget(now)
        if self.repeats >= self.allowed:
            return False
        self._second(now)[2] += 1
        self.repeats += 1
        return True

    def _second(self, now: float) -> list[int]:
        """Return the present second: which one it is, its calls and its repeats."""
        second = int(now)
        if not self.seconds or self.seconds[-1][0] != second:
            self._forget(now)
            self.seconds.append([second, 0, 0])
        return self.seconds[-1]

    def _forget(self, now: float) -> None:
        while self.seconds and self.seconds[0][0] <= now - WINDOW:
            _, calls, repeats = self.seconds.popleft()
            self.calls -= calls
            self.repeats -= repeats
