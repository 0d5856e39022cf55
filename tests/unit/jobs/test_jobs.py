import asyncio
import logging
from pathlib import Path

import pytest

from router.contract import AvatarRequest, Inline, JobState, MediaError, NotFound, OverQuota, Truncated, Unsupported
from router.engine.exchange import Exchange
from router.jobs import Fault, Job, Jobs, Query
from router.testing.clock import FakeClock
from tests.unit.jobs.making import ADS, NEWS, REQUEST, Held, by, chunks, jobs_over, playing, until
from tests.unit.web.making import StubEngine


async def made(jobs: Jobs) -> Job:
    return await jobs.wait(ADS, jobs.create(REQUEST, by()).id, 10)


async def test_a_job_becomes_a_film(tmp_path: Path) -> None:
    """A job is queued at first; at its end it has its film, its maker and its whole progress."""
    async with jobs_over(chunks(b"one", b"two"), tmp_path) as jobs:
        queued = jobs.create(REQUEST, by(echo={"a": 1}))
        assert (queued.state, queued.progress, queued.size, queued.seconds) == (JobState.QUEUED, 0, "640x640", 4.0)
        job = await jobs.wait(ADS, queued.id, 10)
        assert (job.state, job.progress, job.provider, job.echo) == (JobState.DONE, 100, "studio", {"a": 1})
        film = jobs.film(ADS, job.id)
        assert (film.path.read_bytes(), film.size, film.media_type) == (b"onetwo", 6, "video/mp4")


async def test_its_work_is_announced_once(tmp_path: Path) -> None:
    """The exchange ends once, as well as the film did, under the id of the request that asked for it."""
    engine = chunks(b"one", b"two")
    async with jobs_over(engine, tmp_path) as jobs:
        await made(jobs)
    assert [(one.outcome, one.status, one.bytes_out) for one in engine.outcomes] == [("ok", 200, 6)]
    assert engine.outcomes[0].request_id == "req_1"


async def test_waiting(tmp_path: Path) -> None:
    """Who waits is told at the end, or how far it came when the time is up."""
    held = Held()
    async with jobs_over(playing(held), tmp_path) as jobs:
        job = jobs.create(REQUEST, by())
        await held.begun.wait()
        assert (await jobs.wait(ADS, job.id, 0)).state is JobState.RUNNING
        assert (await jobs.wait(ADS, job.id, 0.01)).state is JobState.RUNNING
        waiting = asyncio.create_task(jobs.wait(ADS, job.id, 10))
        await asyncio.sleep(0)
        held.going.set()
        assert (await waiting).state is JobState.DONE
        assert (await jobs.wait(ADS, job.id, 10)).state is JobState.DONE


async def test_progress(tmp_path: Path) -> None:
    """A running job is half done when it has run as long as its film lasts."""
    held, clock = Held(), FakeClock(waits=True)
    async with jobs_over(playing(held), tmp_path, clock) as jobs:
        job = jobs.create(REQUEST, by())
        await held.begun.wait()
        clock.advance(4.0)
        assert jobs.get(ADS, job.id).progress == 50
        assert [one.progress for one in jobs.list(ADS, Query()).jobs] == [50]


async def test_jobs_are_their_teams_own(tmp_path: Path) -> None:
    """To another team a job does not exist, whatever is asked of it."""
    async with jobs_over(chunks(b"one"), tmp_path) as jobs:
        job = await made(jobs)
        for ask in (jobs.get, jobs.film, jobs.delete):
            with pytest.raises(NotFound):
                ask(NEWS, job.id)
        with pytest.raises(NotFound):
            await jobs.wait(NEWS, job.id, 1)
        assert jobs.list(NEWS, Query()).jobs == ()
        assert jobs.film(ADS, job.id).path.exists()


async def test_no_film_yet(tmp_path: Path) -> None:
    """A film that is not there is not found, under a code of its own."""
    held = Held()
    async with jobs_over(playing(held), tmp_path) as jobs:
        job = jobs.create(REQUEST, by())
        with pytest.raises(NotFound) as caught:
            jobs.film(ADS, job.id)
        assert caught.value.code == "video_not_ready"


