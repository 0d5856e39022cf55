import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from router.contract import (
    Busy,
    Clip,
    ContentRefused,
    DeadlinePassed,
    Exhausted,
    JobState,
    OutcomeUnknown,
    ProviderFailed,
    Ticket,
    Truncated,
    Unavailable,
)
from router.jobs import Fault, Job, Step
from router.jobs.lease import Lease
from router.jobs.notices import Receiver, notice
from router.jobs.work import MOST_ORDERS, Work
from router.store.errors import MediaUnavailable, RecordsUnavailable
from router.store.rows import JobRow, NoticeRow
from router.testing.stores import MemoryRows
from tests.unit.jobs.making import ADS, DONE, PAUSE, TAKEN, Broken, House, Killed, Studio, failed
from tests.unit.web.making import Chunks

LOST = OutcomeUnknown("its answer was lost")
REPEATABLE = OutcomeUnknown("its answer was lost", repeatable=True)
AWAY = MediaUnavailable("the store cannot be reached")


async def at_work(studio: Studio, times: int = 20, **options: Any) -> House:
    house = House(studio, **options)
    await house.create()
    await house.work(times)
    return house


async def test_an_order_becomes_a_film() -> None:
    """Ordered once, looked at until it is done, fetched, kept and accounted for once; what was uploaded is gone."""
    studio = Studio(TAKEN)
    studio.looking = [Ticket("up-1", JobState.RUNNING, progress=40), DONE]
    house = await at_work(studio)
    job = house.job
    assert (job.state, job.step, job.progress, job.provider) == (JobState.DONE, Step.OVER, 100, "a")
    assert house.media.kept == {"video_1": b"onetwo"}
    assert studio.orders == [("a", "video_1.0")]
    assert [(one.outcome, one.bytes_out) for one in studio.outcomes] == [("ok", 6)]


async def test_it_is_looked_at_at_the_providers_pace() -> None:
    """Between two looks lies the pause of the offer, and its own progress is told."""
    studio = Studio(TAKEN)
    studio.looking = [Ticket("up-1", JobState.RUNNING, progress=40)]
    house = await at_work(studio, times=3)
    assert (house.job.state, house.job.progress) == (JobState.RUNNING, 40)
    before = house.clock.wall()
    await house.work()
    assert house.clock.wall() - before == PAUSE


async def test_a_film_that_comes_as_it_is_rendered() -> None:
    """A provider without jobs answers the order with the film itself."""
    house = await at_work(Studio(Clip(Chunks(b"one")), free=True))
    assert (house.job.state, house.media.kept) == (JobState.DONE, {"video_1": b"one"})


@pytest.mark.parametrize("error", [ContentRefused("no"), Exhausted([("a", Unavailable("down"))]), ValueError("secret")])
async def test_an_order_that_nobody_takes(error: Exception) -> None:
    """The job ends, and says why without quoting what nobody foresaw."""
    studio = Studio(error)
    house = await at_work(studio)
    assert house.job.state is JobState.FAILED
    assert house.job.error is not None
    assert "secret" not in house.job.error.message
    assert [one.outcome for one in studio.outcomes] == [house.job.error.code]
    assert set(house.media.kept) == set(house.job.inputs)  # for an operator who has it ordered anew


async def test_everybody_is_busy() -> None:
    """A job has time: it is ordered when the providers asked to be asked again."""
    studio = Studio(Exhausted([("a", Busy("later", retry_after=90.0))]), TAKEN)
    house = House(studio)
    await house.create()
    before = house.clock.wall()
    await house.work(2)
    assert house.clock.wall() - before >= 90.0
    assert house.job.step is Step.WAITING or house.job.state is JobState.DONE


# Orders whose answer was lost ---------------------------------------------------------------------


async def test_a_lost_answer_is_left_for_a_person() -> None:
    """Without a key nobody knows what was bought: the job ends as that, and nothing is ordered again."""
    studio = Studio(LOST, TAKEN)
    house = await at_work(studio)
    assert house.job.error == Fault("outcome_unknown", "its answer was lost")
    assert len(studio.orders) == 1


async def test_a_lost_answer_under_a_key() -> None:
    """Under a key the very same order is repeated at the same provider, and nowhere else."""
    studio = Studio(REPEATABLE, REPEATABLE, TAKEN, providers="ab", keyed=True)
    house = await at_work(studio)
    assert house.job.state is JobState.DONE
    assert studio.orders == [("a", "video_1.0")] * 3


