import asyncio

import pytest

from router.store.database import Database
from router.store.jobs import SqlJobs
from router.store.notices import SqlNotices
from router.store.rows import JobRows, NoticeRow, NoticeRows, Stale
from tests.unit.store.records.making import ADS, NEWS, job, notice


@pytest.fixture
async def jobs(database: Database) -> JobRows:
    jobs = SqlJobs(database)
    await jobs.add(job("job"))
    return jobs


@pytest.fixture
def notices(database: Database, jobs: JobRows) -> NoticeRows:
    return SqlNotices(database)


async def test_a_notice_comes_back_as_it_went(jobs: JobRows, notices: NoticeRows) -> None:
    """What was added is read back equal, the very bytes that are signed included."""
    kept = notice("one", body='{"é": "\x00"}'.encode(), run_at=None, tries=3, status=503, ended="gave_up")
    await jobs.write(job("job"), [kept])
    assert await notices.get("one") == kept
    assert await notices.get("absent") is None
    assert await notices.get("\x00") is None


async def test_what_is_due_comes_longest_due_first(jobs: JobRows, notices: NoticeRows) -> None:
    """Due are those whose time has come, in that order, no more than asked for; the earliest is known."""
    assert await notices.next_due() is None
    times = (("second", 20.0), ("over", None), ("first", 10.0), ("later", 21.0))
    await jobs.write(job("job"), [notice(name, run_at=run_at) for name, run_at in times])
    assert [one.id for one in await notices.due(20.0, 10)] == ["first", "second"]
    assert [one.id for one in await notices.due(20.0, 1)] == ["first"]
    assert await notices.next_due() == 10.0


async def test_of_many_writers_one_wins(jobs: JobRows, notices: NoticeRows) -> None:
    """Eight deliveries that end at once: one write is kept, seven are told that they are late."""
    await jobs.write(job("job"), [notice("one")])
    rivals = [notice("one", tries=number) for number in range(1, 9)]
    results = await asyncio.gather(*map(notices.write, rivals), return_exceptions=True)
    won = [one for one in results if isinstance(one, NoticeRow)]
    assert len(won) == 1
    assert sum(isinstance(one, Stale) for one in results) == 7
    assert await notices.get("one") == won[0]
    assert won[0].epoch == 1


async def test_a_page_is_of_a_team_or_a_job(jobs: JobRows, notices: NoticeRows) -> None:
    """Notices are listed the newest first, of all, of a team, of a job, or of both."""
    await jobs.add(job("foreign", team=NEWS))
    await jobs.write(job("job"), [notice("one"), notice("two")])
    await jobs.write(job("foreign"), [notice("three", job="foreign", team=NEWS)])
    everything, ours = await notices.page(None, None, 2), await notices.page(ADS, None, 2)
    assert [one.id for one in everything] == ["three", "two"]
    assert [one.id for one in ours] == ["two", "one"]
    assert [one.id for one in await notices.page(None, "foreign", 2)] == ["three"]
    assert await notices.page(NEWS, "job", 2) == []
