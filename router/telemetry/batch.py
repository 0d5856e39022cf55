"""What is told in a busy moment is held for a little, so that it is written down together: warm, and at one go.

Twice a second, and whenever there is enough of it: a caller who asks alone, again and again, meets that with one request in a
thousand. A process that is killed with -9 takes what it told in its last half second with it.
"""

import asyncio
import atexit
import os
from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar

HELD_FOR: Final = 0.5
"""Seconds."""
ENOUGH: Final = 1024
"""Events, so that nobody else waits long for the work on them."""
E = TypeVar("E")


def alone() -> bool:
    """Return that no loop is going to come back to what is held."""
    return True


class Batch(Generic[E]):
    """Events that wait for `work`, which is called with all of them, in order."""

    def __init__(self, work: Callable[[Sequence[E]], None]) -> None:
        self._work = work
        self._held: list[E] = []
        self._is_alone: Callable[[], bool] = alone
        atexit.register(self.flush)
        os.register_at_fork(after_in_child=self._forget)

    def hold(self, event: E) -> None:
        """Work on an event soon; at once where there is no event loop to do it later."""
        held = self._held
        held.append(event)
        if len(held) >= ENOUGH or (self._is_alone() and not self._time()):
            self.flush()

    def _time(self) -> bool:
        """Have the running loop come back to it, if there is one."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return False
        loop.call_later(HELD_FOR, self._ring)
        self._is_alone = loop.is_closed
        return True

    def _ring(self) -> None:
        self._is_alone = alone
        self.flush()

    def flush(self) -> None:
        """Work on what is held."""
        held, self._held = self._held, []
        if held:
            self._work(held)

    def _forget(self) -> None:
        """Leave what is held to the process that this one was forked from."""
        self._held = []
        self._is_alone = alone