@pytest.mark.parametrize("failure", [Busy("later", retry_after=5.0), Unavailable("down")], ids=lambda one: one.code)
async def test_a_lost_answer_and_then_no_room(failure: ProviderFailed) -> None:
    """A repeat that fails says nothing of the order before: it is still that provider's, and nobody else is asked."""
    studio = Studio(REPEATABLE, Exhausted([("a", failure)]), TAKEN, providers="ab", keyed=True)
    house = await at_work(studio, times=2)
    assert (house.job.step, house.job.asked) == (Step.SUBMITTING, "a")
    await house.work(20)
    assert house.job.state is JobState.DONE


@pytest.mark.parametrize(
    ("vendor", "code", "orders"),
    [({}, "outcome_unknown", 1), ({"keyed": True}, None, 2), ({"free": True}, "deadline_passed", 1)],
    ids=str,
)
async def test_no_answer_by_the_deadline(vendor: dict[str, Any], code: str | None, orders: int) -> None:
    """Who was asked and stays silent may have taken the order: that is unknown, unless a key or its being free settles it."""
    studio = Studio(DeadlinePassed("no provider could serve this in time"), TAKEN, **vendor)
    house = await at_work(studio)
    assert (house.job.error and house.job.error.code, len(studio.orders)) == (code, orders)


async def test_killed_while_ordering() -> None:
    """Whoever dies between asking and hearing leaves an order that may have been taken; it is not given twice."""
    studio = Studio(Killed(), TAKEN)
    house = await at_work(studio)
    assert house.job.error is not None
    assert house.job.error.code == "outcome_unknown"
    assert len(studio.orders) == 1


async def test_killed_while_ordering_under_a_key() -> None:
    """With a key the next worker gives the same order again, and to the same provider."""
    studio = Studio(Killed(), TAKEN, providers="ab", keyed=True)
    house = await at_work(studio)
    assert house.job.state is JobState.DONE
    assert studio.orders == [("a", "video_1.0")] * 2


async def test_killed_while_rendering_what_is_free() -> None:
    """What costs nothing is simply made again."""
    studio = Studio(Killed(), Clip(Chunks(b"one")), free=True)
    house = await at_work(studio)
    assert (house.job.state, len(studio.orders)) == (JobState.DONE, 2)


async def test_killed_later() -> None:
    """Whoever dies while waiting or fetching leaves all that the next one needs: nothing is ordered again."""
    studio = Studio(TAKEN)
    studio.looking = [Killed(), TAKEN, Killed(), DONE]
    studio.collecting = [Killed(), Clip(Broken(Killed())), Clip(Chunks(b"whole"))]
    house = await at_work(studio)
    assert (house.job.state, house.media.kept, len(studio.orders)) == (JobState.DONE, {"video_1": b"whole"}, 1)


async def test_a_late_worker() -> None:
    """Who was thought dead cannot undo what its successor did: its next write is refused."""
    studio = Studio(TAKEN)
    house = House(studio)
    await house.create()

    async def overtaken() -> Ticket:
        row = house.rows.rows["video_1"]
        await house.rows.write(row)  # somebody else takes the job meanwhile
        return DONE

    studio.looking = [overtaken]
    await house.work(2)
    assert house.job.step is Step.WAITING
    assert studio.outcomes == []


# Orders that come to nothing ----------------------------------------------------------------------


async def test_a_job_that_fails_at_its_provider() -> None:
    """It ends the job, which says why; ordering it elsewhere would be paid for twice."""
    studio = Studio(TAKEN, providers="ab")
    studio.looking = [failed()]
    house = await at_work(studio)
    assert house.job.error == Fault("job_failed", "the face has no mouth")
    assert len(studio.orders) == 1


async def test_a_second_order_where_the_route_pays_for_it() -> None:
    """With `respend` the next provider is asked, under a key of its own, as often as a film may be ordered."""
    studio = Studio(TAKEN, providers="ab")
    studio.respending = True
    studio.looking = [failed()]
    house = await at_work(studio)
    assert studio.orders == [("a", "video_1.0"), ("b", "video_1.1"), ("a", "video_1.2")][:MOST_ORDERS]
    assert house.job.state is JobState.FAILED


