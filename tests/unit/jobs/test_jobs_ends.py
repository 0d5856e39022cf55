import asyncio

import pytest

from router.contract import JobState, MediaError, NotFound, Ticket
from router.store.errors import MediaUnavailable
from router.testing.stores import MemoryMedia, MemoryRows
from tests.unit.jobs.making import ADS, DONE, TAKEN, until
from tests.unit.jobs.rendering import Rendering, film, house_of, made

AWAY = MediaUnavailable("it is away")
MINUTE = 60.0


async def test_deleting_calls_work_off() -> None:
    """A job deleted while it is worked on is gone for whoever waits, its work stopped, and nothing of it kept."""
    rendering = Rendering()
    house = house_of(rendering)
    async with house.jobs as jobs:
        job = await house.create()
        await rendering.begun.wait()
        waiting = asyncio.create_task(jobs.wait(ADS, job.id, 10))
        await asyncio.sleep(0)
        assert (await jobs.delete(ADS, job.id)).id == job.id
        assert jobs.scheduler.at_work == {}
        with pytest.raises(NotFound):
            await waiting
        with pytest.raises(NotFound):
            await jobs.get(ADS, job.id)
    assert (house.rows.rows, house.media.kept) == ({}, {})


@pytest.mark.parametrize("times", [0, 1, 9], ids=["queued", "ordered", "done"])
async def test_deleting(times: int) -> None:
    """Whatever became of it, a job that is deleted leaves neither row, nor film, nor what was uploaded for it."""
    house = house_of(TAKEN)
    await house.create()
    await house.work(times)
    assert house.media.kept
    await house.jobs.delete(ADS, "video_1")
    assert (house.rows.rows, house.media.kept) == ({}, {})


class Locked(MemoryMedia):
    """A store that removes nothing for now."""

    locked = True

    async def remove(self, *names: str) -> None:
        if self.locked:
            raise AWAY
        await super().remove(*names)


async def test_deleting_while_the_store_is_away() -> None:
    """Whoever could not delete a job's media still has the job, and so can try again."""
    house = house_of(film())
    house.jobs.media = store = Locked()
    await house.create()
    with pytest.raises(MediaError):
        await house.jobs.delete(ADS, "video_1")
    store.locked = False
    await house.jobs.delete(ADS, "video_1")
    assert (house.rows.rows, store.kept) == ({}, {})


class Racing(MemoryRows):
    """Rows one of which is removed just after its worker, elsewhere, has kept the film."""

    def __init__(self, media: MemoryMedia) -> None:
        super().__init__()
        self.media = media

    async def remove(self, id: str) -> None:  # noqa: A002 - the protocol's name
        self.media.kept[id] = b"film"
        await super().remove(id)


async def test_deleting_what_is_just_being_finished() -> None:
    """A film that is kept while its job is being deleted goes with it."""
    house = house_of(film())
    house.jobs.rows = Racing(house.media)
    await house.create()
    await house.jobs.delete(ADS, "video_1")
    assert house.media.kept == {}


async def test_films_go_with_age() -> None:
    """A finished job says when it will go, and goes then, film and all; one that still runs stays."""
    rendering = Rendering()
    house = house_of(film(), rendering, age=100.0)
    async with house.jobs as jobs:
        job = await made(house)
        assert job.expires_at == house.clock.wall() + 100.0
        await house.create()
        await rendering.begun.wait()
        house.clock.advance(MINUTE)
        await asyncio.sleep(0.01)
        assert (await jobs.film(ADS, job.id))[0].name in house.media.kept
        house.clock.advance(MINUTE)
        await until(lambda: list(house.rows.rows) == ["video_2"])
        await until(lambda: job.id not in house.media.kept)


async def test_a_sweep_that_fails() -> None:
    """What could not be removed at one sweep is removed at a later one."""
    house = house_of(film(), age=100.0)
    async with house.jobs:
        await made(house)
        house.rows.away = AWAY
        house.clock.advance(2 * MINUTE)
        await asyncio.sleep(0.01)
        assert "video_1" in house.rows.rows
        house.rows.away = None
        house.clock.advance(MINUTE)
        await until(lambda: not house.rows.rows)
    assert house.media.kept == {}


async def test_another_process_goes_on() -> None:
    """Leaving calls off what takes too long; what it was about is all there for whoever comes next."""

    async def slow() -> Ticket:
        await asyncio.sleep(10)
        return DONE

    house = house_of(TAKEN, grace=0.0)
    house.studio.looking = [slow, DONE]
    await house.create()
    await house.work()
    house.clock.advance(MINUTE)
    async with house.jobs as jobs:
        await until(lambda: len(house.studio.looking) == 1)
    assert (jobs.scheduler.at_work, house.job.state) == ({}, JobState.RUNNING)
    await house.work(9)
    assert (house.job.state, len(house.studio.orders)) == (JobState.DONE, 1)


async def test_settled() -> None:
    """Whoever changes engines can wait until nobody works with the old one."""
    rendering = Rendering()
    house = house_of(rendering)
    async with house.jobs as jobs:
        await house.create()
        await rendering.begun.wait()
        settling = asyncio.create_task(jobs.settled())
        await asyncio.sleep(0.01)
        assert not settling.done()
        rendering.going.set()
        await settling
        assert house.job.final
        await jobs.settled()
