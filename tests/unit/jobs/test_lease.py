import asyncio
from typing import cast

import pytest

from router.contract import MediaError
from router.jobs import Job
from router.jobs.lease import LENGTH, Lease
from router.jobs.notices import Receiver, notice
from router.store.errors import RecordsUnavailable
from router.store.rows import JobRow, Stale
from router.testing.clock import FakeClock
from router.testing.stores import MemoryRows
from tests.unit.jobs.making import ADS, until

JOB = Job(id="v1", team=ADS, model="m", created_at=1.0)
OFTEN = 0.001
AWAY = MediaError("the database is away", code="records_unavailable", status=503)


class Desk:
    """One job that is due, and the clock by which it is."""

    def __init__(self, ahead: float | None = 0.0) -> None:
        self.rows = MemoryRows()
        self.clock = FakeClock()
        self.rows.rows["v1"] = JOB.row(None if ahead is None else self.clock.wall() + ahead)

    @property
    def row(self) -> JobRow:
        return self.rows.rows["v1"]

    @property
    def ahead(self) -> float | None:
        """Seconds until it is due."""
        return None if self.row.run_at is None else self.row.run_at - self.clock.wall()

    async def take(self) -> Lease | None:
        return await Lease.take(self.rows, "v1", self.clock)

    async def taken(self) -> Lease:
        lease = await self.take()
        assert lease is not None
        return lease

    async def somebody_else(self) -> None:
        """Let somebody else write the row."""
        await self.rows.write(self.row)


class Contested(MemoryRows):
    """Rows that somebody else writes just before us."""

    async def write(self, row: JobRow, notices: object = ()) -> JobRow:
        raise Stale(row.id)


async def test_a_job_that_is_due_is_taken() -> None:
    """Whoever takes it has it for the length of a lease, and nobody else can meanwhile."""
    desk = Desk()
    assert (await desk.taken()).job == JOB
    assert desk.ahead == LENGTH
    assert await desk.take() is None


async def test_a_lease_runs_out() -> None:
    """A job whose worker is heard of no more is another's, and the worker's next write is refused."""
    desk = Desk()
    first = await desk.taken()
    desk.clock.advance(LENGTH)
    second = await desk.taken()
    with pytest.raises(Stale):
        await first.keep(JOB)
    await second.keep(JOB)


@pytest.mark.parametrize("ahead", [0.5, None], ids=["later", "never"])
async def test_a_job_that_is_not_due(ahead: float | None) -> None:
    """What is to be done later, or not at all, is nobody's to take."""
    desk = Desk(ahead)
    assert await desk.take() is None
    assert desk.row.epoch == 0


async def test_a_job_that_is_gone() -> None:
    """A job that was deleted since it was found is not taken."""
    desk = Desk()
    del desk.rows.rows["v1"]
    assert await desk.take() is None


async def test_somebody_was_quicker() -> None:
    """Of two who see the same job due one gets it, and the other none."""
    desk, contested = Desk(), Contested()
    contested.rows = desk.rows.rows
    assert await Lease.take(contested, "v1", desk.clock) is None


async def test_writes() -> None:
    """Kept it stays in hand, left it is due after so long, ended it is never due; all of it is written down."""
    desk = Desk()
    lease = await desk.taken()
    await lease.keep(JOB.faulted())
    assert (desk.ahead, Job.of(desk.row).faults, lease.job.faults) == (LENGTH, 1, 1)
    await lease.leave(lease.job.faulted(), 7.0)
    assert (desk.ahead, Job.of(desk.row).faults) == (7.0, 2)
    await lease.end(lease.job.faulted())
    assert (desk.ahead, Job.of(desk.row).faults) == (None, 3)


async def test_a_write_that_fails_changes_nothing() -> None:
    """What could not be written down is not taken for written: the next write goes on from what is."""
    desk = Desk()
    lease = await desk.taken()
    desk.rows.away = AWAY
    with pytest.raises(MediaError):
        await lease.keep(JOB.faulted())
    desk.rows.away = None
    assert (lease.job, lease.held) == (JOB, True)
    await lease.keep(JOB)


# Ends ---------------------------------------------------------------------------------------------

ENDED = JOB.lost(9.0, MediaError("it came to nothing"))
TOLD = notice(Receiver(team=ADS, job="v1", url="https://a.test/"), b"{}", 9.0, lambda: "msg_1")


@pytest.mark.parametrize("written", [True, False], ids=["answer lost", "not written"])
async def test_an_end_is_insisted_on(written: bool) -> None:
    """Whether the database that fell silent has written it or not, it is written once, whatever signs of life are due."""
    desk = Desk()
    lease = await desk.taken()
    epoch = desk.row.epoch
    async with lease.kept(OFTEN):
        desk.rows.away, desk.rows.silent = RecordsUnavailable("away"), written
        ending = asyncio.create_task(lease.end(ENDED, [TOLD]))
        await asyncio.sleep(20 * OFTEN)
        desk.rows.away, desk.rows.silent = None, False
        await ending
        await asyncio.sleep(20 * OFTEN)
    assert (Job.of(desk.row), desk.row.run_at, desk.row.epoch) == (ENDED, None, epoch + 1)
    assert (desk.rows.notices, lease.job) == ([TOLD], ENDED)


