"""The engine: one loop that serves every task."""

from collections import ChainMap
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from random import Random
from typing import Any, cast

import msgspec
from msgspec.structs import replace

from router.contract import (
    AudioFormat,
    AvatarLimits,
    AvatarRequest,
    Busy,
    Carried,
    Clip,
    DeadlinePassed,
    Exhausted,
    Inline,
    JobOffer,
    NotFound,
    Provider,
    Request,
    Result,
    Speech,
    SpeechRequest,
    Task,
    Ticket,
)
from router.engine.announce import Announcer
from router.engine.attempt import Calling
from router.engine.choosing import chosen_for
from router.engine.clock import Clock
from router.engine.delivery import Limits
from router.engine.errand import Arrange, Before, Errand
from router.engine.exchange import Exchange
from router.engine.explain import Explanation, explain
from router.engine.fit import Fitting, Means
from router.engine.fleet import Fleet, Offers
from router.engine.health import Health, Targets
from router.engine.hedge import Hedges
from router.engine.hedge_budget import HedgeBudget
from router.engine.metering import metered
from router.engine.plan import Plan
from router.engine.policy import Candidate, Field, is_spliced
from router.engine.retry import Ask, persist
from router.engine.routing import RouteTable
from router.engine.settings import Route, RouterSettings
from router.engine.slots import Slots, slots_of
from router.engine.splice import Splicing
from router.engine.standings import TargetState, standings
from router.engine.texts import Texts
from router.engine.wording import with_known_tokens
from router.media import CONTENT_TYPES, Wish, Workers, convert


class Surroundings(msgspec.Struct, frozen=True):
    """What the engine is given of the world."""

    clock: Clock
    random: Random
    workers: Workers
    fetch: Callable[[str, str, int], Awaitable[Inline]]
    film: Callable[[Carried, float], Awaitable[Inline]]
    announcer: Announcer


class Legacy(msgspec.Struct, frozen=True):
    """What an engine leaves to the next, shared by both while the first has requests under way."""

    slots: Mapping[str, Slots] = {}
    targets: Targets = {}
    budgets: Mapping[str, HedgeBudget] = {}


