"""A pool of worker processes for CPU-bound media work: each streams both ways and can be killed at any time.

Why not `concurrent.futures`: docs/adr/0003-worker-processes.md.
"""

import asyncio
import pickle
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterator
from types import TracebackType
from typing import Any, Self

from router.contract.errors import MediaError, Next, ProviderFailed
from router.media.child import Worker
from router.media.frames import Kind

Job = Callable[..., Iterator[Any]]
"""A module-level generator function `job(inbox: Iterator[bytes], *args)` that yields bytes or anything picklable."""


class WorkerCrashed(ProviderFailed):
    """A worker process died, or its job raised something that is not a MediaError."""

    next = Next.ELSEWHERE
    status = 500
    code = "worker_crashed"
    reason = "crashed"


class Running:
    """A job at work. Iterate over what it yields; `aclose` stops it if it has not finished, its process too if need be."""

    def __init__(self, pool: "Workers", worker: Worker, name: str, feed: AsyncIterable[bytes] | None) -> None:
        self._pool = pool
        self._worker = worker
        self._name = name
        self._over = self._unfed = False
        self._feeding = asyncio.create_task(self._feed(feed))

    @property
    def pid(self) -> int:
        """The id of the process it runs in."""
        return self._worker.pid

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        if self._over:
            raise StopAsyncIteration
        answer = await self._worker.read()
        match answer:
            case (Kind.CHUNK, payload):
                return payload
            case (Kind.ITEM, payload):
                return pickle.loads(payload)  # noqa: S301 - written by our own worker
        await self._end(fit=answer is not None and answer[0] is not Kind.CRASH)
        raise self._fed_error() or self._verdict(answer)

    async def aclose(self) -> None:
        """Stop the job, or kill its process if it does not stop at once; safe to call twice."""
        await self._end(fit=None)

    async def unfeed(self) -> None:
        """Take nothing more from the feed, so that it can be closed; the job is then to be closed too."""
        self._unfed = True
        self._feeding.cancel()
        await asyncio.wait({self._feeding})

    async def _feed(self, feed: AsyncIterable[bytes] | None) -> None:
        if feed is None:  # and the process was told so with the job
            return
        try:
            await self._pass_on(feed)
            if not self._over:
                await self._worker.feed(Kind.FEED_END)
        except BaseException:
            if not (self._over or self._unfed):
                self._worker.kill()  # so that the job cannot pass a broken input off as a whole one
            raise

    async def _pass_on(self, feed: AsyncIterable[bytes]) -> None:
        async for chunk in feed:
            if self._over or not await self._worker.feed(Kind.FEED, chunk):
                return

    async def _end(self, *, fit: bool | None) -> None:
        """Give the process back; `fit` says whether it can take another job, None that it is to be stopped first."""
        if self._over:
            return
        self._over = True
        self._feeding.cancel()
        try:
            await asyncio.wait({self._feeding})
            self._fed_error()  # retrieved here, for nobody asks for it after a close
            if fit is None:
                fit = await self._worker.stop()
        finally:
            await self._pool.take_back(self, self._worker, reusable=bool(fit))

    def _fed_error(self) -> BaseException | None:
        over = self._feeding.done() and not self._feeding.cancelled()
        return self._feeding.exception() if over else None

    def _verdict(self, answer: tuple[Kind, bytes] | None) -> BaseException:
        """Return what to raise for the frame that ended the job, or for its absence."""
        match answer:
            case (Kind.DONE, _):
                return StopAsyncIteration()
            case (Kind.ERROR, payload):
                error: MediaError = pickle.loads(payload)  # noqa: S301 - written by our own worker
                return error
            case (_, payload):
                name, stack = pickle.loads(payload)  # noqa: S301 - written by our own worker
                crash = WorkerCrashed(f"{name} in {self._name}")
                crash.add_note(stack)
                return crash
        return WorkerCrashed(f"the worker running {self._name} died")


class Workers:
    """At most `size` processes, started when first needed and kept for the next job.

    An async context manager: leaving it kills every process. Jobs wait their turn in order of arrival.
    """

    def __init__(self, size: int) -> None:
        self._turns = asyncio.Semaphore(size)
        self._idle: list[Worker] = []
        self._workers: set[Worker] = set()
        self._running: set[Running] = set()
        self._open = True

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open = False
        await asyncio.gather(*(running.aclose() for running in self._running))
        self._idle.clear()
        await asyncio.gather(*(worker.gone() for worker in self._workers))
        self._workers.clear()

    async def start(self, job: Job, *args: Any, feed: AsyncIterable[bytes] | None = None) -> Running:
        """Run a job as soon as a process is free. The caller reads it to its end or closes it."""
        order = pickle.dumps((job, args))
        await self._turns.acquire()
        try:
            worker = await self._worker()
        except BaseException:
            self._turns.release()
            raise
        worker.order(order, fed=feed is None)
        running = Running(self, worker, f"{job.__module__}.{job.__name__}", feed)
        self._running.add(running)
        return running

    async def call(self, job: Job, *args: Any) -> Any:
        """Run a job to its end and return the last item it yielded, or None."""
        running = await self.start(job, *args)
        last = None
        try:
            async for item in running:
                last = item
        finally:
            await running.aclose()
        return last

    async def take_back(self, running: Running, worker: Worker, *, reusable: bool) -> None:
        """Accept a worker whose job is over; one that is not reusable is ended first."""
        self._running.discard(running)
        try:
            if reusable and worker.alive:
                self._idle.append(worker)
            else:
                await worker.gone()
                self._workers.discard(worker)
        finally:
            self._turns.release()

    async def _worker(self) -> Worker:
        while self._idle:
            worker = self._idle.pop()
            if worker.alive:
                return worker
            await worker.gone()
            self._workers.discard(worker)
        if self._open:
            worker = await Worker.spawn()
            self._workers.add(worker)
            if self._open:
                return worker
            await worker.gone()
        raise WorkerCrashed("the pool of workers is closed")
