import msgspec
import pytest

from router.contract import JobState
from router.jobs import Job
from router.jobs.paces import FRESH, Paces
from router.testing.clock import FakeClock
from router.testing.stores import MemoryRows
from tests.unit.jobs.making import REQUEST, TAKEN, House, Studio, by
from tests.unit.web.making import STANDING


def made(number: int, provider: str, took: float, lasts: float | None = None) -> Job:
    job = Job(id=f"video_{number}", team="ads", model="m", created_at=0.0, state=JobState.DONE, provider=provider)
    return replaced(job, started_at=100.0, completed_at=100.0 + took, seconds=lasts)


def replaced(job: Job, **fields: object) -> Job:
    return msgspec.structs.replace(job, **fields)


async def paces(*jobs: Job) -> Paces:
    rows = MemoryRows()
    for job in jobs:
        await rows.add(job.row(None))
    return Paces(rows, FakeClock())


async def test_the_median_of_a_providers_films() -> None:
    """A film takes what that provider's usually take, whatever others take; one that took for ever changes little."""
    known = await paces(*(made(n, "a", took) for n, took in enumerate((8, 10, 9999))), made(4, "b", 1))
    assert await known.typical("a", None) == 10


async def test_longer_films_take_longer() -> None:
    """Where the length of a film is known, so is the time by that of others for each of their seconds."""
    known = await paces(*(made(n, "a", 20, 10) for n in range(2)), made(3, "a", 90, 30), made(4, "a", 7))
    assert await known.typical("a", 60.0) == pytest.approx(120)
    assert await known.typical("a", None) == 20


async def test_too_few() -> None:
    """Two films tell nothing of the third."""
    assert await (await paces(made(1, "a", 5, 1), made(2, "a", 5, 1))).typical("a", 4.0) is None


async def test_films_that_were_made_since() -> None:
    """They are looked at again after a minute, and not before."""
    known = await paces()
    rows, clock = known.rows, known.clock
    assert await known.typical("a", None) is None
    for number in range(3):
        await rows.add(made(number, "a", 7).row(None))
    assert await known.typical("a", None) is None
    assert isinstance(clock, FakeClock)
    clock.advance(FRESH)
    assert await known.typical("a", None) == 7


async def test_a_job_is_judged_by_those_before() -> None:
    """The fourth film of a provider is shown as far as the first three make likely."""
    house = House(Studio(TAKEN))
    for number in range(3):
        await house.rows.add(made(90 + number, STANDING.provider, 40.0, 4.0).row(None))
    job = await house.jobs.create(REQUEST, by())
    assert (job.expected, job.typical) == (4.0, 40.0)
