"""What is done for a job, step by step. Every step may be the last of this process: the next one finds all it needs."""

import asyncio
import logging
import traceback
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

import msgspec

from router.contract import (
    AvatarRequest,
    Clip,
    DeadlinePassed,
    Exhausted,
    JobFailed,
    JobOffer,
    JobState,
    MediaError,
    Misconfigured,
    OutcomeUnknown,
    ProviderFailed,
    Task,
    Ticket,
    Truncated,
)
from router.engine.clock import Clock
from router.engine.errand import Arrange, Before
from router.engine.exchange import Exchange
from router.engine.explain import Explanation
from router.engine.metering import filmed
from router.engine.policy import Candidate
from router.jobs.inputs import scratch, unpacked
from router.jobs.lease import Lease
from router.jobs.record import Job, Step
from router.store.errors import MediaUnavailable, RecordsUnavailable
from router.store.media import MediaStore
from router.store.rows import JobRows, NoticeRow, Stale

MOST_ORDERS: Final = 3
"""Orders for one film, of which all but the last came to nothing."""
LONGEST_ANSWER: Final = 30.0
"""Seconds that a provider may take to say how a job stands."""
FIRST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 60.0
"""Seconds between two tries at a step that fails: doubling from the one to the other."""
Notices = Callable[[Job], Sequence[NoticeRow]]
log = logging.getLogger(__name__)


class Orders(Protocol):
    """What jobs ask of the engine."""

    def explain(self, task: Task, request: Any) -> Explanation:
        """Say what would become of a request now. Raises `NotFound` for a model that no route serves."""

    def open(self, task: Task, team: str, request_id: str) -> Exchange:
        """Begin the record of one request."""

    async def order(
        self, request: AvatarRequest, exchange: Exchange, arrange: Arrange, before: Before
    ) -> Ticket | Clip:
        """Have a film made. Raises `MediaError`."""

    def job_offer(self, provider: str) -> JobOffer | None:
        """Return the offer by which a provider's jobs are followed."""

    def is_free(self, provider: str) -> bool:
        """Whether what a provider makes may be made again at no cost."""

    def respends(self, model: str | None) -> bool:
        """Whether another order may be paid for after one that came to nothing."""


class Means(msgspec.Struct, frozen=True):
    """What work is done with. `patience`: seconds after which a job that is not done is given up.

    `notices` makes what is to be sent of a job that is over, and `posted` is called once that is kept.
    """

    orders: Callable[[], Orders]
    rows: JobRows
    media: MediaStore
    clock: Clock
    age: float
    patience: float
    notices: Notices
    posted: Callable[[], None] = lambda: None


async def advance(id: str, means: Means) -> None:  # noqa: A002 - what it is
    """Do for a job what is due, if it is and nobody else does."""
    lease = await Lease.take(means.rows, id, means.clock)
    if lease is None:
        return
    try:
        async with lease.kept():
            await Work(lease, means).go_on()
    except Stale:  # it is another worker's now, or its owner has deleted it: who did announces how it ended
        await means.media.remove(*(() if await means.rows.get(id) else (id, *lease.job.inputs)))
    except MediaError as error:  # the stores'
        log.warning("job %s waits for its store: %s", id, error.code)
        await lease.give_back()


