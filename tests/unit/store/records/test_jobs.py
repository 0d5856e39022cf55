import asyncio

import pytest

from router.store.database import Database
from router.store.jobs import SqlJobs
from router.store.notices import SqlNotices
from router.store.rows import JobRow, JobRows, Query, Stale
from tests.unit.store.records.making import ADS, NEWS, job, notice


@pytest.fixture
def jobs(database: Database) -> JobRows:
    return SqlJobs(database)


async def listed(jobs: JobRows, query: Query) -> tuple[list[str], bool]:
    page = await jobs.page(query)
    assert page is not None
    return [row.id for row in page.rows], page.more


FULL = job(
    "job_full",
    body=b"\x00\xff" * 1000,
    state="fetching",
    final=True,
    run_at=1_700_000_000.123456,
    expires_at=2e9,
    provider="sync",
    upstream_id="gen-1",
)


@pytest.mark.parametrize("row", [FULL, job("job_plain")], ids=["full", "plain"])
async def test_a_row_comes_back_as_it_went(jobs: JobRows, row: JobRow) -> None:
    """What was added is read back equal: bytes, absent times, and times to the microsecond."""
    await jobs.add(row)
    assert await jobs.get(row.id) == row


@pytest.mark.parametrize("name", ["absent", "\x00", "\ud800"])
async def test_an_unknown_id_is_none(jobs: JobRows, name: str) -> None:
    """An id that is not there is nothing, even one that no database could hold."""
    assert await jobs.get(name) is None
    assert await jobs.page(Query(team=ADS, after=name)) is None
    assert await listed(jobs, Query(team=ADS, ids=(name,))) == ([], False)
    assert await jobs.of_upstream("sync", name) is None


async def test_a_write_moves_the_epoch_on(jobs: JobRows) -> None:
    """A write is kept under the next epoch, which it returns; one from an older epoch is refused."""
    first = job("job")
    await jobs.add(first)
    second = await jobs.write(job("job", state="done", final=True))
    assert second == await jobs.get("job") == job("job", state="done", final=True, epoch=1)
    with pytest.raises(Stale):
        await jobs.write(first)
    assert await jobs.get("job") == second


async def test_a_row_that_is_gone_is_stale(jobs: JobRows) -> None:
    """A write to a removed row is refused, and does not bring it back."""
    await jobs.add(job("job"))
    await jobs.remove("job")
    await jobs.remove("job")
    with pytest.raises(Stale):
        await jobs.write(job("job"))
    assert await jobs.get("job") is None


async def test_of_many_writers_one_wins(jobs: JobRows) -> None:
    """Eight writers from the same epoch: one write is kept, seven are told that they are late."""
    await jobs.add(job("job"))
    rivals = [job("job", state=f"by_{number}") for number in range(8)]
    results = await asyncio.gather(*map(jobs.write, rivals), return_exceptions=True)
    won = [one for one in results if isinstance(one, JobRow)]
    assert len(won) == 1
    assert sum(isinstance(one, Stale) for one in results) == 7
    assert await jobs.get("job") == won[0]


async def test_notices_are_written_with_their_job_or_not_at_all(jobs: JobRows, database: Database) -> None:
    """A stale write adds no notice; a kept one adds all; notices go with their job."""
    notices = SqlNotices(database)
    await jobs.add(job("job"))
    with pytest.raises(Stale):
        await jobs.write(job("job", epoch=7), [notice("late")])
    await jobs.write(job("job"), [notice("one"), notice("two")])
    assert [one.id for one in await notices.page(ADS, "job", 10)] == ["two", "one"]
    await jobs.remove("job")
    assert await notices.page(None, None, 10) == []


@pytest.fixture
async def five(jobs: JobRows) -> JobRows:
    for number in range(5):
        await jobs.add(job(f"job_{number}", created_at=9.0 - number, state="even" if number % 2 == 0 else "odd"))
    await jobs.add(job("foreign", team=NEWS, state="even"))
    return jobs