@pytest.mark.parametrize(
    ("error", "fault", "outcome"),
    [
        (Truncated("the stream broke"), Fault("truncated", "the stream broke"), ("truncated", 502)),
        (MediaError("no", code="no_face", status=422), Fault("no_face", "no"), ("no_face", 422)),
        (
            ValueError("a caller's secret"),
            Fault("internal_error", "an unexpected error in the router; please report video id video_1"),
            ("internal_error", 500),
        ),
    ],
    ids=["cut", "refused", "unforeseen"],
)
async def test_failures(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, error: Exception, fault: Fault, outcome: tuple[str, int]
) -> None:
    """A film that breaks is a failed job that says why; nothing of it is kept, and no log quotes the caller."""
    engine = chunks(b"one", error)
    with caplog.at_level(logging.ERROR):
        async with jobs_over(engine, tmp_path) as jobs:
            job = await made(jobs)
            assert (job.state, job.error, job.film) == (JobState.FAILED, fault, None)
            assert not list((tmp_path / "films").iterdir())
    assert [(one.outcome, one.status) for one in engine.outcomes] == [outcome]
    assert "secret" not in caplog.text


async def test_a_full_disk(tmp_path: Path) -> None:
    """A full disk is a failed job that says so, and the next one may succeed."""
    async with jobs_over(chunks(b"one"), tmp_path) as jobs:
        (tmp_path / "films" / "video_1.part").symlink_to("/dev/full")
        assert (await made(jobs)).error == Fault("storage_full", "there is no room left to keep the film")
        assert (await made(jobs)).state is JobState.DONE


async def test_a_lost_folder(tmp_path: Path) -> None:
    """Storage that is broken otherwise says that, and names no path."""
    async with jobs_over(chunks(b"one"), tmp_path) as jobs:
        (tmp_path / "films").rmdir()
        assert (await made(jobs)).error == Fault("storage_failed", "the film could not be kept")
        (tmp_path / "films").mkdir()


async def test_deleting_calls_work_off(tmp_path: Path) -> None:
    """A job deleted while it runs lets go of its provider, leaves nothing on disk, and counts as cancelled."""
    held = Held()
    engine = playing(held)
    async with jobs_over(engine, tmp_path) as jobs:
        job = jobs.create(REQUEST, by())
        await held.begun.wait()
        waiting = asyncio.create_task(jobs.wait(ADS, job.id, 10))
        await asyncio.sleep(0)
        jobs.delete(ADS, job.id)
        with pytest.raises(NotFound):
            await waiting
        assert held.closed
        with pytest.raises(NotFound):
            jobs.get(ADS, job.id)
        assert not list((tmp_path / "films").iterdir())
    assert [(one.outcome, one.status) for one in engine.outcomes] == [("cancelled", 499)]


async def test_deleting_removes_the_film(tmp_path: Path) -> None:
    """A deleted film is gone from disk; whoever has it open reads it to its end."""
    async with jobs_over(chunks(b"one"), tmp_path) as jobs:
        film = jobs.film(ADS, (await made(jobs)).id)
        with film.path.open("rb") as file:
            jobs.delete(ADS, "video_1")
            await until(lambda: not film.path.exists())
            assert file.read() == b"one"


async def test_media_is_the_jobs_own(tmp_path: Path) -> None:
    """Files of uploaded media are there as long as the job needs them, and no longer."""
    held, upload = Held(), tmp_path / "upload"
    upload.write_bytes(b"voice")
    async with jobs_over(playing(held), tmp_path) as jobs:
        job = jobs.create(REQUEST, by(keep=(upload,)))
        await held.begun.wait()
        assert upload.exists()
        held.going.set()
        await jobs.wait(ADS, job.id, 10)
    assert not upload.exists()


async def test_media_of_a_job_that_never_began(tmp_path: Path) -> None:
    """A job deleted before its first step gives up its files too."""
    upload = tmp_path / "upload"
    upload.write_bytes(b"voice")
    engine = chunks(b"one")
    async with jobs_over(engine, tmp_path) as jobs:
        jobs.delete(ADS, jobs.create(REQUEST, by(keep=(upload,))).id)
    assert not upload.exists()
    assert not engine.requests


async def test_a_few_at_a_time(tmp_path: Path) -> None:
    """Only so many jobs run at once; the rest are queued, whosever they are."""
    held = Held()
    engine = playing(held)
    async with jobs_over(engine, tmp_path, running=2) as jobs:
        every = [jobs.create(REQUEST, by(team)).id for team in (ADS, NEWS, ADS)]
        await held.begun.wait()
        assert len(engine.requests) == 2
        assert jobs.get(ADS, every[2]).state is JobState.QUEUED
        held.going.set()
        assert (await jobs.wait(ADS, every[2], 10)).state is JobState.DONE


