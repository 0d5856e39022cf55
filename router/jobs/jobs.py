"""Every job: made, worked on, looked up by its own team, and gone after a while. All of it is in the stores."""

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import msgspec

from router.contract import AvatarRequest, MediaError, NotFound, OverQuota, Task, Unsupported
from router.contract.trace import ARRIVED
from router.engine.clock import Clock
from router.jobs.inputs import packed
from router.jobs.paces import Paces
from router.jobs.record import Hook, Job, expectation, length
from router.jobs.scheduler import Pace, Scheduler
from router.jobs.telling import recall
from router.jobs.work import Means, Notices, Orders, advance
from router.store.media import MediaStore, Stored
from router.store.rows import JobRows, Query, Stale

SWEEP: Final = 60.0
"""Seconds between looks for what has expired."""
LOOK: Final = 0.25
"""Seconds between looks at a job that somebody waits for: another process may be working on it."""
CALLED_OFF: Final = ("cancelled", 499)
"""Outcome and status of work that its owner called off; nobody is sent that status."""
COME_BACK: Final = 10.0
"""Seconds after which a team with too many jobs may as well try again."""


def never() -> bool:
    """Stand for whatever could call a wait off."""
    return False


class Bounds(msgspec.Struct, frozen=True):
    """How many jobs are worked on at once, and how many a team may have that have not ended.

    Seconds: `age` to keep an ended one, `patience` to wait for one that does not end, `grace` to let what is being
    done come to its end when the router stops.
    """

    running: int = 16
    unfinished: int = 256
    age: float = 24 * 3600.0
    patience: float = 24 * 3600.0
    grace: float = 10.0


BOUNDS: Final = Bounds()


class Kept(msgspec.Struct, frozen=True):
    """Where jobs are kept; `lock` is the file whose holder works on them, if there can be several processes.

    `notices` makes what is sent, and so kept, of a job that is over, and `posted` is called once it is. `links`: seconds
    that a link to the media's own store works, None where films go through us. `dropped` is told of a job that its owner
    has called off.
    """

    rows: JobRows
    media: MediaStore
    lock: Path | None = None
    notices: Notices = lambda _: ()
    links: float | None = None
    posted: Callable[[], None] = lambda: None
    dropped: Callable[[Job], None] = lambda _: None


class Ask(msgspec.Struct, frozen=True):
    """Who asks for a job, and what the dialect wants back. `model` is the name to tell.

    `job` is the id that the job gets, None for a new one: asked twice under one id, there is one job.
    """

    team: str
    request_id: str
    model: str
    echo: dict[str, Any] = {}
    hook: Hook | None = None
    job: str | None = None


class Page(msgspec.Struct, frozen=True):
    """Some jobs, and whether there are more beyond the last."""

    jobs: tuple[Job, ...]
    more: bool


