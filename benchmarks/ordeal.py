"""What befalls the routers of a soak, by how many of its jobs have been begun."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from benchmarks.replicas import Cable, Replica

FIRST: Final = 0.02
LAST: Final = 0.95
DIES: Final = 0.3
PARTED: Final = 0.5
"""Shares of the jobs after which kills begin and end, one router is killed for good, and one is cut off from its database."""


@dataclass(frozen=True)
class Trial:
    """So many jobs through so many kills, after which a router comes back; a router is cut off for `parted` seconds."""

    jobs: int
    kills: int
    parted: float
    in_flight: int


class Progress:
    """How many jobs have been begun."""

    def __init__(self, jobs: int) -> None:
        self.jobs = jobs
        self.begun = 0
        self._moved = asyncio.Condition()

    async def begin(self) -> None:
        """Count one more."""
        async with self._moved:
            self.begun += 1
            self._moved.notify_all()

    async def reached(self, share: float) -> None:
        """Wait until that share of them have been begun."""
        async with self._moved:
            await self._moved.wait_for(lambda: self.begun >= share * self.jobs)


class Ordeal:
    """Kills routers at random, and starts them again; of several the first dies for good and the second is cut off.

    `cuts` says who was, from when to when in unix time.
    """

    def __init__(self, routers: Sequence[Replica], cable: Cable | None, progress: Progress, random: Random) -> None:
        self.routers = routers
        self.cable = cable
        self.progress = progress
        self.random = random
        self.cuts: list[tuple[str, float, float]] = []
        self._parted: Replica | None = None
        self._turn = asyncio.Lock()

    async def run(self, trial: Trial) -> None:
        """Let it all happen."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._kill(trial.kills))
            if self.cable is not None:
                group.create_task(self._last(self.cable, trial.parted))

    async def _kill(self, kills: int) -> None:
        for share in sorted(self.random.uniform(FIRST, LAST) for _ in range(kills)):
            await self.progress.reached(share)
            await asyncio.sleep(self.random.uniform(0.0, 1.0))
            async with self._turn:
                await self._kill_one()

    async def _kill_one(self) -> None:
        victim = self.random.choice([one for one in self.routers if not one.gone and one is not self._parted])
        await victim.kill()
        await asyncio.sleep(self.random.uniform(0.0, 1.0))
        await victim.start()

    async def _last(self, cable: Cable, parted: float) -> None:
        first, second, *_ = self.routers
        await self.progress.reached(DIES)
        async with self._turn:  # not while somebody is killed already, or starts again
            first.gone = True
            await first.kill()
        await self.progress.reached(PARTED)
        async with self._turn:
            self._parted = second
        began = time.time()
        await cable.cut(parted)
        self.cuts.append((second.folder.name, began, time.time()))
        self._parted = None