class Engine:
    """Serves requests over the offers of a fleet.

    One that comes after another (`before`) takes over what that knows: of the targets whose provider both have, and
    of the routes that still have their name.
    """

    def __init__(
        self, settings: RouterSettings, fleet: Fleet, surroundings: Surroundings, before: "Engine | None" = None
    ) -> None:
        self.fleet = fleet
        self.world = surroundings
        self.table = RouteTable(settings.routes, fleet.offers)
        self.texts = Texts(self.table, settings.voices)
        self.prices = settings.prices
        legacy = before.legacy(fleet) if before else Legacy()
        slots = slots_of(settings, surroundings.announcer.load, legacy.slots)
        self.health = Health(surroundings.random, slots, legacy.targets, settings.server.workers)
        self.hedges = Hedges(settings.routes, surroundings.clock, legacy.budgets, settings.server.workers)
        kinds = {name: provider.kind for name, provider in settings.providers.items()}
        self.field = Field(fleet.offers, kinds, settings.voices, self.health, surroundings.random, self.texts.why_not)
        self.orders = replace(self.field, offers=ChainMap(cast("Offers", fleet.jobs), fleet.offers))

    def legacy(self, fleet: Fleet) -> Legacy:
        """Return what stays true of the providers that `fleet` has kept, and of the routes."""
        kept = fleet.kept(self.fleet)
        slots = {name: slots for name, slots in self.health.slots.items() if name in kept}
        return Legacy(slots, {key: self.health.of(*key) for key in fleet.offers if key[0] in kept}, self.hedges.budgets)

    @property
    def routes(self) -> Sequence[Route]:
        """The configured routes, in order."""
        return self.table.routes

    @property
    def providers(self) -> Mapping[str, Provider[Any]]:
        """The providers by name, while the fleet is open."""
        return self.fleet.providers

    def ready(self) -> bool:
        """Whether every route has a provider that offers its task."""
        return all(
            any((target.provider, route.task) in self.fleet.offers for tier in route.tiers for target in tier.targets)
            for route in self.routes
        )

    def explain(self, task: Task, request: Request) -> Explanation:
        """Say what would become of a request now.

        Raises `NotFound` for a model that no route serves, `Invalid` for a control token the route refuses.
        """
        return explain(request, self.table.find(task, request.model), self.field, self.world.clock.now())

    def standings(self) -> tuple[TargetState, ...]:
        """Return how every target that a request may be put to stands now, ordered by name."""
        return standings(sorted(self.fleet.offers), self.field.kinds, self.health, self.world.clock.now())

    async def drain(self) -> None:
        """Wait until the calls that others outran have let go of their providers."""
        await self.hedges.leaving.drain()

    def open(self, task: Task, team: str, request_id: str) -> Exchange:
        """Begin the record of a request; whoever opens it must `finish` it."""
        exchange = Exchange(task, team, request_id, self.world.clock, self.world.announcer.outcome)
        exchange.prices = self.prices
        return exchange

    def serve(self, request: Request, exchange: Exchange, within: float | None = None) -> Awaitable[Result]:
        """Return what serves a request within its route's deadline, or `within` seconds if that is sooner.

        Streams come back past the commit point; close them. Raises `RequestRejected`, `Exhausted` or `DeadlinePassed`, at once
        where nobody is asked. Not a coroutine itself: each that a call goes through costs it a µs.
        """
        route = self.table.find(exchange.task, request.model)
        exchange.route = route.name
        request = with_known_tokens(request, route.unknown_tokens)
        exchange.asks(request)
        seconds = route.deadline if within is None else min(route.deadline, within)
        errand = Errand(request, route, exchange, exchange.started + seconds, route.attempts)
        return self._spliced(errand) if is_spliced(route, request) else self._dispatch(errand)

    async def order(
        self, request: AvatarRequest, exchange: Exchange, arrange: Arrange, before: Before
    ) -> Ticket | Clip:
        """Have a film made as a job where that can be, else live; `before` is called with whoever is about to be asked.

        Raises what `serve` raises, and `OutcomeUnknown`.
        """
        route = self.table.find(Task.AVATAR, request.model)
        exchange.route = route.name
        asked = with_known_tokens(request, route.unknown_tokens)
        exchange.asks(asked)
        deadline = self.world.clock.now() + route.deadline
        errand = Errand(asked, route, exchange, deadline, route.attempts, arrange=arrange, before=before)
        return cast("Ticket | Clip", await self._dispatch(errand))

    def job_offer(self, provider: str) -> JobOffer | None:
        """Return the offer by which a provider's jobs are followed, if it makes any."""
        return self.fleet.jobs.get((provider, Task.AVATAR))

    def is_free(self, provider: str) -> bool:
        """Whether what a provider animates may be made again at no cost."""
        offer = self.fleet.offers.get((provider, Task.AVATAR))
        return offer is not None and isinstance(offer.limits, AvatarLimits) and offer.limits.free

    def respends(self, model: str | None) -> bool:
        """Whether the route of a model pays for another order after one that came to nothing."""
        try:
            return self.table.find(Task.AVATAR, model).respend
        except NotFound:
            return False

    def _dispatch(self, errand: Errand) -> Awaitable[Result]:
        clock = self.world.clock
        now = clock.now()
        if now >= errand.deadline:  # a long upload, or a caller's own short limit: nothing is asked, nothing is paid
            raise DeadlinePassed("the deadline passed before a provider could be asked")
        field = self.orders if errand.before else self.field
        chosen = chosen_for(errand, field, now)
        plan = Plan(chosen, errand.attempts, errand.deadline, clock.now, self.world.random)
        first = plan.first()
        if first is None:
            raise all_blocked(chosen, now)
        return persist(self._asking(errand, plan), first, plan, clock)

    def _asking(self, errand: Errand, plan: Plan) -> Ask[Result]:
        fit = self._fitting(errand).fit if isinstance(errand.request, AvatarRequest) else None
        calling = Calling(errand, self.world.workers, self.world.announcer.attempt, fit)
        return self.hedges.asking(calling.call, errand.route, plan)

    def _fitting(self, errand: Errand) -> Fitting:
        speak = partial(self._speak, errand=errand)
        return Fitting(Means(self.texts.for_provider, speak, self.world.fetch, self.world.film))

    async def _spliced(self, errand: Errand) -> Speech:
        """Speak a text in parts, so that a stream that breaks can be resumed by another target."""
        asked, route = cast("SpeechRequest", errand.request), errand.route
        errand.exchange.spliced = True
        joined = await Splicing(errand, self._dispatch, self.field.voices).speech()
        try:
            speech = await convert(self.world.workers, joined, Wish(asked.format, asked.sample_rate, asked.bit_rate))
        except BaseException:
            await joined.chunks.aclose()
            raise
        return metered(speech, errand.exchange, Limits(route.deadline, route.total - errand.exchange.elapsed()))

    async def _speak(self, request: SpeechRequest, *, errand: Errand) -> Inline:
        """Speak a text whole, through the speech route its model names, for a provider that cannot speak."""
        asked = msgspec.structs.replace(request, format=AudioFormat.WAV)
        route, exchange = self.table.find(Task.SPEECH, asked.model), errand.exchange.within(Task.SPEECH)
        speech = await self._dispatch(Errand(asked, route, exchange, errand.deadline, route.attempts))
        audio = await whole(cast("Speech", speech))
        return Inline(audio, CONTENT_TYPES[AudioFormat.WAV], seconds=exchange.audio_seconds)


async def whole(speech: Speech) -> bytes:
    """Read speech to its end."""
    try:
        return b"".join([chunk async for chunk in speech.chunks])
    finally:
        await speech.chunks.aclose()


def all_blocked(candidates: Sequence[Candidate], now: float) -> Exhausted:
    """Return the error for a request whose every target asked to be left alone for longer than it can wait."""
    return Exhausted(
        [
            (one.target, Busy(f"{one.target} is blocked", retry_after=one.health.blocked_until - now))
            for one in candidates
        ]
    )
