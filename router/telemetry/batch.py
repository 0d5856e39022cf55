"""What is told in a busy moment is held for a little, so that it is written down together: warm, and at one go.

Twenty times a second, and whenever there is enough of it. A process that is killed with -9 takes its last 50 ms with it.
"""

import asyncio
import atexit
import os
from collections.abc import Callable, Sequence
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
        self._loop: asyncio.AbstractEventLoop | None = None
        atexit.register(self.flush)
        os.register_at_fork(after_in_child=self._forget)

    def hold(self, event: E) -> None:
        """Work on an event soon; at once where there is no event loop to do it later."""
        self._held.append(event)
        loop = self._loop  # that is going to come back to it, if it was not closed
        if len(self._held) >= ENOUGH or ((loop is None or loop.is_closed()) and not self._time()):
            self.flush()

    def _time(self) -> bool:
        """Have the running loop come back to it, if there is one."""
        try:
            self._loop = asyncio.get_running_loop()
        except RuntimeError:
            return False
        self._loop.call_later(HELD_FOR, self._ring)
        return True

    def _ring(self) -> None:
        self._loop = None
        self.flush()

    def flush(self) -> None:
        """Work on what is held."""
        held, self._held = self._held, []
        if held:
            self._work(held)

    def _forget(self) -> None:
        """Leave what is held to the process that this one was forked from."""
        self._held = []
        self._loop = None
