import asyncio
import logging

import msgspec
import pytest

from router.contract import (
    AvatarRequest,
    Clip,
    Inline,
    JobState,
    MediaError,
    NotFound,
    OverQuota,
    Ticket,
    Truncated,
    Unsupported,
)
from router.jobs import Fault, Hook, Query
from router.store.errors import MediaUnavailable
from router.store.rows import JobRow
from router.testing.stores import MemoryRows
from tests.unit.jobs.making import ADS, NEWS, REQUEST, Broken, by, until
from tests.unit.jobs.rendering import Rendering, film, house_of, made

AWAY = MediaUnavailable("it is away")
MINUTE = 60.0


async def test_a_job_becomes_a_film() -> None:
    """A job is queued at first; at its end it has its film, its maker and its whole progress."""
    house = house_of(film())
    async with house.jobs as jobs:
        queued = await house.create()
        assert (queued.state, queued.progress, queued.size, queued.seconds) == (JobState.QUEUED, 0, "640x640", 4.0)
        job = await jobs.wait(ADS, queued.id, 10)
        assert (job.state, job.progress, job.provider) == (JobState.DONE, 100, "a")
        kept, _ = await jobs.film(ADS, job.id)
    assert (house.media.kept, kept.size, kept.media_type) == ({kept.name: b"onetwo"}, 6, "video/mp4")


async def test_its_work_is_announced_once() -> None:
    """The exchange ends once, as well as the film did, under the id of the request that asked for it."""
    house = house_of(film())
    async with house.jobs:
        await made(house)
    assert [(one.outcome, one.status, one.bytes_out) for one in house.studio.outcomes] == [("ok", 200, 6)]
    assert house.studio.outcomes[0].request_id == "req_1"


async def test_what_the_dialect_wants_back() -> None:
    """Echo and hook are kept with the job to its end."""
    house = house_of(film())
    hook = Hook("https://a.example", "sync")
    async with house.jobs:
        job = await made(house, echo={"a": [1, {"b": None}]}, hook=hook)
    assert (job.echo, job.hook, job.model) == ({"a": [1, {"b": None}]}, hook, "a-model")


async def test_waiting() -> None:
    """Who waits is told at the end, or how far it came when the time is up."""
    rendering = Rendering()
    house = house_of(rendering)
    async with house.jobs as jobs:
        job = await house.create()
        await rendering.begun.wait()
        assert (await jobs.wait(ADS, job.id, 0)).state is JobState.RUNNING
        assert (await jobs.wait(ADS, job.id, 0.01)).state is JobState.RUNNING
        waiting = asyncio.create_task(jobs.wait(ADS, job.id, 10))
        await asyncio.sleep(0)
        rendering.going.set()
        assert (await waiting).state is JobState.DONE
        assert (await jobs.wait(ADS, job.id, 10)).state is JobState.DONE


async def test_a_wait_called_off() -> None:
    """Who waits is told how far it came as soon as nobody here will be able to tell him more."""
    rendering = Rendering()
    house = house_of(rendering)
    off = asyncio.Event()
    async with house.jobs as jobs:
        job = await house.create()
        await rendering.begun.wait()
        waiting = asyncio.create_task(jobs.wait(ADS, job.id, 60, off.is_set))
        await asyncio.sleep(0.01)
        assert not waiting.done()
        off.set()
        async with asyncio.timeout(5):
            assert (await waiting).state is JobState.RUNNING
        rendering.going.set()


async def test_waiting_for_another_process() -> None:
    """Who waits learns of an end that was reached elsewhere."""
    house = house_of(film())
    await house.create()
    waiting = asyncio.create_task(house.jobs.wait(ADS, "video_1", 10))
    await asyncio.sleep(0)
    await house.work()
    assert (await waiting).state is JobState.DONE


async def test_progress_by_time() -> None:
    """A running job is half done when it has run as long as its film lasts."""
    rendering = Rendering()
    house = house_of(rendering)
    async with house.jobs as jobs:
        job = await house.create()
        await rendering.begun.wait()
        house.clock.advance(4.0)
        assert (await jobs.get(ADS, job.id)).progress == 50
        assert [one.progress for one in (await jobs.list(Query(team=ADS))).jobs] == [50]


async def test_progress_by_the_provider() -> None:
    """A provider that says how far it is, is believed."""
    house = house_of(Ticket("up-1", JobState.RUNNING, progress=7))
    await house.create()
    await house.work()
    house.clock.advance(MINUTE)
    assert (await house.jobs.get(ADS, "video_1")).progress == 7


