"""Jobs over a studio that does as it is told, and stores in memory that outlive whoever works on them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from itertools import count
from typing import Any

from router.contract import (
    AvatarLimits,
    AvatarRequest,
    Clip,
    Exhausted,
    Inline,
    JobOffer,
    JobState,
    MediaError,
    NotFound,
    Outcome,
    Size,
    Task,
    Ticket,
)
from router.engine.billing import Bill
from router.engine.errand import Arrange, Before
from router.engine.exchange import Exchange
from router.engine.explain import Explanation
from router.engine.settings import Price, Prices
from router.jobs import Ask, Bounds, Job, Jobs, Kept
from router.jobs.work import Means, advance
from router.store.rows import NoticeRow
from router.testing.clock import FakeClock
from router.testing.stores import MemoryMedia, MemoryRows
from tests.unit.engine.making import candidate
from tests.unit.web.making import STANDING, Chunks, attempt

ADS, NEWS = "ads", "news"
REQUEST = AvatarRequest(
    face=Inline(b"face", "image/png"), voice=Inline(b"voice", "audio/wav", seconds=4.0), size=Size.SQUARE
)
TAKEN = Ticket("up-1", JobState.QUEUED)
DONE = Ticket("up-1", JobState.DONE)
PRICES = Prices(
    currency="EUR",
    targets={"a": Price(per_request=7), "b": Price(per_request=5), "c": Price(per_request=3, per_video_second=1000)},
)
PAUSE = 2.0


def failed(*, again: bool = True) -> Ticket:
    return Ticket("up-1", JobState.FAILED, error="the face has no mouth", again=again)


def by(team: str = ADS, **options: Any) -> Ask:
    return Ask(team, "req_1", "a-model", **options)


class Killed(BaseException):
    """The process ends here, as by kill -9: nothing is written down any more."""


class Studio:
    """An engine whose providers play acts: tickets, clips or errors, one for each order, look and collection.

    `orders` keeps who was asked under which key.
    """

    def __init__(self, *placing: Any, providers: str = "a", keyed: bool = False, free: bool = False) -> None:
        self.placing = list(placing)
        self.looking: list[Any] = [DONE]
        self.collecting: list[Any] = [Clip(Chunks(b"one", b"two"))]
        self.providers = providers
        self.keyed = keyed
        self.free = free
        self.respending = False
        self.orders: list[tuple[str, str | None]] = []
        self.outcomes: list[Outcome] = []
        self.declined: dict[str, str] = {}
        self.clock = FakeClock()

    def explain(self, task: Task, request: Any) -> Explanation:
        if request.model == "unknown":
            raise NotFound("no route serves it", code="model_not_found", param="model")
        targets = () if self.declined else (STANDING,)
        return Explanation(route="a-route", attempts=3, deadline=60.0, targets=targets, declined=self.declined)

    def open(self, task: Task, team: str, request_id: str) -> Exchange:
        exchange = Exchange(task, team, request_id, self.clock, self.outcomes.append)
        exchange.prices = PRICES
        return exchange

    async def order(
        self, request: AvatarRequest, exchange: Exchange, arrange: Arrange, before: Before
    ) -> Ticket | Clip:
        found = arrange(tuple(candidate(name) for name in self.providers))
        if not found:
            raise MediaError("nobody is left")
        exchange.route, exchange.characters = "a-route", 12
        bill = Bill(task=Task.AVATAR, provider=found[0].provider, target=found[0].provider, request=request)
        exchange.bills.append(bill)
        await before(found[0])
        self.orders.append((found[0].provider, request.key))
        try:
            placed = await played(self.placing)
        except Exhausted:
            bill.refused = True
            await before(None)
            raise
        bill.outcome = "ok"
        exchange.attempts.append(attempt(exchange, 1, found[0].provider, "ok"))
        assert isinstance(placed, Ticket | Clip)
        return placed

    def job_offer(self, provider: str) -> JobOffer | None:
        if self.free or provider not in self.providers:
            return None
        return JobOffer(
            AvatarRequest, self._unasked, AvatarLimits(), poll=self._poll, collect=self._collect, pause=PAUSE,
            keyed=self.keyed,
        )  # fmt: skip

    def is_free(self, provider: str) -> bool:
        return self.free

    def respends(self, model: str | None) -> bool:
        return self.respending

    async def _poll(self, provider_id: str) -> Ticket:
        assert provider_id == "up-1"
        ticket: Ticket = await played(self.looking)
        return ticket

    async def _collect(self, provider_id: str) -> Clip:
        clip: Clip = await played(self.collecting)
        return clip

    async def _unasked(self, _: AvatarRequest) -> Ticket:
        raise AssertionError("orders go through the engine")


async def played(acts: list[Any]) -> Any:
    """Return, raise or await the next act; the last one stays."""
    act = acts.pop(0) if len(acts) > 1 else acts[0]
    if isinstance(act, BaseException):
        raise act
    return await act() if callable(act) else act


class House:
    """A job's surroundings, and one job in them. `posted` is how many notices were kept whenever it was said that some are.

    `dropped` are the jobs that were called off.
    """

    def __init__(
        self, studio: Studio, notices: Callable[[Job], Sequence[NoticeRow]] = lambda _: (), **bounds: Any
    ) -> None:
        self.studio = studio
        self.dropped: list[Job] = []
        self.clock = studio.clock
        self.rows = MemoryRows()
        self.media = MemoryMedia()
        limits = Bounds(**bounds)
        self.posted: list[int] = []
        self.means = Means(
            lambda: studio, self.rows, self.media, self.clock, limits.age, limits.patience, notices,
            lambda: self.posted.append(len(self.rows.notices)),
        )  # fmt: skip
        ids = count(1)
        kept = Kept(self.rows, self.media, notices=notices, dropped=self.dropped.append)
        self.jobs = Jobs(lambda: studio, kept, self.clock, lambda: f"video_{next(ids)}", limits)

    async def create(self, request: AvatarRequest = REQUEST, **options: Any) -> Job:
        return await self.jobs.create(request, by(**options))

    async def work(self, times: int = 1) -> None:
        """Do what is due for the one job, each time as soon as it is due; a killed worker's lease runs out."""
        for _ in range(times):
            due = await self.rows.next_due()
            if due is None:
                break
            self.clock.advance(max(due - self.clock.wall(), 0.0))
            try:
                await advance("video_1", self.means)
            except Killed:
                continue

    @property
    def job(self) -> Job:
        return Job.of(self.rows.rows["video_1"])


class Broken:
    """A stream that ends in an error after its first chunk."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"first"
        raise self.error

    async def aclose(self) -> None: ...


async def until(holds: Callable[[], bool]) -> None:
    """Wait for what happens beside the event loop."""
    for _ in range(2000):
        if holds():
            return
        await asyncio.sleep(0.001)
    raise TimeoutError("it never came about")
