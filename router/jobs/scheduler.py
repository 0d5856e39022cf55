"""Who does the work on one machine: the process that holds the lock beside the database; when it dies another takes over."""

import asyncio
import fcntl
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import IO, Final, NamedTuple, Self

import msgspec

from router.contract import MediaError
from router.engine.clock import Clock
from router.store.rows import JobRows, Stale

LOOK: Final = 1.0
"""Seconds between looks for jobs that other processes wrote down, and for the lock."""
log = logging.getLogger(__name__)


class Pace(NamedTuple):
    """How many jobs are worked on at once, and how many seconds what is being done gets when the work stops."""

    most: int
    grace: float


class Scheduler:
    """`async with Scheduler(...)`: inside, jobs that are due are worked on.

    `lock` is the file whose holder works, and so knows that nobody else does; without one whoever enters works, and
    only leases keep them apart. Leaving waits a while for what is being done, so that no answer to a paid order is
    lost, and calls off the rest; it comes due again. Entering raises `OSError` where the lock cannot be opened.
    """

    def __init__(
        self, rows: JobRows, work: Callable[[str], Awaitable[None]], clock: Clock, pace: Pace, lock: Path | None = None
    ) -> None:
        self.rows = rows
        self.work = work
        self.clock = clock
        self.pace = pace
        self.lock = lock
        self.at_work: dict[str, asyncio.Task[None]] = {}
        self._woken = asyncio.Event()
        self._file: IO[bytes] | None = None
        self._kept_from: set[str] = set()

    async def __aenter__(self) -> Self:
        if self.lock is not None:
            self._file = self.lock.open("wb")
        self._running = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def stop(self) -> None:
        """Begin nothing more, wait a while for what is being done, and let another process take over."""
        self._running.cancel()
        at_work = list(self.at_work.values())
        if at_work:
            await asyncio.wait(at_work, timeout=self.pace.grace)
        for task in at_work:
            task.cancel()
        await asyncio.gather(self._running, *at_work, return_exceptions=True)
        if self._file is not None:
            self._file.close()

    def wake(self) -> None:
        """Look at once: there is something new."""
        self._woken.set()

    async def _run(self) -> None:
        if self._file is not None:
            while not owned(self._file):
                await self.clock.sleep(LOOK)
            await self._safely("take over", self._take_over)
        while True:
            self._woken.clear()
            await self._safely("look for jobs", self._look)
            await self._pause()

    async def _take_over(self) -> None:
        """Make everything due: whoever was at work on it is dead, or we should not be here."""
        for id in await self.rows.due(float("inf"), 1_000_000):  # noqa: A001 - what it is
            row = await self.rows.get(id)
            if row is not None and row.run_at is not None:
                with suppress(Stale):  # its owner deletes it at this moment
                    await self.rows.write(msgspec.structs.replace(row, run_at=self.clock.wall()))

    async def _look(self) -> None:
        free = self.pace.most - len(self.at_work)
        if free <= 0:
            return
        due = await self.rows.due(self.clock.wall(), self.pace.most)  # what we work on may be among it
        for id in [one for one in due if one not in self.at_work][:free]:  # noqa: A001 - what it is
            self.at_work[id] = task = asyncio.create_task(self._work(id))
            task.add_done_callback(partial(self._done, id))

    async def _work(self, id: str) -> None:  # noqa: A002 - what it is
        if not await self._safely("work on jobs", lambda: self.work(id)):
            await asyncio.sleep(LOOK)  # it is as due as it was, and would be begun again at once

    def _done(self, id: str, _: asyncio.Task[None]) -> None:  # noqa: A002 - what it is
        del self.at_work[id]
        self.wake()

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(LOOK):
                await self._woken.wait()
        except TimeoutError:
            return

    async def _safely(self, what: str, work: Callable[[], Awaitable[None]]) -> bool:
        """Do what may find its database away: it is tried again. Return whether it went well; an outage is logged once."""
        try:
            await work()
        except MediaError as error:
            if what not in self._kept_from:
                log.warning("the jobs' database is away, nobody can %s: %s", what, error.code)
            self._kept_from.add(what)
            return False
        except Exception:
            log.exception("work on a job failed in a way that nobody foresaw")
            return False
        if what in self._kept_from:
            self._kept_from.remove(what)
            log.warning("the jobs' database is back to %s", what)
        return True


def owned(lock: IO[bytes]) -> bool:
    """Take the lock, which is ours until we close the file or die. False if somebody else has it."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