class Work:
    """One job in hand. `pinned` is who may have taken an order already: it is repeated there or nowhere."""

    def __init__(self, lease: Lease, means: Means) -> None:
        self.lease = lease
        self.means = means
        self.orders = means.orders()
        self.exchange = self.orders.open(Task.AVATAR, lease.job.team, lease.job.request_id)
        lease.resume(self.exchange)
        self.pinned: str | None = None

    async def go_on(self) -> None:
        """Take the steps that can be taken now."""
        steps = {Step.SUBMITTING: self._submit, Step.WAITING: self._wait, Step.FETCHING: self._fetch}
        try:
            while (step := steps.get(self.lease.job.step)) is not None and await step():
                pass
        except Stale:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it was, the job's owner gets to know its end
            if ours(error):
                await self._later(error)
                return
            await self._lost(self._known(error))

    async def _submit(self) -> bool:
        job = self.lease.job
        self.pinned = job.asked if job.asked and not self.orders.is_free(job.asked) else None
        if self.pinned and not self._repeatable(self.pinned):
            raise OutcomeUnknown(f"{self.pinned} was asked for a film, and the router ended before its answer came")
        with scratch() as folder:
            request = await unpacked(job.order, folder, self.means.media)
            return await self._order(msgspec.structs.replace(request, key=job.key))

    async def _order(self, request: AvatarRequest) -> bool:
        try:
            placed = await self.orders.order(request, self.exchange, self._arrange(), self._before)
        except OutcomeUnknown as error:
            if not error.repeatable:
                raise
            return await self._later(error)
        except DeadlinePassed as error:
            return await self._late(error)
        except Exhausted as error:
            if self.pinned and error.status != ProviderFailed.status:  # it may take the repeat another time
                return await self._later(error)
            if error.retry_after is None or self._overdue:
                raise
            await self.lease.leave(self.lease.job.asking(None, self.means.clock.wall()), error.retry_after)
            return False
        provider = self.exchange.provider
        if isinstance(placed, Clip):
            return await self._rendered(placed, provider)
        await self.lease.insist(self.lease.job.ordered(provider, placed))
        return await self._told(placed)

    async def _late(self, error: DeadlinePassed) -> bool:
        """Order again later where that buys nothing twice: under the same key, or since nobody has been asked."""
        asked = self.lease.job.asked
        if asked is None or self._repeatable(asked):
            return await self._later(error)
        if self.orders.is_free(asked):
            raise error
        raise OutcomeUnknown(f"{asked} was asked for a film, and did not answer in time") from error

    async def _wait(self) -> bool:
        try:
            async with asyncio.timeout(LONGEST_ANSWER):
                ticket = await self._offer().poll(self.lease.job.upstream_id)
        except (ProviderFailed, TimeoutError) as error:
            return await self._later(error)
        return await self._told(ticket)

    async def _told(self, ticket: Ticket) -> bool:
        job = self.lease.job
        if ticket.state is JobState.FAILED:
            return await self._came_to_nothing(JobFailed(ticket.error or "the job failed"), again=ticket.again)
        if ticket.state is JobState.DONE:
            await self.lease.keep(job.told(ticket, self.means.clock.wall()))
            return True
        if self._overdue:
            raise OutcomeUnknown(f"{job.provider} has not finished the film in {self.means.patience:g} s")
        await self.lease.leave(job.told(ticket, self.means.clock.wall()), self._offer().pause)
        return False

    async def _fetch(self) -> bool:
        try:
            clip = await self._offer().collect(self.lease.job.upstream_id)
            return await self._keep(clip, self.lease.job.provider)
        except JobFailed as error:
            return await self._came_to_nothing(error, again=True)
        except (ProviderFailed, Truncated) as error:
            return await self._later(error)

    async def _rendered(self, clip: Clip, provider: str) -> bool:
        """Keep what comes as it is rendered: there is no other way to it, and if it breaks it was made in vain."""
        try:
            return await self._keep(clip, provider)
        except (ProviderFailed, Truncated) as error:
            await self.lease.keep(msgspec.structs.replace(self.lease.job, provider=provider))
            return await self._came_to_nothing(error, again=True)

    async def _keep(self, clip: Clip, provider: str) -> bool:
        try:
            chunks = filmed(clip.chunks, self.exchange)
            film = await self.means.media.put(self.lease.job.id, chunks, clip.media_type, self.exchange.sent)
        finally:
            await clip.chunks.aclose()
        self.exchange.lasted(self.lease.job.seconds or self.exchange.video_seconds)
        job = self.lease.job.done(self.means.clock.wall(), film, provider, self.exchange.video_seconds or None)
        await self._over(job)
        self.exchange.finish("ok", 200)
        return False

    async def _came_to_nothing(self, error: MediaError, *, again: bool) -> bool:
        """Order anew where that costs nothing, or where the route pays for it; the budget of attempts holds all the same."""
        job, model = self.lease.job, self.lease.job.model
        allowed = self.orders.is_free(job.provider) or self.orders.respends(model)
        if not (again and allowed) or len(job.failed) >= MOST_ORDERS - 1:
            raise error
        await self.lease.keep(job.again())
        return True

    async def _later(self, error: BaseException) -> bool:
        if self._overdue:
            raise OutcomeUnknown("the film was ordered, but its end cannot be learnt") from error
        job = self.lease.job.faulted()
        told = None if ours(error) else getattr(error, "retry_after", None)
        await self.lease.leave(job, told or min(FIRST_PAUSE * 2 ** min(job.faults, 10), LONGEST_PAUSE))
        return False

    async def _lost(self, error: MediaError) -> None:
        await self._over(self.lease.job.lost(self.means.clock.wall(), error))
        self.exchange.finish(error.code, error.status)

    async def _over(self, job: Job) -> None:
        job = msgspec.structs.replace(job.expiring(self.means.age), charges=self.exchange.settle())
        await self.lease.end(job, self.means.notices(job))
        self.means.posted()
        if job.state is JobState.DONE:  # what a failed one was made of stays as long as its record: see `reopen`
            await self.means.media.remove(*job.inputs)

    def _arrange(self) -> Arrange:
        failed, pinned = self.lease.job.failed, self.pinned

        def arrange(candidates: tuple[Candidate, ...]) -> tuple[Candidate, ...]:
            allowed = (one for one in candidates if pinned in (None, one.provider))
            return tuple(sorted(allowed, key=lambda one: failed.count(one.provider)))

        return arrange

    async def _before(self, candidate: Candidate | None) -> None:
        # A repeat that is refused says nothing of the order before.
        provider = candidate.provider if candidate else self.pinned
        now = self.means.clock.wall()
        if candidate:  # before it is written down: should we die, the log says whose order it was
            log.info("job %s is about to be ordered from %s", self.lease.job.id, provider)
        try:
            await self.lease.keep(self.lease.job.asking(provider, now))
        except MediaError:  # it may have been written all the same, and nobody is asked
            await self.lease.insist(self.lease.job.asking(self.pinned, now))
            raise

    def _repeatable(self, provider: str) -> bool:
        offer = self.orders.job_offer(provider)
        return offer is not None and offer.keyed

    def _offer(self) -> JobOffer:
        offer = self.orders.job_offer(self.lease.job.provider)
        if offer is None:
            raise Misconfigured(f"{self.lease.job.provider}, who makes the film, is not configured any more")
        return offer

    @property
    def _overdue(self) -> bool:
        return self.means.clock.wall() - self.lease.job.since > self.means.patience

    def _known(self, error: Exception) -> MediaError:
        """Return the error as one of ours. What nobody foresaw is logged by place alone: its text may quote the caller."""
        if isinstance(error, MediaError):
            return error
        places = "".join(traceback.format_tb(error.__traceback__))
        log.error("unexpected %s in job %s\n%s", type(error).__name__, self.lease.job.id, places)
        return MediaError(f"an unexpected error in the router; please report video id {self.lease.job.id}")


def ours(error: BaseException) -> bool:
    """Whether it is a store of the router's own that failed, and no provider."""
    return isinstance(error, RecordsUnavailable | MediaUnavailable)