async def test_no_second_order_where_it_would_end_the_same() -> None:
    """A provider that says another try will not help is believed."""
    studio = Studio(TAKEN, providers="ab")
    studio.respending = True
    studio.looking = [failed(again=False)]
    await at_work(studio)
    assert len(studio.orders) == 1


async def test_a_rendering_that_breaks() -> None:
    """What broke on its way is paid and gone: it is ordered again only where that is free or allowed."""
    broken, whole = Clip(Broken(Truncated("cut"))), Clip(Chunks(b"one"))
    for free, orders, state in ((True, 2, JobState.DONE), (False, 1, JobState.FAILED)):
        studio = Studio(broken, whole, free=free)
        house = await at_work(studio)
        assert (len(studio.orders), house.job.state) == (orders, state)


# Faults that pass ---------------------------------------------------------------------------------


async def test_a_provider_that_cannot_be_reached() -> None:
    """Looking and fetching are tried again, later and later, and when it says so: the film is paid for."""
    studio = Studio(TAKEN)
    studio.looking = [Unavailable("down"), Busy("later", retry_after=500.0), DONE]
    studio.collecting = [Unavailable("down"), Clip(Broken(Unavailable("cut"))), Clip(Chunks(b"whole"))]
    house = House(studio)
    await house.create()
    before = house.clock.wall()
    await house.work(20)
    assert (house.job.state, house.media.kept) == (JobState.DONE, {"video_1": b"whole"})
    assert house.clock.wall() - before > 500.0


async def test_a_provider_that_is_configured_no_more() -> None:
    """A job whose provider is gone waits for it to come back until its patience ends, and says then what is unknown."""
    studio = Studio(TAKEN)
    studio.looking = [TAKEN]
    house = await at_work(studio, times=2, patience=600.0)
    studio.providers = "b"
    await house.work(60)
    assert house.job.error is not None
    assert house.job.error.code == "outcome_unknown"


async def test_a_job_that_never_ends() -> None:
    """A provider that is never done is given up after the patience, and nobody is asked instead."""
    studio = Studio(TAKEN)
    studio.looking = [TAKEN]
    house = await at_work(studio, times=400, patience=300.0)
    assert house.job.error is not None
    assert (house.job.error.code, len(studio.orders)) == ("outcome_unknown", 1)


async def test_a_store_that_is_away() -> None:
    """A film that cannot be kept yet stays at its provider's, and is fetched when the store is back."""
    studio = Studio(TAKEN)
    house = House(studio)
    await house.create()
    house.media.away = AWAY
    await house.work(4)
    assert house.job.step is Step.FETCHING
    house.media.away = None
    await house.work(2)
    assert (house.job.state, house.media.kept) == (JobState.DONE, {"video_1": b"onetwo"})


async def test_a_database_that_is_away() -> None:
    """What cannot be written down is not lost: the job is due again as soon as the database is back."""
    studio = Studio(TAKEN)
    house = House(studio)
    await house.create()

    async def gone() -> Ticket:
        house.rows.away = RecordsUnavailable("the database is away")
        asyncio.get_running_loop().call_later(0.02, setattr, house.rows, "away", None)
        return DONE

    studio.looking = [gone, DONE]
    await house.work(2)
    assert house.job.step is Step.WAITING
    assert await house.rows.next_due() == house.clock.wall()
    await house.work(5)
    assert house.job.state is JobState.DONE


async def test_another_takes_what_could_not_be_given_back() -> None:
    """A job that another has taken by the time the database is back is left to him."""
    house = House(Studio(TAKEN))
    await house.create()
    lease = await Lease.take(house.rows, "video_1", house.clock)
    assert lease is not None
    house.rows.away = RecordsUnavailable("the database is away")
    giving = asyncio.create_task(lease.give_back())
    await asyncio.sleep(0.01)
    house.rows.away = None
    taken = await house.rows.write(house.rows.rows["video_1"])
    await giving
    assert house.rows.rows["video_1"] == taken


async def test_a_database_that_is_away_when_the_answer_comes() -> None:
    """What was bought is written down as soon as it is back: whoever heard the answer is the only one to know it."""
    back = asyncio.get_running_loop().call_later

    async def taken() -> Ticket:
        house.rows.away = RecordsUnavailable("the database is away")
        back(0.02, setattr, house.rows, "away", None)
        return TAKEN

    studio = Studio(taken)
    house = House(studio)
    await house.create()
    await house.work(6)
    assert (house.job.state, len(studio.orders)) == (JobState.DONE, 1)


