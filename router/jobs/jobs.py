"""Every job of this process: made, run a few at a time, looked up by its own team, and gone after a while."""

import asyncio
from collections.abc import Callable, Coroutine
from copy import copy
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from router.contract import AvatarRequest, MediaError, NotFound, OverQuota, Task, Unsupported
from router.engine.clock import Clock
from router.jobs.films import Shelf, on_disk, remove
from router.jobs.record import Film, Job, expectation, length
from router.jobs.run import Run, Serve
from router.jobs.store import MemoryStore, Page, Query, Store

SWEEP: Final = 60.0
"""Seconds between looks for what has expired."""
COME_BACK: Final = 10.0
"""Seconds after which a team with too many jobs may as well try again."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many jobs run at once, how many a team may have that have not ended, and seconds to keep an ended one."""

    running: int = 4
    unfinished: int = 32
    age: float = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Ask:
    """Who asks for a job, and what the dialect wants back.

    `model` is the name to tell, `keep` the files of uploaded media: they are the jobs' from the moment of asking,
    and removed once no job needs them.
    """

    team: str
    request_id: str
    model: str
    echo: dict[str, Any] = field(default_factory=dict)
    keep: tuple[Path, ...] = ()


class Jobs:
    """`async with Jobs(...)`: leaving it cancels what runs and removes every film.

    `folder` is made if need be. `new_id` makes public ids.
    """

    def __init__(
        self, serve: Serve, folder: Path, clock: Clock, new_id: Callable[[], str], bounds: Bounds = Bounds()
    ) -> None:
        self.engine = serve
        self.shelf = Shelf(folder)
        self.clock = clock
        self.new_id = new_id
        self.bounds = bounds
        self.store: Store = MemoryStore()
        self._turns = asyncio.Semaphore(bounds.running)
        self._working: dict[str, asyncio.Task[None]] = {}
        self._aside: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self.shelf.open)
        self._sweeper = asyncio.create_task(self._sweep())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        tasks = [self._sweeper, *self._working.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*self._aside, return_exceptions=True)
        for job in self.store.expired(float("inf")):
            await self._forget(job)
        await asyncio.to_thread(self.shelf.close)

    def over(self, serve: Serve) -> Self:
        """Return the same jobs, except that new ones are made by another engine; those there are stay with theirs."""
        same = copy(self)
        same.engine = serve
        return same

    async def settled(self) -> None:
        """Wait until every job that is under way or queued now has ended."""
        if self._working:
            await asyncio.wait([*self._working.values()])

    def create(self, request: AvatarRequest, ask: Ask) -> Job:
        """Start a job and return it as it is queued.

        Raises `NotFound` for an unknown model, `Unsupported` where no provider could ever do it, `OverQuota`.
        """
        try:
            self._check(request, ask.team)
        except MediaError:
            self._discard(ask.keep)
            raise
        job = Job(
            id=self.new_id(),
            team=ask.team,
            model=ask.model,
            created_at=self.clock.wall(),
            size=request.size and request.size.value,
            seconds=length(request),
            expected=expectation(request),
            echo=ask.echo,
        )
        self.store.put(job)
        run = Run(job.id, ask.team, ask.request_id, request)
        self._working[job.id] = task = asyncio.create_task(self._work(job, run))
        task.add_done_callback(lambda _: self._left(job.id, ask.keep))
        return job

    def get(self, team: str, id: str) -> Job:  # noqa: A002 - what it is
        """Return a job as it stands. Raises `NotFound` unless it is the team's own."""
        return self.store.get(team, id).at(self.clock.wall())

    async def wait(self, team: str, id: str, seconds: float) -> Job:  # noqa: A002 - what it is
        """Return a job as soon as it has ended, or as it stands after `seconds`. Raises `NotFound`."""
        job = self.get(team, id)
        if job.final or seconds <= 0 or id not in self._working:
            return job
        await asyncio.wait([self._working[id]], timeout=seconds)
        return self.get(team, id)

    def list(self, team: str, query: Query) -> Page:
        """Return some of a team's jobs. Raises `NotFound` where `query.after` is none of them."""
        page, now = self.store.page(team, query), self.clock.wall()
        return Page(tuple(job.at(now) for job in page.jobs), page.more)

    def delete(self, team: str, id: str) -> Job:  # noqa: A002 - what it is
        """Forget a job, call off its work and remove its film. Raises `NotFound`."""
        job = self.get(team, id)
        self.store.remove(job)
        if id in self._working:
            self._working[id].cancel()
        self._spawn(self._forget(job))
        return job

    def film(self, team: str, id: str) -> Film:  # noqa: A002 - what it is
        """Return a job's film. Raises `NotFound`, with code `video_not_ready` until it is there."""
        job = self.get(team, id)
        if job.film is None:
            raise NotFound(f"video {id} has no content: it is {job.state.value}", code="video_not_ready")
        return job.film

    def _check(self, request: AvatarRequest, team: str) -> None:
        explained = self.engine.explain(Task.AVATAR, request)
        if not explained.targets:
            told = "; ".join(f"{provider} {reason}" for provider, reason in explained.declined.items())
            raise Unsupported(
                f"no provider of route {explained.route!r} can serve this: {told}", reasons=explained.declined
            )
        if self.store.unfinished(team) >= self.bounds.unfinished:
            raise OverQuota(
                f"this team has {self.bounds.unfinished} videos that are not finished; wait for one, or delete one",
                code="too_many_jobs", limit=self.bounds.unfinished, retry_after=COME_BACK,
            )  # fmt: skip

    async def _work(self, job: Job, run: Run) -> None:
        try:
            async with self._turns:
                job = job.begun(self.clock.wall())
                self.store.put(job)
                made = await run.play(self.engine, self.shelf)
            self._ended(job.done(self.clock.wall(), made.film, made.provider, made.seconds or job.seconds))
        except MediaError as error:
            self._ended(job.failed(self.clock.wall(), error))

    def _left(self, name: str, keep: tuple[Path, ...]) -> None:
        # Not at the end of the work itself: work called off before its first step never gets there.
        del self._working[name]
        self._discard(keep)

    def _discard(self, files: tuple[Path, ...]) -> None:
        if files:
            self._spawn(on_disk(partial(remove, *files)))

    def _ended(self, job: Job) -> None:
        self.store.put(job.expiring(self.bounds.age))

    async def _sweep(self) -> None:
        while True:
            await self.clock.sleep(SWEEP)
            for job in self.store.expired(self.clock.wall()):
                await self._forget(job)

    async def _forget(self, job: Job) -> None:
        self.store.remove(job)
        await on_disk(partial(remove, self.shelf.path(job.id)))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._aside.add(task)
        task.add_done_callback(self._aside.discard)
