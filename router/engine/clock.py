"""Time, as a parameter: nothing else in the engine knows what o'clock it is."""

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """What the engine asks of time."""

    def now(self) -> float:
        """Return seconds that only ever grow; for measuring and for limits."""

    def wall(self) -> float:
        """Return unix time; for what other machines say about time."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""


class SystemClock:
    """The machine's own time."""

    now = staticmethod(time.monotonic)  # a method around it would be called ten times a request

    def wall(self) -> float:
        """Return unix time."""
        return time.time()

    async def sleep(self, seconds: float) -> None:
        """Wait on the event loop."""
        await asyncio.sleep(seconds)