@pytest.mark.parametrize("silent", [False, True])
async def test_a_database_that_goes_away_before_anybody_is_asked(silent: bool) -> None:
    """Nobody was asked, though the row may say so by the time it is back: the film is ordered then, and once."""
    studio = Studio(TAKEN)
    house = House(studio)
    await house.create()
    await house.work(0)
    lease = await Lease.take(house.rows, "video_1", house.clock)
    assert lease is not None
    house.rows.away, house.rows.silent = RecordsUnavailable("away"), silent
    asyncio.get_running_loop().call_later(0.02, setattr, house.rows, "away", None)
    await Work(lease, house.means).go_on()
    await house.work(6)
    assert (house.job.state, len(studio.orders)) == (JobState.DONE, 1)


class Watched(MemoryRows):
    """Rows that keep what the log says whenever somebody is written down as being asked."""

    def __init__(self, rows: MemoryRows, log: Callable[[], str]) -> None:
        super().__init__()
        self.rows, self.log, self.said = rows.rows, log, list[str]()

    async def write(self, row: JobRow, notices: Sequence[NoticeRow] = ()) -> JobRow:
        if Job.of(row).asked:
            self.said.append(self.log())
        return await super().write(row, notices)


async def test_the_log_says_who_is_ordered_from_before_the_records_do(caplog: pytest.LogCaptureFixture) -> None:
    """So of any order that nobody knows the outcome of, the log of one process says that it was its own."""
    caplog.set_level("INFO")
    house = House(Studio(Killed()))
    await house.create()
    lease = await Lease.take(house.rows, "video_1", house.clock)
    assert lease is not None
    lease.rows = rows = Watched(house.rows, lambda: caplog.text)
    with pytest.raises(Killed):
        await Work(lease, house.means).go_on()
    assert len(rows.said) == 1
    assert "job video_1 is about to be ordered from a" in rows.said[0]


@pytest.mark.parametrize("silent", [False, True])
async def test_a_database_that_goes_away_at_the_end(silent: bool) -> None:
    """Whether it has written the end or not, the film is fetched once, its owner told once, and the request counted once."""
    studio = Studio(TAKEN)
    told = notice(Receiver(team="ads", job="video_1", url="https://a.test/"), b"{}", 9.0, lambda: "msg_1")
    house = House(studio, lambda _: (told,))
    await house.create()

    async def film() -> Clip:
        house.rows.away, house.rows.silent = RecordsUnavailable("away"), silent
        asyncio.get_running_loop().call_later(0.02, setattr, house.rows, "away", None)
        return Clip(Chunks(b"film"))

    studio.collecting = [film, AssertionError("it is here already")]
    await house.work(10)
    assert (house.job.state, await house.rows.next_due()) == (JobState.DONE, None)
    assert (house.rows.notices, house.posted) == ([told], [1])
    assert [one.outcome for one in studio.outcomes] == ["ok"]


async def test_deleted_in_the_middle() -> None:
    """A job that its owner deletes while it is fetched leaves nothing: neither a row nor a film."""
    studio = Studio(TAKEN)
    house = House(studio)
    await house.create()

    async def deleted() -> Clip:
        await house.jobs.delete("ads", "video_1")
        return Clip(Chunks(b"late"))

    studio.collecting = [deleted]
    await house.work(3)
    assert (house.rows.rows, house.media.kept) == ({}, {})
    assert [one.outcome for one in studio.outcomes] == ["cancelled"]


@pytest.mark.parametrize("way", [DONE, failed()])
async def test_whoever_sends_is_woken_when_there_is_something_to_send(way: Ticket) -> None:
    """It is said that notices are kept once they are: a look that came earlier would find none, and the next is late."""
    receiver = Receiver(team=ADS, job="video_1", url="https://a.example/told")
    house = House(Studio(TAKEN), lambda job: (notice(receiver, b"{}", job.created_at, lambda: "msg_1"),))
    house.studio.looking = [way]
    await house.create()
    await house.work(6)
    assert house.job.final
    assert house.posted == [1]
