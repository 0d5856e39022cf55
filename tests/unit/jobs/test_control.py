"""Operators end jobs, and have failed ones begin anew."""

import asyncio
from contextlib import suppress

import pytest

from router.contract import Conflict, ContentRefused, JobState, NotFound, OutcomeUnknown, Ticket
from router.jobs import Hook, Job, Kept, Step
from router.jobs.control import cancel, complete, reopen, unsettled
from router.jobs.notices import Receiver, notice
from router.store.rows import JobRow, NoticeRow
from router.testing.stores import MemoryRows
from tests.unit.jobs.making import DONE, TAKEN, House, Studio, failed

LOST = OutcomeUnknown("its answer was lost")
AGE = 3600.0


def told(job: Job) -> tuple[NoticeRow, ...]:
    return (notice(Receiver(team=job.team, job=job.id, url="https://a.test"), b"{}", 0.0, lambda: "msg_1"),)


def kept(house: House) -> Kept:
    return Kept(house.rows, house.media, notices=told)


async def ended(studio: Studio) -> House:
    house = House(studio)
    await house.create(hook=Hook("https://a.test", "standard"))
    await house.work(20)
    return house


async def test_a_failed_job_is_ordered_anew() -> None:
    """Under a key that no vendor has seen, with what it was asked with; nothing of its first end is left."""
    house = await ended(Studio(ContentRefused("no"), TAKEN))
    assert (house.job.state, len(house.media.kept)) == (JobState.FAILED, 2)
    opened = await reopen(kept(house), "video_1", house.clock.wall())
    assert (opened.state, opened.step, opened.error, opened.expires_at) == (
        JobState.QUEUED, Step.SUBMITTING, None, None,
    )  # fmt: skip
    await house.work(20)
    assert [key for _, key in house.studio.orders] == ["video_1.0", "video_1.1"]
    assert (house.job.state, house.media.kept) == (JobState.DONE, {"video_1": b"onetwo"})


async def test_patience_begins_anew() -> None:
    """A job that is retried long after it was made is not given up as overdue."""
    studio = Studio(LOST, TAKEN)
    studio.looking = [Ticket("up-1", JobState.RUNNING), DONE]
    house = await ended(studio)
    house.clock.advance(20 * 3600.0)
    await reopen(kept(house), "video_1", house.clock.wall())
    house.clock.advance(5 * 3600.0)
    await house.work(20)
    assert house.job.state is JobState.DONE


async def test_what_cannot_be_retried() -> None:
    """Jobs that are not there, have not failed, have expired, or whose media are gone, are left as they are."""
    house = House(Studio(ContentRefused("no")))
    await house.create()
    rows = kept(house)
    with pytest.raises(NotFound):
        await reopen(rows, "video_2", 0.0)
    with pytest.raises(Conflict, match="is queued"):
        await reopen(rows, "video_1", 0.0)
    await house.work()
    with pytest.raises(Conflict, match="has expired"):
        await reopen(rows, "video_1", house.job.expires_at or 0.0)
    await house.media.remove("video_1-1")
    assert not await complete(house.media, house.job)
    with pytest.raises(Conflict, match="not kept any more"):
        await reopen(rows, "video_1", house.clock.wall())
    assert house.job.state is JobState.FAILED


async def test_cancelling_ends_a_job_and_the_work_on_it() -> None:
    """It fails as `cancelled`, its owner is told once, and what its worker writes afterwards does not count."""
    asked, answer = asyncio.Event(), asyncio.Event()

    async def slowly() -> Ticket:
        asked.set()
        await answer.wait()
        return TAKEN

    house = House(Studio(slowly))
    await house.create()
    at_work = asyncio.create_task(house.work())
    await asked.wait()
    job = await cancel(kept(house), "video_1", house.clock.wall(), AGE)
    answer.set()
    await at_work
    assert house.job == job
    assert (job.state, job.error and job.error.code) == (JobState.FAILED, "cancelled")
    assert job.expires_at == (job.completed_at or 0.0) + AGE
    assert [one.job for one in house.rows.notices] == ["video_1"]
    with pytest.raises(Conflict, match="has ended already"):
        await cancel(kept(house), "video_1", house.clock.wall(), AGE)


class Contended(MemoryRows):
    """Rows that somebody else writes down as soon as they have been read, so many `times`."""

    times = 1

    async def get(self, id: str) -> JobRow | None:  # noqa: A002 - what it is
        row = await super().get(id)
        if row is not None and self.times:
            self.times -= 1
            await self.write(row)
        return row


@pytest.mark.parametrize(("times", "state"), [(1, JobState.FAILED), (99, JobState.QUEUED)])
async def test_a_worker_that_writes_at_the_very_moment(times: int, state: JobState) -> None:
    """Cancelling looks again and wins; where that goes on and on it says so, and changes nothing."""
    house = House(Studio(TAKEN))
    job = await house.create()
    rows = Contended()
    rows.times = times
    await rows.add(job.row(0.0))
    with suppress(Conflict):
        await cancel(Kept(rows, house.media), "video_1", 0.0, AGE)
    assert Job.of(rows.rows["video_1"]).state is state


@pytest.mark.parametrize(
    ("first", "settled"), [(LOST, False), (TAKEN, True), (ContentRefused("no"), True)], ids=["lost", "made", "none"]
)
async def test_what_may_be_paid_for(first: object, settled: bool) -> None:
    """Only an order whose answer was lost may have been taken without anybody knowing."""
    studio = Studio(first)
    studio.looking = [failed()]
    assert unsettled((await ended(studio)).job) is not settled


async def test_what_was_cancelled_may_be_paid_for() -> None:
    """A provider that has taken the order goes on with it; one that was never asked does not."""
    house = House(Studio(TAKEN))
    await house.create()
    before = await cancel(kept(house), "video_1", 0.0, AGE)
    assert not unsettled(before)
    assert unsettled(before.ordered("a", TAKEN))
