"""The right to work on a job: a row whose `run_at` lies ahead is somebody's, and comes due again when they die."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final

import msgspec

from router.contract import MediaError
from router.engine.clock import Clock
from router.engine.exchange import Exchange
from router.jobs.record import Job
from router.jobs.telling import noted, recall
from router.store.errors import RecordsUnavailable
from router.store.rows import JobRow, JobRows, NoticeRow, Stale

LENGTH: Final = 30.0
"""Seconds after which a job whose worker says nothing more is another's to take."""
BEAT: Final = LENGTH / 3
"""Seconds after which a worker says again that it is still there."""


RETRY: Final = 1.0
"""Seconds between tries to write what must be written."""
ASKING: Final = 45.0
"""Seconds for as long as a provider is being asked: whoever asked may only be cut off, and alone will hear the answer."""


def length(job: Job) -> float:
    """Return for how long a job is its worker's, who has just said that it is still there."""
    return LENGTH if job.asked is None else ASKING


def written(row: JobRow) -> JobRow:
    """Return a row as it is once it has been written."""
    return msgspec.structs.replace(row, epoch=row.epoch + 1)


class Lease:
    """A job in hand. Its writes count until somebody else takes the job, or its owner deletes it.

    `held` until it is left or ended: what is tidied up after that must not bring the job back.
    """

    def __init__(self, rows: JobRows, row: JobRow, clock: Clock) -> None:
        self.rows = rows
        self.row = row
        self.job = Job.of(row)
        self.clock = clock
        self.held = True
        self._noted: Callable[[Job], Job] = lambda job: job
        self._turn = asyncio.Lock()
        self._unheard: list[JobRow] = []

    @classmethod
    async def take(cls, rows: JobRows, id: str, clock: Clock) -> "Lease | None":  # noqa: A002 - what it is
        """Return a lease of a job that is due; None if it is not, or if somebody else was quicker."""
        row = await rows.get(id)
        if row is None or row.run_at is None or row.run_at > clock.wall():
            return None
        try:
            return cls(rows, await rows.write(msgspec.structs.replace(row, run_at=clock.wall() + LENGTH)), clock)
        except Stale:
            return None

    def resume(self, exchange: Exchange) -> None:
        """Have a request's record go on with what is known of the job, and write down with it what comes to that."""
        recall(exchange, self.job, self.clock.wall())
        self._noted = lambda job: noted(job, exchange)

    async def keep(self, job: Job) -> None:
        """Write the job down and go on with it. Raises `Stale`."""
        await self._write(job, self.clock.wall() + length(job), held=True)

    async def insist(self, job: Job) -> None:
        """Write down what nobody else knows and go on with it, however long the database is away. Raises `Stale`."""
        while True:
            try:
                return await self.keep(job)
            except MediaError:
                await self.clock.sleep(RETRY)

    async def leave(self, job: Job, seconds: float) -> None:
        """Write the job down, to be gone on with after so long, by whoever. Raises `Stale`."""
        await self._write(job, self.clock.wall() + seconds)

    async def give_back(self) -> None:
        """Have the job gone on with as soon as its store is back; should we end before, the lease runs out by itself."""
        while True:
            try:
                await self.leave(self.job, 0.0)
            except MediaError:
                await self.clock.sleep(RETRY)
            except Stale:
                break
            else:
                break

    async def end(self, job: Job, notices: Sequence[NoticeRow] = ()) -> None:
        """Write the job down as over, together with who is to be told. Raises `Stale`.

        Whether that comes through or not, no sign of life follows: it might bring back what has ended.
        """
        self.held = False
        while True:
            try:
                return await self._write(job, None, notices)
            except RecordsUnavailable:  # it may have been written all the same, and nobody else knows how it ended
                await self.clock.sleep(RETRY)

    @asynccontextmanager
    async def kept(self, pause: float = BEAT) -> AsyncIterator[None]:
        """Hold on to the lease for as long as the work takes; work on a job that is another's by now is called off.

        `pause`: seconds between two signs of life. Raises `Stale` where the work was called off.
        """
        work = asyncio.current_task()
        lost = False

        async def beat() -> None:
            nonlocal lost
            while True:
                await asyncio.sleep(pause)
                try:
                    await self._still()
                except MediaError:  # the database is away: whoever takes the job meanwhile makes our next write stale
                    continue
                except Stale:
                    lost = True
                    assert work is not None  # noqa: S101 - a context is entered by a task
                    work.cancel()
                    return

        beating = asyncio.create_task(beat())
        try:
            yield
        except asyncio.CancelledError:
            if lost and work is not None and not work.uncancel():
                raise Stale(self.job.id) from None
            raise
        finally:
            beating.cancel()

    async def _still(self) -> None:
        async with self._turn:
            if self.held:
                await self._put(self.job, self.clock.wall() + length(self.job))

    async def _write(
        self, job: Job, run_at: float | None, notices: Sequence[NoticeRow] = (), *, held: bool = False
    ) -> None:
        job = self._noted(job)
        async with self._turn:
            await self._put(job, run_at, notices)
            self.job, self.held = job, held

    async def _put(self, job: Job, run_at: float | None, notices: Sequence[NoticeRow] = ()) -> None:
        """Write the row. Writes whose answer was lost may have been made all the same: those are ours, not another's.

        Only an end of ours is not written over: to whoever would go on with the job it is as if another had ended it.
        """
        row = job.row(run_at, self.row.epoch)
        try:
            self.row = await self.rows.write(row, notices)
        except MediaError:
            self._unheard.append(row)
            raise
        except Stale:
            found = await self.rows.get(job.id)
            if found is None or all(found != written(one) for one in self._unheard):
                raise
            if found.final and found.body != row.body:  # how it ended stands, and its owner is being told
                raise
            self.row = found
            if found.body != row.body:
                await self._put(job, run_at, notices)
        self._unheard.clear()