class Jobs:
    """`async with Jobs(...)`: inside, jobs are worked on. Leaving stops the work; the next process goes on with it.

    `orders` gives the engine in force. `new_id` makes public ids.
    """

    def __init__(
        self,
        orders: Callable[[], Orders],
        kept: Kept,
        clock: Clock,
        new_id: Callable[[], str],
        bounds: Bounds = BOUNDS,
    ) -> None:
        self.orders = orders
        self.rows = kept.rows
        self.media = kept.media
        self.links = kept.links
        self.dropped = kept.dropped
        self.clock = clock
        self.new_id = new_id
        self.bounds = bounds
        self.paces = Paces(kept.rows, clock)
        means = Means(orders, kept.rows, kept.media, clock, bounds.age, bounds.patience, kept.notices, kept.posted)
        pace = Pace(bounds.running, bounds.grace)
        self.scheduler = Scheduler(kept.rows, partial(advance, means=means), clock, pace, kept.lock)

    async def __aenter__(self) -> Self:
        await self.scheduler.__aenter__()
        self._sweeper = asyncio.create_task(self._sweep())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._sweeper.cancel()
        await asyncio.gather(self._sweeper, return_exceptions=True)
        await self.scheduler.__aexit__(kind, error, trace)

    async def hand_over(self) -> None:
        """Begin no more work, end what is being done or give it back, and let another process go on at once."""
        await self.scheduler.stop()

    async def settled(self) -> None:
        """Wait until the work that is being done now has paused: after that nobody uses an engine of before."""
        if at_work := set(self.scheduler.at_work.values()):
            await asyncio.wait(at_work)

    async def create(self, request: AvatarRequest, ask: Ask) -> Job:
        """Write a job down and return it as it is queued: from then on it survives whatever happens.

        Raises `NotFound` for an unknown model, `Unsupported` where no provider could ever do it, `OverQuota`, and
        what the stores raise.
        """
        name = ask.job or self.new_id()
        if ask.job and (known := await self.rows.get(name)):
            return Job.of(known).at(self.clock.wall())
        route, provider = await self._check(request, ask.team)
        expected = expectation(request)
        order, inputs = await packed(request, name, self.media)
        arrived = ARRIVED.get()
        job = Job(
            id=name, team=ask.team, request_id=ask.request_id, model=ask.model, route=route, created_at=self.clock.wall(),
            size=request.size and request.size.value, seconds=length(request), expected=expected,
            typical=await self.paces.typical(provider, expected), echo=ask.echo, hook=ask.hook, order=order, inputs=inputs,
            trace=arrived and arrived.sequel(),
        )  # fmt: skip
        try:
            await self.rows.add(job.row(self.clock.wall()))
        except BaseException:
            await self.media.remove(*inputs)
            raise
        self.scheduler.wake()
        return job

    async def get(self, team: str, id: str) -> Job:  # noqa: A002 - what it is
        """Return a job as it stands. Raises `NotFound` unless it is the team's own."""
        row = await self.rows.get(id)
        if row is None or row.team != team:
            raise NotFound(f"there is no job {id[:60]!r}")
        return Job.of(row).at(self.clock.wall())

    async def wait(self, team: str, id: str, seconds: float, off: Callable[[], bool] = never) -> Job:  # noqa: A002 - what it is
        """Return a job as soon as it has ended, or as it stands after `seconds`, or when it is `off`. Raises `NotFound`."""
        job = await self.get(team, id)
        now = asyncio.get_running_loop().time
        until = now() + seconds
        while not job.final and not off() and (left := until - now()) > 0:
            await self._settled(id, min(left, LOOK))
            job = await self.get(team, id)
        return job

    async def list(self, query: Query) -> Page:
        """Return some jobs. Raises `NotFound` where `query.after` is none of them."""
        page = await self.rows.page(query)
        if page is None:
            raise NotFound(f"there is no job {str(query.after)[:60]!r}")
        now = self.clock.wall()
        return Page(tuple(Job.of(row).at(now) for row in page.rows), page.more)

    async def delete(self, team: str, id: str) -> Job:  # noqa: A002 - what it is
        """Forget a job, call off its work and remove its film. Raises `NotFound`."""
        job = await self.get(team, id)
        await self._forget(job)
        if not job.final:
            exchange = self.orders().open(Task.AVATAR, team, job.request_id)
            recall(exchange, job, self.clock.wall())
            exchange.finish(*CALLED_OFF)
            self.dropped(job)
        return job

    async def film(self, team: str, id: str) -> tuple[Stored, Job]:  # noqa: A002 - what it is
        """Return a job's film, and the job. Raises `NotFound`, with code `video_not_ready` until it is there."""
        job = await self.get(team, id)
        if job.film is None:
            raise NotFound(f"video {id} has no content: it is {job.state.value}", code="video_not_ready")
        return job.film, job

    async def _settled(self, id: str, seconds: float) -> None:  # noqa: A002 - what it is
        """Wait until our own work on a job pauses, but not longer than that."""
        work = self.scheduler.at_work.get(id)
        if work is None:
            await asyncio.sleep(seconds)
        else:
            await asyncio.wait([work], timeout=seconds)

    async def _check(self, request: AvatarRequest, team: str) -> tuple[str, str]:
        """Return the route, and who would be asked first."""
        explained = self.orders().explain(Task.AVATAR, request)
        if not explained.targets:
            told = "; ".join(f"{provider} {reason}" for provider, reason in explained.declined.items())
            raise Unsupported(
                f"no provider of route {explained.route!r} can serve this: {told}", reasons=explained.declined
            )
        if await self.rows.unfinished(team) >= self.bounds.unfinished:
            raise OverQuota(
                f"this team has {self.bounds.unfinished} videos that are not finished; wait for one, or delete one",
                code="too_many_jobs", limit=self.bounds.unfinished, retry_after=COME_BACK,
            )  # fmt: skip
        return explained.route, explained.targets[0].provider

    async def _sweep(self) -> None:
        while True:
            await self.clock.sleep(SWEEP)
            try:
                for row in await self.rows.expired(self.clock.wall(), 100):
                    await self._forget(Job.of(row))
            except (MediaError, Stale):
                continue

    async def _forget(self, job: Job) -> None:
        media = (job.id, *job.inputs)
        await self.media.remove(*media)  # before the row: nothing else knows of it, should the store be away
        await self.rows.remove(job.id)
        work = self.scheduler.at_work.get(job.id)
        if work is not None:
            work.cancel()
            await asyncio.wait([work])
        if not job.final:
            await self.media.remove(*media)  # what came of it meanwhile
