import asyncio
import logging
import sys
from asyncio.subprocess import PIPE
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from router.contract import MediaError
from router.jobs import Job
from router.jobs.lease import LENGTH
from router.jobs.scheduler import LOOK, Pace, Scheduler
from router.store.rows import JobRow, NoticeRow, Stale
from router.testing.clock import FakeClock
from router.testing.stores import MemoryRows
from tests.unit.jobs.making import ADS, until

AWAY = MediaError("the database is away", code="records_unavailable", status=503)
SOON = LOOK + 0.5


class Desk:
    """Workers on the same rows. `begun` says who began what; nothing ends before `going` is set."""

    def __init__(self) -> None:
        self.rows = MemoryRows()
        self.clock = FakeClock(waits=True)
        self.begun: list[str] = []
        self.going = asyncio.Event()
        self.cancelled: list[str] = []

    def scheduler(self, name: str = "", most: int = 16, grace: float = 0.0, lock: Path | None = None) -> Scheduler:
        async def work(id: str) -> None:  # noqa: A002 - what it is
            self.begun.append(name + id)
            try:
                await self.going.wait()
            except asyncio.CancelledError:
                self.cancelled.append(name + id)
                raise
            await self.rows.write(msgspec.structs.replace(self.rows.rows[id], run_at=None))

        return Scheduler(self.rows, work, self.clock, Pace(most, grace), lock)

    async def add(self, *names: str, ahead: float = 0.0) -> None:
        for name in names:
            job = Job(id=name, team=ADS, model="m", created_at=self.clock.wall())
            await self.rows.add(job.row(self.clock.wall() + ahead))

    async def begins(self, *names: str) -> None:
        await until(lambda: set(names) <= set(self.begun))


async def test_only_so_many_at_once() -> None:
    """What is due is begun as far as there is room, the longest due first, and the rest as soon as room is made."""
    desk = Desk()
    await desk.add("c", ahead=-1.0)
    await desk.add("b", ahead=-2.0)
    await desk.add("a", ahead=-3.0)
    async with desk.scheduler(most=2) as scheduler:
        await desk.begins("a", "b")
        scheduler.wake()
        await asyncio.sleep(0.02)
        assert desk.begun == ["a", "b"]
        desk.going.set()
        async with asyncio.timeout(LOOK / 2):
            await desk.begins("c")
        await until(lambda: not scheduler.at_work)


async def test_what_is_at_work_is_not_begun_again() -> None:
    """A lease that runs out in our own hands starts nobody else on the job, and keeps nobody from another."""
    desk = Desk()
    await desk.add("a", ahead=-1.0)
    async with desk.scheduler(most=2) as scheduler:
        await desk.begins("a")
        await desk.add("b")
        scheduler.wake()
        await desk.begins("b")
    assert desk.begun == ["a", "b"]


async def test_what_is_not_due_waits() -> None:
    """A job is begun when its time has come, not before."""
    desk = Desk()
    await desk.add("a", ahead=10.0)
    async with desk.scheduler() as scheduler:
        scheduler.wake()
        await asyncio.sleep(0.02)
        assert desk.begun == []
        desk.clock.advance(10.0)
        scheduler.wake()
        await desk.begins("a")


async def test_woken_at_once() -> None:
    """A job that is new in this process is begun without waiting for the next look."""
    desk = Desk()
    async with desk.scheduler() as scheduler:
        await asyncio.sleep(0.01)
        await desk.add("a")
        started = asyncio.get_running_loop().time()
        scheduler.wake()
        await desk.begins("a")
        assert asyncio.get_running_loop().time() - started < LOOK / 2


async def test_another_process_wrote_it_down() -> None:
    """A job that nobody tells of is found by looking."""
    desk = Desk()
    async with desk.scheduler():
        await asyncio.sleep(0.01)
        await desk.add("a")
        async with asyncio.timeout(SOON):
            await desk.begins("a")


async def test_a_database_that_is_away(caplog: pytest.LogCaptureFixture) -> None:
    """While it is away nothing is begun, which is said; when it is back everything goes on."""
    desk = Desk()
    await desk.add("a")
    desk.rows.away = AWAY
    with caplog.at_level(logging.WARNING):
        async with desk.scheduler():
            await until(
                lambda: "the jobs' database is away, nobody can look for jobs: records_unavailable" in caplog.text
            )
            assert desk.begun == []
            desk.rows.away = None
            async with asyncio.timeout(SOON):
                await desk.begins("a")


@pytest.mark.parametrize("error", [AWAY, ValueError("nobody foresaw it")])
async def test_work_that_fails(error: Exception) -> None:
    """Work that ends in an error takes nothing else with it."""
    desk = Desk()
    await desk.add("a", "b")
    begun: list[str] = []

    async def work(id: str) -> None:  # noqa: A002 - what it is
        begun.append(id)
        await desk.rows.write(msgspec.structs.replace(desk.rows.rows[id], run_at=None))
        raise error

    async with Scheduler(desk.rows, work, desk.clock, Pace(1, 0.0)):
        await until(lambda: begun == ["a", "b"])


