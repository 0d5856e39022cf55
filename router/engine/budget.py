"""A fleet-wide bound on repeating: a target in trouble is not made worse by everybody trying twice.

Finagle's rule, in our numbers: of the last ten seconds' calls to a target a fifth may be repeats, and two a second
always. Moving on to another target is no repeat.
"""

from typing import Final

from router.engine.window import Window

WINDOW: Final = 10
"""Seconds."""
SHARE: Final = 0.2
ALWAYS: Final = 2.0
"""Repeats a second that need no calls to stand on."""


class RetryBudget:
    """Counts one target's calls and repeats, in one of so many processes. Pure: every method is told the time."""

    def __init__(self, processes: int = 1) -> None:
        self.always = ALWAYS * WINDOW / processes
        self.window = Window(WINDOW)

    @property
    def repeats(self) -> int:
        """How many of the calls that are counted were repeats."""
        return self.window.marked

    @property
    def allowed(self) -> float:
        """How many repeats there may be among the calls that are counted."""
        return SHARE * self.window.calls + self.always

    def calls_of(self, now: float) -> int:
        """Return how many calls there were in the window; what is older is forgotten, repeats too."""
        self.window.reach(now)
        return self.window.calls

    def note(self, now: float) -> None:
        """Count a call."""
        self.window.reach(now)
        self.window.calls += 1

    def take(self, now: float) -> bool:
        """Take leave for one repeat, if there is any left."""
        self.window.reach(now)
        if self.repeats >= self.allowed:
            return False
        self.window.marked += 1
        return True
