"""What is told in a busy moment is held for a little, so that it is written down together: warm, and at one go.

Twenty times a second, and whenever there is enough of it. A process that is killed with -9 takes its last 50 ms with it.
"""

import asyncio
import atexit
import os
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Final, Generic, TypeVar

HELD_FOR: Final = 0.05
"""Seconds."""
ENOUGH: Final = 64
"""Events, so that nobody else waits long for the work on them."""
E = TypeVar("E")


class Batch(Generic[E]):
    """Events that wait for `work`, which is called with all of them, in order."""

    def __init__(self, work: Callable[[Sequence[E]], None]) -> None:
        self._work = work
        self._held: list[E] = []
        self._due = 0.0
        self._loop: asyncio.AbstractEventLoop
        atexit.register(self.flush)
        os.register_at_fork(after_in_child=self._forget)

    def hold(self, event: E) -> None:
        """Work on an event soon; at once where there is no event loop to do it later."""
        self._held.append(event)
        # Whether the loop is going to come back to it: to ask which loop runs costs more, for Python asks the system for its pid.
        is_timed = monotonic() < self._due and not self._loop.is_closed()
        if len(self._held) >= ENOUGH or not (is_timed or self._time()):
            self.flush()

    def _time(self) -> bool:
        """Have the running loop come back to it, if there is one."""
        try:
            self._loop = asyncio.get_running_loop()
        except RuntimeError:
            return False
        self._due = monotonic() + HELD_FOR
        self._loop.call_later(HELD_FOR, self._ring)
        return True

    def _ring(self) -> None:
        self._due = 0.0  # which may be a little early, by the clock
        self.flush()

    def flush(self) -> None:
        """Work on what is held."""
        held, self._held = self._held, []
        if held:
            self._work(held)

    def _forget(self) -> None:
        """Leave what is held to the process that this one was forked from."""
        self._held = []
        self._due = 0.0
