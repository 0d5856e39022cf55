"""Writing the ledger: outcomes wait in memory for a second at most, and are then written down together.

What a process that is killed has not written is lost: the requests that ended in its last second. While the database is
away entries wait for it, up to a bound; those beyond it are lost, counted, and said to be.
"""

import asyncio
import logging
import secrets
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

from router.contract import MediaError, Outcome, hook
from router.engine.clock import Clock
from router.store.ledger import Entry, LedgerRows
from router.teams.entries import Writer

LOG: Final = logging.getLogger(__name__)
EVERY: Final = 1.0
"""Seconds from one write to the next."""
BATCH: Final = 2000
"""Entries in one transaction: about ten milliseconds."""
MOST: Final = 100_000
"""Entries that wait for a database that is away: about 30 MB."""
SLICE: Final = 1000
"""Requests whose entries are made out in one turn of the event loop: a millisecond. With 25 whoever asks alone met such turns
with one request in a hundred. A thread would keep the interpreter from everybody for 5 ms at a time."""
SWEEP: Final = 3600.0
"""Seconds between looks for what is too old."""

Told = Callable[[str, int], None]


class Ledger:
    """`async with Ledger(...)`: what is noted is written down, and what is older than `age` seconds forgotten.

    `told` is given `written` or `lost`, and how many entries. Leaving writes what waits, if that can be.
    """

    def __init__(self, rows: LedgerRows, clock: Clock, age: float, told: Told, most: int = MOST) -> None:
        self.rows = rows
        self.clock = clock
        self.age = age
        self.told = told
        self.most = most
        self._writer = Writer(secrets.randbits(62))
        self._noted: list[Outcome] = []
        self._waiting: list[Entry] = []
        self._again = False
        self._lost = 0
        self._turn = asyncio.Lock()

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(self._write()), asyncio.create_task(self._sweep())]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        async with self._turn:  # what is being written is written to its end
            for task in self._tasks:
                task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.flush()
        self._lose(len(self._waiting))

    @hook
    def media_request_finished(self, outcome: Outcome) -> None:
        """Have a request written down soon. Costs a request next to nothing, and raises nothing."""
        if len(self._noted) + len(self._waiting) < self.most:
            self._noted.append(outcome)
        else:
            self._lost += 1

    async def flush(self) -> None:
        """Write what waits; what cannot be written goes on waiting."""
        async with self._turn:
            self._lose(self._lost)
            self._lost = 0
            await self._make_out()
            try:
                while self._waiting:
                    await self._write_some()
            except MediaError as error:
                self._again = True  # a write whose answer was lost may have been made
                LOG.warning("the ledger waits for its database with %d entries: %s", len(self._waiting), error.code)

    async def _make_out(self) -> None:
        noted, self._noted = self._noted, []
        for first in range(0, len(noted), SLICE):
            self._waiting += self._writer.entries(noted[first : first + SLICE])
            await asyncio.sleep(0)

    async def _write_some(self) -> None:
        batch = self._waiting[:BATCH]
        await self.rows.add(batch, again=self._again)
        self._again = False
        del self._waiting[: len(batch)]
        self.told("written", len(batch))

    async def _write(self) -> None:
        while True:
            await self.clock.sleep(EVERY)
            try:
                await self.flush()
            except Exception:
                LOG.exception("a part of the ledger could not be made out")

    async def _sweep(self) -> None:
        while True:
            try:
                while await self.rows.prune(self.clock.wall() - self.age):
                    await self.clock.sleep(EVERY)  # others want the database as well
            except MediaError as error:
                LOG.warning("old entries of the ledger stay for now: %s", error.code)
            await self.clock.sleep(SWEEP)

    def _lose(self, entries: int) -> None:
        if entries:
            LOG.error("%d entries of the ledger are lost: the database was away for too long", entries)
            self.told("lost", entries)
