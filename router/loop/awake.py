"""Not going to sleep between what follows at once: docs/adr/0031-staying-awake.md."""

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import Final

from router.loop.here import one_per_loop

AT_ONCE: Final = 0.001
"""Seconds. What takes longer to follow is worth a sleep."""
IN_A_ROW: Final = 2
"""Things that followed at once before the next is expected to."""


class Awake:
    """A loop that looks again, and again, for what is expected at once, in place of having the system wake it.

    Where a machine's cores are idle, a sleep and being woken take a third of a request. Nothing is expected of whoever
    let others wait: so it costs nothing but where it gains, and a millisecond when that ends.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, clock: Callable[[], float] = monotonic) -> None:
        self.loop = loop
        self._clock = clock  # a loop's own tells milliseconds only
        self._latest = self._until = 0.0
        self._in_a_row = 0
        self._looking = False

    def expect(self) -> None:
        """Something came, or went, that something else may follow."""
        now = self._clock()
        self._in_a_row = self._in_a_row + 1 if now - self._latest < AT_ONCE else 0
        self._latest = now
        if self._in_a_row >= IN_A_ROW:
            self._until = now + AT_ONCE
            if not self._looking:
                self._look()

    def _look(self) -> None:
        self._looking = self._clock() < self._until
        if self._looking:
            self.loop.call_soon(self._look)  # a loop that has something to do looks, and does not wait


awake_here: Final = one_per_loop(Awake)
"""Returns the running loop's."""
