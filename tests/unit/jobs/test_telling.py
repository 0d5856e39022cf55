"""What is told of a job's request at its end, in whichever step and process that comes about."""

from router.contract import Busy, Exhausted, JobState, Outcome, OutcomeUnknown, Task, Ticket
from router.engine.exchange import Exchange
from router.jobs import Job
from router.jobs.telling import MOST, noted, recall
from router.testing.clock import FakeClock
from tests.unit.jobs.making import ADS, DONE, TAKEN, House, Killed, Studio
from tests.unit.web.making import attempt

RUNNING = Ticket("up-1", JobState.RUNNING)
PAUSED = Exhausted([("a", Busy("busy", retry_after=5.0))])


async def at_work(studio: Studio, times: int = 20) -> House:
    house = House(studio)
    await house.create()
    await house.work(times)
    return house


def labels(one: Outcome) -> tuple[str, str, str, int]:
    return one.outcome, one.route, one.provider, one.characters


async def test_a_film_that_is_waited_for() -> None:
    """Who ordered it has paused long since: its route, its provider and what was asked for are told all the same."""
    studio = Studio(TAKEN)
    studio.looking = [RUNNING, RUNNING, DONE]
    await at_work(studio)
    assert [labels(one) for one in studio.outcomes] == [("ok", "a-route", "a", 12)]


async def test_a_film_that_another_process_fetches() -> None:
    """The one that ordered it was killed."""
    studio = Studio(TAKEN)
    studio.looking = [Killed(), DONE]
    await at_work(studio)
    assert [labels(one) for one in studio.outcomes] == [("ok", "a-route", "a", 12)]


async def test_an_order_whose_answer_died_with_its_process() -> None:
    """Nobody knows who served it, but its route is known from the start."""
    studio = Studio(Killed())
    await at_work(studio)
    assert [(one.outcome, one.route) for one in studio.outcomes] == [("outcome_unknown", "a-route")]


async def test_a_film_that_is_called_off() -> None:
    """Its owner deletes it while its provider makes it."""
    studio = Studio(TAKEN)
    studio.looking = [RUNNING]
    house = await at_work(studio, times=2)
    await house.jobs.delete(ADS, "video_1")
    assert [labels(one) for one in studio.outcomes] == [("cancelled", "a-route", "a", 12)]


async def test_the_route_is_known_before_anybody_is_asked() -> None:
    """A job that is deleted before its turn counts for its route."""
    studio = Studio(TAKEN)
    house = await at_work(studio, times=0)
    await house.jobs.delete(ADS, "video_1")
    assert [(one.outcome, one.route, one.attempts) for one in studio.outcomes] == [("cancelled", "a-route", ())]


async def test_a_film_that_is_made_anew() -> None:
    """An attempt is told once, though an operator has the job begin again."""
    studio = Studio(TAKEN)
    house = await at_work(studio)
    (outcome,) = studio.outcomes
    anew = house.job.reopened(house.clock.wall())
    assert (len(outcome.attempts), anew.attempts, anew.charges) == (1, (), ())


async def test_pauses_before_the_order() -> None:
    """A provider that is busy for a while is asked again, and told of once it has taken the order."""
    studio = Studio(PAUSED, OutcomeUnknown("lost", repeatable=True), TAKEN, keyed=True)
    await at_work(studio)
    assert [labels(one) for one in studio.outcomes] == [("ok", "a-route", "a", 12)]


def test_only_so_many_attempts_are_kept() -> None:
    """The latest: a job that waits for a day does not grow without end."""
    job = Job(id="v1", team=ADS, model="m", created_at=0.0)
    exchange = Exchange(Task.AVATAR, ADS, "req_1", FakeClock())
    exchange.attempts = [attempt(exchange, number, "a", "busy") for number in range(1, 100)]
    kept = Job.of(noted(job, exchange).row(None))
    told = Exchange(Task.AVATAR, ADS, "req_1", FakeClock())
    recall(told, kept, 0.0)
    assert [one.number for one in told.attempts] == list(range(100 - MOST, 100))