@pytest.mark.parametrize(
    ("query", "ids", "more"),
    [
        (Query(team=ADS), "43210", False),
        (Query(team=ADS, newest_first=False), "01234", False),
        (Query(team=ADS, limit=2), "43", True),
        (Query(team=ADS, limit=2, after="job_3"), "21", True),
        (Query(team=ADS, limit=2, after="job_2"), "10", False),
        (Query(team=ADS, limit=2, after="job_1", newest_first=False), "23", True),
        (Query(team=ADS, states=("odd",)), "31", False),
        (Query(team=ADS, states=("odd", "even"), limit=3), "432", True),
        (Query(team=ADS, ids=("job_1", "job_4", "foreign")), "41", False),
        (Query(team=ADS, after="job_0"), "", False),
    ],
)
async def test_a_page_is_what_was_asked_for(five: JobRows, query: Query, ids: str, more: bool) -> None:
    """Pages follow the order in which jobs were made, not their clocks, and know whether there is more."""
    assert await listed(five, query) == ([f"job_{number}" for number in ids], more)


async def test_teams_do_not_see_one_another(five: JobRows) -> None:
    """A cursor of another team is none of ours; the operator sees everybody's."""
    assert await five.page(Query(team=ADS, after="foreign")) is None
    assert await listed(five, Query(team=None, states=("even",), limit=2)) == (["foreign", "job_4"], True)
    assert await listed(five, Query(team=None, after="foreign", limit=1)) == (["job_4"], True)


async def test_a_cursor_outlives_the_newest_job(five: JobRows) -> None:
    """A job made after the newest was removed is newer than all that were read."""
    await five.remove("foreign")
    await five.add(job("job_5"))
    assert await listed(five, Query(team=ADS, after="job_4", newest_first=False)) == (["job_5"], False)


async def test_only_unfinished_jobs_of_the_team_count(jobs: JobRows) -> None:
    """The count leaves out what is final, and what is another team's."""
    await jobs.add(job("running"))
    await jobs.add(job("done", final=True))
    await jobs.add(job("foreign", team=NEWS))
    assert await jobs.unfinished(ADS) == 1
    assert await jobs.unfinished("nobody") == 0


async def test_unfinished_jobs_by_state(jobs: JobRows) -> None:
    """Of what is not final each state is counted, whoever's it is, with the age of the oldest."""
    assert await jobs.groups() == []
    for number, (state, team) in enumerate([("queued", ADS), ("queued", NEWS), ("in_progress", ADS)]):
        await jobs.add(job(f"job_{number}", state=state, team=team, created_at=10.0 + number))
    await jobs.add(job("over", state="completed", final=True, created_at=1.0))
    assert {one.state: (one.jobs, one.oldest) for one in await jobs.groups()} == {
        "queued": (2, 10.0),
        "in_progress": (1, 12.0),
    }


async def test_what_is_due_comes_longest_due_first(jobs: JobRows) -> None:
    """Due are those whose time has come, in that order, no more than asked for; the earliest is known."""
    assert await jobs.next_due() is None
    for name, run_at in (("third", 30.0), ("never", None), ("first", 10.0), ("second", 20.0), ("later", 31.0)):
        await jobs.add(job(name, run_at=run_at))
    assert list(await jobs.due(30.0, 10)) == ["first", "second", "third"]
    assert list(await jobs.due(30.0, 2)) == ["first", "second"]
    assert await jobs.next_due() == 10.0


async def test_what_has_expired_is_found(jobs: JobRows) -> None:
    """Expired are those whose end has come, the oldest first; a job without one never is."""
    for name, expires_at in (("second", 20.0), ("never", None), ("first", 10.0), ("later", 21.0)):
        await jobs.add(job(name, expires_at=expires_at))
    assert [row.id for row in await jobs.expired(20.0, 10)] == ["first", "second"]
    assert [row.id for row in await jobs.expired(20.0, 1)] == ["first"]


async def test_a_job_is_found_by_its_providers_id(jobs: JobRows) -> None:
    """A provider's id belongs to that provider; jobs that have none yet are not mistaken for one."""
    await jobs.add(job("fresh", provider="sync"))
    await jobs.add(job("ours", provider="sync", upstream_id="7"))
    found = await jobs.of_upstream("sync", "7")
    assert found is not None
    assert found.id == "ours"
    assert await jobs.of_upstream("boson", "7") is None
    assert await jobs.of_upstream("sync", "") is None
