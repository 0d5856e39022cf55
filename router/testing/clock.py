"""Time and chance for tests: both do exactly as they are told."""

import asyncio
from collections.abc import Iterator
from itertools import cycle
from random import Random


class FakeClock:
    """A `router.engine.clock.Clock` that moves only when told, or when somebody sleeps.

    With `waits=False` a sleep moves time forward at once. With `waits=True` it ends when `advance` has
    moved time far enough. `slept` keeps what was asked for, in order; seconds throughout.
    """

    def __init__(self, *, now: float = 0.0, wall: float = 1_700_000_000.0, waits: bool = False) -> None:
        self.slept: list[float] = []
        self._now = now
        self._ahead = wall - now
        self._waits = waits
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def now(self) -> float:
        """Return the monotonic seconds."""
        return self._now

    def wall(self) -> float:
        """Return unix time, which runs along."""
        return self._now + self._ahead

    async def sleep(self, seconds: float) -> None:
        """Wait, which costs no real time."""
        self.slept.append(seconds)
        if self._waits:
            woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._sleepers.append((self._now + seconds, woken))
            await woken
        else:
            self.advance(seconds)
            await asyncio.sleep(0)

    def advance(self, seconds: float) -> None:
        """Move time forward and wake whoever has slept long enough, the earliest first."""
        self._now += seconds
        due = sorted((one for one in self._sleepers if one[0] <= self._now), key=lambda one: one[0])
        self._sleepers = [one for one in self._sleepers if one[0] > self._now]
        for _, woken in due:
            if not woken.done():  # a sleeper that was cancelled
                woken.set_result(None)


class Rolls(Random):
    """Chance that rolls what it is told, over and over; `uniform` and its kin follow suit."""

    def __init__(self, *rolls: float) -> None:
        super().__init__(0)
        self._rolls: Iterator[float] = cycle(rolls or (0.5,))

    def random(self) -> float:
        """Return the next of the rolls, each at least 0 and below 1."""
        return next(self._rolls)
