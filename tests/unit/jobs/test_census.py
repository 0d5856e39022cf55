import asyncio
from collections.abc import Mapping

from router.jobs import Job
from router.jobs.census import EVERY, watched
from router.store.errors import RecordsUnavailable
from router.testing.clock import FakeClock
from router.testing.stores import MemoryRows
from tests.unit.jobs.making import until


async def test_what_is_shown() -> None:
    """Every so often: how many jobs are in which state, since when, and that this is not known while the database is away."""
    rows, clock = MemoryRows(), FakeClock(waits=True)
    seen: list[Mapping[str, tuple[int, float]] | None] = []
    job = Job(id="video_1", team="ads", model="m", created_at=clock.wall() - 7)
    await rows.add(job.row(None))
    watching = asyncio.create_task(watched(rows, clock, seen.append))
    await until(lambda: len(seen) == 1)
    rows.away = RecordsUnavailable("away")
    clock.advance(EVERY)
    await until(lambda: len(seen) == 2)
    rows.away = None
    clock.advance(EVERY)
    await until(lambda: len(seen) == 3)
    watching.cancel()
    assert seen == [{"queued": (1, 7.0)}, None, {"queued": (1, 7.0 + 2 * EVERY)}]