async def test_not_too_many_of_one_team(tmp_path: Path) -> None:
    """A team with too many unfinished jobs is refused with 429 and a wait, and its files go; others are served."""
    held, upload = Held(), tmp_path / "upload"
    upload.write_bytes(b"voice")
    async with jobs_over(playing(held), tmp_path, unfinished=2) as jobs:
        for _ in range(2):
            job = jobs.create(REQUEST, by())
        with pytest.raises(OverQuota) as caught:
            jobs.create(REQUEST, by(keep=(upload,)))
        assert (caught.value.status, caught.value.code, caught.value.limit) == (429, "too_many_jobs", 2)
        assert caught.value.retry_after
        jobs.create(REQUEST, by(NEWS))
        jobs.delete(ADS, job.id)
        jobs.create(REQUEST, by())
    assert not upload.exists()


async def test_what_nobody_can_do_is_refused_at_once(tmp_path: Path) -> None:
    """An unknown model, or a request that every provider declines, never becomes a job."""
    engine = chunks(b"one")
    async with jobs_over(engine, tmp_path) as jobs:
        with pytest.raises(NotFound) as unknown:
            jobs.create(AvatarRequest(face=REQUEST.face, voice=REQUEST.voice, model="unknown"), by())
        assert unknown.value.code == "model_not_found"
        engine.declined["studio"] = "takes no pictures"
        with pytest.raises(Unsupported) as declined:
            jobs.create(REQUEST, by())
        assert declined.value.reasons == {"studio": "takes no pictures"}
        assert "studio takes no pictures" in declined.value.message
        assert jobs.list(ADS, Query()).jobs == ()


async def test_another_engine(tmp_path: Path) -> None:
    """New jobs are made by it, those there were by theirs, even one that has not begun; all are found in one place."""
    held, later = Held(), chunks(b"new")
    old = playing(held)
    async with jobs_over(old, tmp_path, running=1) as jobs:
        first, second = jobs.create(REQUEST, by()), jobs.create(REQUEST, by())
        await held.begun.wait()
        after = jobs.over(later)
        third = after.create(REQUEST, by())
        held.going.set()
        assert [(await after.wait(ADS, one.id, 10)).state for one in (first, second, third)] == [JobState.DONE] * 3
        assert [after.film(ADS, one.id).path.read_bytes() for one in (first, third)] == [b"firstlast", b"new"]
        assert (len(old.requests), len(later.requests)) == (2, 1)


async def test_settled(tmp_path: Path) -> None:
    """It waits for those that run and those that are queued, and for none that is made later."""
    held = Held()
    async with jobs_over(playing(held), tmp_path, running=1) as jobs:
        await jobs.settled()
        jobs.create(REQUEST, by())
        waiting = asyncio.create_task(jobs.settled())
        await held.begun.wait()
        assert not waiting.done()
        unending = Held()
        jobs.over(playing(unending)).create(REQUEST, by())
        held.going.set()
        await asyncio.wait_for(waiting, 5)
        await unending.begun.wait()


async def test_films_go_with_age(tmp_path: Path) -> None:
    """A finished job says when it will go, and goes then, film and all; one that still runs stays."""
    clock = FakeClock(waits=True)
    async with jobs_over(chunks(b"one"), tmp_path, clock, age=100.0) as jobs:
        job = await made(jobs)
        assert job.expires_at == clock.wall() + 100.0
        clock.advance(60.0)
        await asyncio.sleep(0.01)
        assert jobs.film(ADS, job.id).path.exists()
        clock.advance(60.0)
        await until(lambda: not list((tmp_path / "films").iterdir()))
        assert jobs.list(ADS, Query()).jobs == ()


async def test_leaving(tmp_path: Path) -> None:
    """Leaving calls off what runs and what waits, and takes films and folder away."""
    held = Held()
    engine = playing(held)
    async with jobs_over(engine, tmp_path, running=1) as jobs:
        for _ in range(3):
            jobs.create(REQUEST, by())
        await held.begun.wait()
    assert held.closed
    assert [one.outcome for one in engine.outcomes] == ["cancelled"]
    assert not (tmp_path / "films").exists()


async def test_seconds_are_the_films_own_where_they_are_measured(tmp_path: Path) -> None:
    """A text's film has no known length until the engine has delivered it."""

    async def serve(_: object, exchange: Exchange) -> object:
        clip = await chunks(b"one").answer(None, exchange)
        exchange.video_seconds = 2.5
        return clip

    async with jobs_over(StubEngine(serve), tmp_path) as jobs:
        request = AvatarRequest(face=REQUEST.face, voice=Inline(b"voice", "audio/wav"))
        queued = jobs.create(request, by())
        assert queued.seconds is None
        assert (await jobs.wait(ADS, queued.id, 10)).seconds == 2.5