async def ended_unheard(desk: Desk) -> Lease:
    """Return a lease whose holder takes its end for not written, though it is."""
    lease = await desk.taken()
    desk.rows.away, desk.rows.silent = AWAY, True
    with pytest.raises(MediaError):
        await lease.end(ENDED, [TOLD])
    desk.rows.away, desk.rows.silent = None, False
    return lease


@pytest.mark.parametrize("write", ["keep", "leave", "end", "give_back"])
async def test_nothing_is_written_over_an_end(write: str) -> None:
    """A holder that does not know of his own end, and would go on or end otherwise, finds the job out of his hands."""
    desk = Desk()
    lease = await ended_unheard(desk)
    row = desk.row
    writes = {
        "keep": lambda: lease.keep(JOB.faulted()),
        "leave": lambda: lease.leave(JOB.faulted(), 7.0),
        "end": lambda: lease.end(JOB.lost(10.0, MediaError("otherwise")), [TOLD]),
    }
    if write == "give_back":
        await lease.give_back()
    else:
        with pytest.raises(Stale):
            await writes[write]()
    assert (desk.row, desk.rows.notices) == (row, [TOLD])


async def test_no_sign_of_life_after_an_end_that_was_not_heard_of() -> None:
    """It would have the job worked on again."""
    desk = Desk()
    lease = await ended_unheard(desk)
    row = desk.row
    async with lease.kept(OFTEN):
        await asyncio.sleep(20 * OFTEN)
    assert desk.row == row


# Signs of life ------------------------------------------------------------------------------------


async def test_work_that_takes_longer_than_a_lease() -> None:
    """As long as the work goes on the job stays in hand, as it was last written."""
    desk = Desk()
    lease = await desk.taken()
    async with lease.kept(OFTEN):
        await lease.keep(JOB.faulted())
        desk.clock.advance(LENGTH - 1)
        await until(lambda: desk.ahead == LENGTH)
    assert Job.of(desk.row).faults == 1
    assert desk.ahead == LENGTH


async def test_no_sign_of_life_after_the_work() -> None:
    """Whoever has done his work says nothing more."""
    desk = Desk()
    lease = await desk.taken()
    async with lease.kept(OFTEN):
        await until(lambda: desk.row.epoch > 2)
    epoch = desk.row.epoch
    await asyncio.sleep(20 * OFTEN)
    assert desk.row.epoch == epoch


@pytest.mark.parametrize("seconds", [None, 500.0], ids=["ended", "left"])
async def test_what_is_let_go_stays_so(seconds: float | None) -> None:
    """While its worker tidies up, a job that has ended is not made due again, nor one that waits called for early."""
    desk = Desk()
    lease = await desk.taken()
    async with lease.kept(OFTEN):
        await (lease.end(JOB) if seconds is None else lease.leave(JOB, seconds))
        await asyncio.sleep(20 * OFTEN)
    assert desk.ahead == seconds


async def long_work(lease: Lease) -> None:
    async with lease.kept(OFTEN):
        await asyncio.sleep(10)


async def test_work_on_what_is_anothers_is_called_off() -> None:
    """A worker that learns that the job is another's stops in the middle, told by `Stale`, and is not itself cancelled."""
    desk = Desk()
    lease = await desk.taken()
    await desk.somebody_else()
    with pytest.raises(Stale):
        await long_work(lease)
    work = cast("asyncio.Task[None]", asyncio.current_task())
    assert work.cancelling() == 0


async def test_a_job_deleted_under_its_worker() -> None:
    """Deleting a job calls its work off, wherever that is done."""
    desk = Desk()
    lease = await desk.taken()
    await desk.rows.remove("v1")
    with pytest.raises(Stale):
        await long_work(lease)


async def test_a_database_that_is_away_calls_nothing_off() -> None:
    """Work goes on while no sign of life can be written, and signs are given again afterwards."""
    desk = Desk()
    lease = await desk.taken()
    async with lease.kept(OFTEN):
        desk.rows.away = AWAY
        await asyncio.sleep(20 * OFTEN)
        desk.rows.away = None
        epoch = desk.row.epoch
        await until(lambda: desk.row.epoch > epoch)
    await lease.end(JOB)


class Both(MemoryRows):
    """Rows that are somebody else's by now, which work learns as it is called off anyway."""

    working: asyncio.Task[None]

    async def write(self, row: JobRow, notices: object = ()) -> JobRow:
        self.working.cancel()
        raise Stale(row.id)


@pytest.mark.parametrize("lost", [False, True])
async def test_work_that_is_called_off_from_outside(lost: bool) -> None:
    """A cancellation is a cancellation, even where the job was lost at the same moment."""
    desk = Desk()
    lease = await desk.taken()
    working = asyncio.create_task(long_work(lease))
    await asyncio.sleep(0)
    if lost:
        lease.rows = rows = Both()
        rows.working = working
    else:
        working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