# Leaving ------------------------------------------------------------------------------------------


async def test_leaving_waits_for_what_is_being_done() -> None:
    """Work that ends within the grace is not called off, and nothing new is begun meanwhile."""
    desk = Desk()
    await desk.add("a")
    async with desk.scheduler(most=1, grace=10.0):
        await desk.begins("a")
        await desk.add("b")
        asyncio.get_running_loop().call_later(0.02, desk.going.set)
    assert (desk.begun, desk.cancelled) == (["a"], [])
    assert desk.rows.rows["a"].run_at is None


async def test_leaving_calls_off_what_takes_too_long() -> None:
    """What is still being done after the grace is called off, and stays to be done."""
    desk = Desk()
    await desk.add("a")
    async with desk.scheduler(grace=0.01) as scheduler:
        await desk.begins("a")
    assert (desk.cancelled, scheduler.at_work) == (["a"], {})
    assert desk.rows.rows["a"].run_at is not None


# One of several -----------------------------------------------------------------------------------


async def test_one_works_and_the_other_takes_over(tmp_path: Path) -> None:
    """On one lock one of two works; when it leaves, the other begins what was called off."""
    desk, lock = Desk(), tmp_path / "lock"
    await desk.add("a")
    async with desk.scheduler("first ", lock=lock) as first:
        await desk.begins("first a")
        async with desk.scheduler("second ", lock=lock) as second:
            await until(lambda: desk.clock.slept == [LOOK])
            second.wake()
            desk.clock.advance(LOOK)
            await until(lambda: desk.clock.slept == [LOOK, LOOK])
            assert desk.begun == ["first a"]
            await first.__aexit__(None, None, None)
            assert desk.cancelled == ["first a"]
            desk.clock.advance(LOOK)
            await desk.begins("second a")


async def test_whoever_holds_the_lock_is_killed(tmp_path: Path) -> None:
    """A process that dies by kill -9 leaves the lock to the next."""
    desk, lock = Desk(), tmp_path / "lock"
    await desk.add("ours")
    holder = await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.unit.jobs.holding", lock, stdout=PIPE)
    try:
        assert holder.stdout is not None
        assert await holder.stdout.readline() == b"theirs\n"
        async with desk.scheduler(lock=lock):
            await until(lambda: desk.clock.slept == [LOOK])
            assert desk.begun == []
            holder.kill()
            await holder.wait()
            desk.clock.advance(LOOK)
            await desk.begins("ours")
    finally:
        if holder.returncode is None:
            holder.kill()
        await holder.communicate()


async def test_whoever_takes_over_need_not_wait_for_leases(tmp_path: Path) -> None:
    """With the lock in hand whoever had leases is dead: their jobs are due at once; what is over stays so."""
    desk = Desk()
    await desk.add("a", "b", ahead=LENGTH)
    await desk.rows.add(Job(id="over", team=ADS, model="m", created_at=0.0).row(None))
    async with desk.scheduler(lock=tmp_path / "lock"):
        await desk.begins("a", "b")
    assert "over" not in desk.begun


class Contested(MemoryRows):
    """Rows of which one changes under whoever writes it first."""

    async def write(self, row: JobRow, notices: Sequence[NoticeRow] = ()) -> JobRow:
        if row.id == "a":
            self.rows.pop("a", None)
            raise Stale(row.id)
        return await super().write(row, notices)


async def test_a_job_deleted_during_take_over(tmp_path: Path) -> None:
    """A job that its owner deletes at this very moment keeps nobody from taking over the others."""
    desk = Desk()
    desk.rows = Contested()
    await desk.add("a", "b", ahead=LENGTH)
    async with desk.scheduler(lock=tmp_path / "lock"):
        await desk.begins("b")
    assert desk.begun == ["b"]


async def test_without_a_lock_leases_are_respected() -> None:
    """Where several work on the same rows, one that starts leaves the others what is theirs."""
    desk = Desk()
    await desk.add("theirs", ahead=LENGTH)
    await desk.add("new")
    async with desk.scheduler():
        await desk.begins("new")
        assert desk.rows.rows["theirs"].epoch == 0
    assert desk.begun == ["new"]


async def test_a_lock_that_cannot_be(tmp_path: Path) -> None:
    """A lock that cannot be opened is told at the start, for nothing would ever be worked on."""
    with pytest.raises(FileNotFoundError):
        await Desk().scheduler(lock=tmp_path / "nowhere" / "lock").__aenter__()


async def test_stopping_before_the_end(tmp_path: Path) -> None:
    """One that is stopped begins nothing more, and another on the same lock takes over while the first is still there."""
    desk = Desk()
    async with desk.scheduler("first ", lock=tmp_path / "lock") as first:
        await desk.add("a")
        await desk.begins("first a")
        await first.stop()
        assert desk.cancelled == ["first a"]
        async with desk.scheduler("second ", lock=tmp_path / "lock"):
            await desk.begins("second a")
            first.wake()
            await asyncio.sleep(0.02)
            assert desk.begun == ["first a", "second a"]