async def test_jobs_are_their_teams_own() -> None:
    """To another team a job does not exist, whatever is asked of it."""
    house = house_of(film())
    jobs = house.jobs
    await house.create()
    await house.work()
    for ask in (jobs.get, jobs.film, jobs.delete):
        with pytest.raises(NotFound):
            await ask(NEWS, "video_1")
    with pytest.raises(NotFound):
        await jobs.wait(NEWS, "video_1", 1)
    assert (await jobs.list(Query(team=NEWS))).jobs == ()
    assert (await jobs.film(ADS, "video_1"))[0].name == "video_1"


async def test_lists() -> None:
    """A list is of the team's own, in order, knows of more, and begins after none but one of them."""
    house = house_of(film())
    for _ in range(3):
        await house.create()
    await house.jobs.create(REQUEST, by(NEWS))
    page = await house.jobs.list(Query(team=ADS, limit=2))
    assert ([job.id for job in page.jobs], page.more) == (["video_3", "video_2"], True)
    with pytest.raises(NotFound):
        await house.jobs.list(Query(team=ADS, after="video_4"))


async def test_no_film_yet() -> None:
    """A film that is not there is not found, under a code of its own."""
    house = house_of(film())
    await house.create()
    with pytest.raises(NotFound) as caught:
        await house.jobs.film(ADS, "video_1")
    assert caught.value.code == "video_not_ready"


@pytest.mark.parametrize(
    ("error", "fault", "status"),
    [
        (Truncated("the stream broke"), Fault("truncated", "the stream broke"), 502),
        (MediaError("no", code="no_face", status=422), Fault("no_face", "no"), 422),
        (
            ValueError("a caller's secret"),
            Fault("internal_error", "an unexpected error in the router; please report video id video_1"),
            500,
        ),
    ],
    ids=["cut", "refused", "unforeseen"],
)
async def test_failures(caplog: pytest.LogCaptureFixture, error: Exception, fault: Fault, status: int) -> None:
    """A film that breaks is a failed job that says why; nothing of the film is kept, and no log quotes the caller."""
    house = house_of(Clip(Broken(error)))
    with caplog.at_level(logging.ERROR):
        async with house.jobs:
            job = await made(house)
    assert (job.state, job.error, job.film) == (JobState.FAILED, fault, None)
    assert set(house.media.kept) == set(job.inputs)
    assert [(one.outcome, one.status) for one in house.studio.outcomes] == [(fault.code, status)]
    assert "secret" not in caplog.text


# Refusals -----------------------------------------------------------------------------------------


async def test_not_too_many_of_one_team() -> None:
    """A team with too many unfinished jobs is refused with 429 and a wait; others are served, and it again later."""
    house = house_of(film(), unfinished=2)
    for _ in range(2):
        job = await house.create()
    kept = dict(house.media.kept)
    with pytest.raises(OverQuota) as caught:
        await house.create()
    assert (caught.value.status, caught.value.code, caught.value.limit) == (429, "too_many_jobs", 2)
    assert caught.value.retry_after
    assert house.media.kept == kept
    await house.jobs.create(REQUEST, by(NEWS))
    await house.jobs.delete(ADS, job.id)
    await house.create()


async def test_what_nobody_can_do_is_refused_at_once() -> None:
    """An unknown model, or a request that every provider declines, never becomes a job and leaves no media."""
    house = house_of(film())
    with pytest.raises(NotFound) as unknown:
        await house.create(msgspec.structs.replace(REQUEST, model="unknown"))
    assert unknown.value.code == "model_not_found"
    house.studio.declined["studio"] = "takes no pictures"
    with pytest.raises(Unsupported) as declined:
        await house.create()
    assert declined.value.reasons == {"studio": "takes no pictures"}
    assert "studio takes no pictures" in declined.value.message
    assert (house.rows.rows, house.media.kept) == ({}, {})


@pytest.mark.parametrize("store", ["rows", "media"])
async def test_a_store_that_refuses(store: str) -> None:
    """A job that cannot be written down whole is refused, and nothing of it is kept."""
    house = house_of(film())
    getattr(house, store).away = AWAY
    with pytest.raises(MediaError):
        await house.create()
    assert (house.rows.rows, house.media.kept) == ({}, {})


class Slow(MemoryRows):
    """Rows that take for ever."""

    async def add(self, row: JobRow) -> None:
        await asyncio.Event().wait()


async def test_a_caller_who_leaves_while_it_is_written_down() -> None:
    """Media of a job that never was are not kept."""
    house = house_of(film())
    house.jobs.rows = Slow()
    creating = asyncio.create_task(house.create())
    await until(lambda: bool(house.media.kept))
    creating.cancel()
    with pytest.raises(asyncio.CancelledError):
        await creating
    assert house.media.kept == {}


async def test_seconds_that_nobody_measured() -> None:
    """A film whose voice has no known length has none, and none is made up."""
    house = house_of(film())
    request = AvatarRequest(face=REQUEST.face, voice=Inline(b"voice", "audio/wav"))
    assert (await house.create(request)).seconds is None
