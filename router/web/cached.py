"""The answer cache for speech: what was spoken once is not paid for again. docs/adr/0023-keeping-what-was-spoken.md."""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
from litestar.types import Scope

from router.contract import AudioFormat, ByteStream, Held, MediaError, Speech, SpeechRequest
from router.engine.clock import Clock
from router.engine.delivery import Limits
from router.engine.exchange import Exchange
from router.engine.metering import metered
from router.engine.settings import Route
from router.media import CONTENT_TYPES
from router.store.idempotency import Answer, Begun, Claim, Done, IdempotencyRows
from router.store.media import MediaStore
from router.store.rows import Stale
from router.web.flight import Flight
from router.web.spoken import Spoken

LOG: Final = logging.getLogger(__name__)
OWNER: Final = "cache:"
"""Under what teams the rows are, beside those of the answers that are kept for repeats; no team's name has a colon."""
LEASE: Final = 15 * 60.0
"""Seconds after which whoever began to make an answer is taken for gone."""
LONGEST: Final = 32 * 1024 * 1024
"""Bytes of the longest answer that is kept."""
HIT, JOINED, MISS, BYPASS = "hit", "joined", "miss", "bypass"

Produce = Callable[[], Awaitable[Any]]


class SpeechCache:
    """Answers in the stores, and those on their way in this process. A store that is away makes no request fail."""

    def __init__(self, rows: IdempotencyRows, media: MediaStore, clock: Clock) -> None:
        self.rows = rows
        self.media = media
        self.clock = clock
        self.flights: dict[str, asyncio.Future[Flight | None]] = {}

    async def find(self, name: str, age: float) -> Speech | Claim | None:
        """Return an answer that is kept; or a claim to make it and keep it so long; or None where that cannot be."""
        now = self.clock.wall()
        claim = Claim(
            team=OWNER,
            key=name,
            fingerprint=name,
            owner=secrets.token_hex(16),
            now=now,
            lease=LEASE,
            expires_at=now + age,
        )
        try:
            found = await self.rows.begin(claim)
            if isinstance(found, Begun):
                await self.media.remove(*([found.stale] if found.stale else ()))
                return claim
            if isinstance(found, Done) and found.answer.media is not None:
                return spoken(found.answer, await self.media.read(found.answer.media))
        except MediaError as error:
            LOG.warning("kept speech cannot be looked up: %s", error.code)
        return None

    async def end(self, claim: Claim | None, speech: Speech, sound: bytes | None) -> None:
        """Keep a whole answer, None being one that broke, and is forgotten. Raises nothing."""
        if claim is None or sound is None or len(sound) > LONGEST:
            await self.drop(claim)
            return
        name, kind = f"speech/{claim.owner}", CONTENT_TYPES[speech.format]
        told = (("format", speech.format.value), ("rate", str(speech.sample_rate)), ("channels", str(speech.channels)))
        try:
            await self.media.put(name, Held(sound), kind)
            await self.rows.settle(claim, Answer(status=200, headers=told, media_type=kind, media=name))
        except (MediaError, Stale) as error:
            LOG.warning("speech is not kept: %s", type(error).__name__)
            await self.drop(claim)

    async def drop(self, claim: Claim | None) -> None:
        """Let somebody else make it. Raises nothing."""
        try:
            if claim is not None:
                await self.rows.drop(claim)
        except MediaError as error:
            LOG.warning("a claim on kept speech ends by itself: %s", error.code)

    async def settled(self) -> None:
        """Wait until no answer is on its way to the store."""
        while self.flights:
            flights = await asyncio.gather(*self.flights.values())
            await asyncio.gather(*(one.reading for one in flights if one is not None), return_exceptions=True)


class Wanted(msgspec.Struct, frozen=True):
    """A request for speech that may be kept, under the name that it then has."""

    name: str
    request: SpeechRequest
    route: Route
    exchange: Exchange

    @property
    def age(self) -> float:
        """Seconds that an answer is kept."""
        return self.route.cache.age if self.route.cache else 0.0

    def told(self, how: str, speech: Speech) -> Speech:
        """Return speech that nobody was asked for now, with what keeps count of it."""
        self.exchange.cache, self.exchange.route = how, self.route.name
        self.exchange.asks(self.request)
        return metered(speech, self.exchange, Limits(self.route.gap, self.route.total))


class Cached:
    """The cache as one configuration uses it."""

    def __init__(self, cache: SpeechCache, routes: Spoken) -> None:
        self.cache = cache
        self.routes = routes

    async def serve(self, request: Any, exchange: Exchange, scope: Scope, produce: Produce) -> Any:
        """Return an answer that is kept or on its way, or the one that `produce` makes, which is then kept.

        Raises what `produce` raises. Who says `Cache-Control: no-store` gets an answer of their own, which is not kept.
        """
        route = self.routes.route_of(request)
        if route is None or route.cache is None:
            return await produce()
        if no_store(scope):
            exchange.cache = BYPASS
            return await produce()
        name = self.routes.name_of(request, route, exchange.team)
        asked = Wanted(name, request, route, exchange)
        joined = await self._join(asked)
        return joined if joined is not None else await self._lead(asked, produce)

    async def _join(self, asked: Wanted) -> Speech | None:
        """Return an answer that others wait for already; None if there is none, or nothing came of it."""
        coming = self.cache.flights.get(asked.name)
        flight = await asyncio.shield(coming) if coming is not None else None
        return asked.told(JOINED, flight.listen()) if flight is not None and flight.broken is None else None

    async def _lead(self, asked: Wanted, produce: Produce) -> Any:
        """Look for an answer, or make one that others may join meanwhile."""
        if asked.name in self.cache.flights:  # somebody else came first: what both make is kept once
            asked.exchange.cache = MISS
            return await produce()
        coming = self.cache.flights[asked.name] = asyncio.get_running_loop().create_future()
        flight: Flight | None = None
        try:
            found = await self.cache.find(asked.name, asked.age)
            if isinstance(found, Speech):
                return asked.told(HIT, found)
            asked.exchange.cache = MISS
            flight = await self._made(asked, found, produce)
            return flight.listen()
        finally:
            coming.set_result(flight)
            if flight is None:
                del self.cache.flights[asked.name]

    async def _made(self, asked: Wanted, claim: Claim | None, produce: Produce) -> Flight:
        """Have an answer made that several may hear, and kept by whoever has the claim to it."""
        try:
            speech: Speech = await produce()
        except BaseException:
            await self.cache.drop(claim)
            raise

        async def over(sound: bytes | None) -> None:
            try:
                await self.cache.end(claim, speech, sound)
            finally:
                del self.cache.flights[asked.name]

        return Flight(speech, over)


def spoken(answer: Answer, chunks: ByteStream) -> Speech:
    """Return speech as it was kept."""
    told = dict(answer.headers)
    return Speech(AudioFormat(told["format"]), chunks, int(told["rate"]), int(told["channels"]))


def no_store(scope: Scope) -> bool:
    """Whether a request says `Cache-Control: no-store`."""
    return any(name == b"cache-control" and b"no-store" in value.lower() for name, value in scope["headers"])
