"""The ledger's soak: after thousands of mixed requests it says of each what the vendors' own books say, unit for unit.

`python -m benchmarks.soak_ledger [REQUESTS]`. Requests fail, are repeated, move on, are hedged, time out, break in the
middle, and are left by their callers before and after the first byte. Vendors and engine run in this process, over real
sockets, so that a caller can leave at the very moment at which a vendor has heard; the ledger is on disk.
"""

import asyncio
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Final

import uvloop
from rich.console import Console
from sqlalchemy import select

from benchmarks.soak_faults import account, route, unasked
from benchmarks.staging import Watch, bar
from benchmarks.tills import Account, Books, Till
from router.contract import (
    AudioFormat,
    Inline,
    MediaError,
    Outcome,
    Speech,
    SpeechRequest,
    Task,
    TranscriptionRequest,
    hook,
)
from router.engine.announce import Announcer
from router.engine.clock import SystemClock
from router.engine.engine import Engine, Surroundings
from router.engine.fleet import Fleet
from router.engine.registry import Registry
from router.engine.settings import Cache, Price, Prices, ProviderSettings, Route, RouterSettings
from router.engine.transport import client
from router.media import Workers
from router.store.database import Database
from router.store.ledger import Entry, Span, SqlLedger, Total
from router.store.tables import LEDGER, SUMMED
from router.teams.ledger import Ledger
from router.testing.answers import MemoryAnswers
from router.testing.media import sound
from router.testing.stores import MemoryMedia
from router.web.cached import Cached, SpeechCache
from router.web.spoken import Spoken

REQUESTS: Final = 10_000
IN_FLIGHT: Final = 48
SPOILT: Final[Mapping[str, float]] = {"north": 0.3, "south": 0.25, "west": 0.25}
SEED: Final = 8
LEAVES: Final = 0.04
"""The share of callers who leave while they wait, and of those who leave while they listen."""
PAUSE: Final = 0.15
"""Seconds between two requests of a caller. Without, breakers are open nearly always, and nobody is there to be hedged with."""
FIRST_BYTE: Final = 3.0
"""Seconds. A hedge comes after two at the latest."""
UNSEEN: Final = frozenset({"outrun", "cancelled", "unavailable"})
"""How calls end of which no answer was seen: they may have been called off, or cut, before the vendor had read them."""
ENOUGH: Final = 2000
"""Requests among which what is seldom should have happened too."""
PER_CHARACTER: Final = 15
PER_CALL: Final = 3
"""Millionths that a call of speech costs; a millisecond of sound to be heard costs one."""
PLAIN: Final[Any] = {"headers": ()}
"""What the cache looks at of an HTTP request."""
COMPARED: Final = ("calls", "characters", "audio_ms", "cost")
YEARS: Final = Span(first=0, last=100_000)


def prices() -> Prices:
    """Return what the vendors charge."""
    speech = Price(per_million_characters=PER_CHARACTER * 10**6, per_request=PER_CALL)
    ears = Price(per_audio_minute=60_000)
    return Prices(targets=dict.fromkeys(SPOILT, speech) | {f"{name}-ear": ears for name in SPOILT})


@dataclass(frozen=True)
class Asked:
    """One request of the soak, which carries its number to the vendor."""

    sent: int

    @property
    def number(self) -> int:
        """What it carries: some texts are asked for again, so that they are taken from the cache, if they are there."""
        return self.sent - 2 if self.sent % 10 == 9 else self.sent

    @property
    def hears(self) -> bool:
        """Whether it is of sound, and not of text."""
        return self.number % 4 == 0

    @property
    def text(self) -> str:
        """What is to be spoken, or the prompt beside the sound."""
        return f"no. {self.number:06}" + " and so on" * (self.number % 7)

    @property
    def milliseconds(self) -> int:
        """How long the sound lasts, as far as anybody knows."""
        return 100 + self.number % 977

    @property
    def task(self) -> Task:
        """What is wanted."""
        return Task.TRANSCRIPTION if self.hears else Task.SPEECH

    def request(self) -> SpeechRequest | TranscriptionRequest:
        """Return it as the engine takes it."""
        if not self.hears:
            return SpeechRequest(text=self.text, format=AudioFormat.MP3)
        talk = Inline(sound(AudioFormat.WAV), "audio/wav", seconds=self.milliseconds / 1000)
        return TranscriptionRequest(audio=talk, prompt=self.text)

    def due(self, charged: int) -> tuple[int, int, int]:
        """Return the characters, the milliseconds heard, and the cost of so many calls."""
        if self.hears:
            return 0, charged * self.milliseconds, charged * self.milliseconds
        characters = len(self.text)
        return charged * characters, 0, charged * (characters * PER_CHARACTER + PER_CALL)


@dataclass
class Seen:
    """Outcomes as they were announced: the calls of which nobody can know whether they arrived, by request and vendor."""

    fleeting: Counter[tuple[int, str]] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    ends: dict[tuple[int, str], str] = field(default_factory=lambda: defaultdict(str))

    @hook
    def media_request_finished(self, outcome: Outcome) -> None:
        """Count."""
        self.outcomes[outcome.outcome] += 1
        for one in outcome.charges:
            self.ends[Asked(int(outcome.request_id)).number, one.provider] += f" {one.outcome}"
            if one.outcome in UNSEEN:
                self.fleeting[Asked(int(outcome.request_id)).number, one.provider] += 1


@dataclass
class Figures:
    """What came of it."""

    requests: int
    books: Books = field(default_factory=Books)
    seen: Seen = field(default_factory=Seen)
    entries: list[Entry] = field(default_factory=list)
    totals: tuple[Total, ...] = ()
    told: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    fleeting: int = 0

    def breaches(self) -> Iterator[str]:
        """Yield what is not as promised; a soak in which too little happened has shown nothing."""
        if (counted := sum(one.requests for one in self.entries)) != self.requests:
            yield f"the ledger has {counted} requests, not {self.requests}"
        if self.told != {"written": len(self.entries)}:
            yield f"the ledger told of {dict(self.told)} and has {len(self.entries)} entries"
        yield from self._accounts()
        yield from self._sums()
        due = {"ok", "truncated", "cancelled"} | ({"all_providers_failed"} if self.requests >= ENOUGH else set())
        hedged = self.requests < ENOUGH or any(one.hedges for one in self.entries)
        kept = any(one.cached for one in self.entries)
        if not kept or due - self.seen.outcomes.keys() or not hedged:
            yield f"too little happened: {dict(self.seen.outcomes)}"

    def _accounts(self) -> Iterator[str]:
        """Compare each request's entries with the accounts of those that it asked."""
        entries: dict[tuple[int, str], Counter[str]] = defaultdict(Counter)
        for one in self.entries:
            if one.provider:
                entries[Asked(int(one.request_id)).number, one.provider].update(
                    {name: getattr(one, name) for name in COMPARED}
                )
        for key in sorted(entries.keys() | self.books.accounts.keys()):
            entry, theirs = entries.get(key), self.books.accounts.get(key, Account())
            if entry is None:
                yield f"{key} asked {theirs.calls} times, and is not in the ledger"
                continue
            fleeting = self.seen.fleeting[key]
            self.fleeting += entry["calls"] - theirs.calls
            if not 0 <= entry["calls"] - theirs.calls <= fleeting:
                yield f"{key}: {entry['calls']} calls in the ledger, {theirs.calls} at the vendor:{self.seen.ends[key]}"
            # Of a call whose answer nobody saw it is not known what the vendor would have said: it counts as charged.
            due = [Asked(key[0]).due(theirs.charged + some) for some in range(fleeting + 1)]
            told = entry["characters"], entry["audio_ms"] if Asked(key[0]).hears else 0, entry["cost"]
            if told not in due:
                yield f"{key}: the ledger says {told}, the vendor {due}"

    def _sums(self) -> Iterator[str]:
        """Compare the sums by day with the entries."""
        for name in SUMMED:
            rows, days = (sum(getattr(one, name) for one in found) for found in (self.entries, self.totals))
            if rows != days:
                yield f"{name}: {rows} in all entries, {days} in the sums by day"

    def __str__(self) -> str:
        """Return them in one line."""
        calls, cost = (sum(getattr(one, name) for one in self.entries) for name in ("calls", "cost"))
        doubtful, hedges = (sum(getattr(one, name) for one in self.entries) for name in ("doubtful", "hedges"))
        return (
            f"{self.requests} requests in {self.seconds:.0f} s: {len(self.entries)} entries, {calls} calls ({hedges} hedges, "
            f"{self.fleeting} lost on their way), {self.seen.outcomes['ok']} served "
            f"({sum(one.cached for one in self.entries)} from the cache), "
            f"cost {cost / 1e6:.6f}, of which {doubtful / 1e6:.6f} doubtful"
        )


class Soak:
    """Sends the requests, some of which are left."""

    def __init__(self, engine: Engine, cached: Cached, figures: Figures) -> None:
        self.engine = engine
        self.cached = cached
        self.figures = figures
        self.random = Random(SEED)  # noqa: S311 - it must be the same each time

    async def run(self, numbers: Iterator[int]) -> None:
        """Send a request for each number, `IN_FLIGHT` at once."""

        async def caller() -> None:
            for number in numbers:
                await self._send(Asked(number), self.random.random())
                await asyncio.sleep(self.random.uniform(0, 2 * PAUSE))

        began = time.monotonic()
        async with asyncio.TaskGroup() as callers:
            for _ in range(IN_FLIGHT):
                callers.create_task(caller())
        await self.cached.cache.settled()
        await self.engine.drain()
        self.figures.seconds = time.monotonic() - began

    async def _send(self, asked: Asked, chance: float) -> None:
        if chance < LEAVES:
            await self._leave_waiting(asked)
        else:
            await self._hear(asked, leaves=chance < 2 * LEAVES)

    async def _leave_waiting(self, asked: Asked) -> None:
        """Leave once a vendor has heard, or when there is nobody to hear."""
        heard = self.figures.books.waiting[asked.number] = asyncio.Event()
        request = asyncio.create_task(self._hear(asked, leaves=False))
        hearing = asyncio.create_task(heard.wait())
        await asyncio.wait({request, hearing}, return_when=asyncio.FIRST_COMPLETED)
        hearing.cancel()
        request.cancel()
        await asyncio.wait({request, hearing})

    async def _hear(self, asked: Asked, *, leaves: bool) -> None:
        exchange = self.engine.open(asked.task, f"team-{asked.number % 5}", str(asked.sent))
        request = asked.request()
        try:
            result = await self.cached.serve(request, exchange, PLAIN, partial(self.engine.serve, request, exchange))
            if isinstance(result, Speech):
                await listen(result.chunks, leaves=leaves)
        except MediaError as error:
            exchange.finish(error.code, error.status)
        except asyncio.CancelledError:
            exchange.finish("cancelled", 499)
            raise
        else:
            exchange.finish("cancelled" if leaves and not asked.hears else "ok", 200)


async def listen(chunks: Any, *, leaves: bool) -> None:
    """Read a stream to its end, or to its first chunk."""
    try:
        async for _ in chunks:
            if leaves:
                return
    finally:
        await chunks.aclose()


def configuration(urls: Mapping[str, str], registry: Registry) -> RouterSettings:
    """Return a hedged route for speech and a plain one for transcription over the same vendors."""
    boson = {name: account(registry, name, "boson", url, api_key="k", formats=("mp3",)) for name, url in urls.items()}
    heard = {"transcription": {"models": ("ear",)}}
    ears = {f"{name}-ear": account(registry, f"{name}-ear", "openai", url, **heard) for name, url in urls.items()}
    routes = hasty(Task.SPEECH, boson, hedged=True), hasty(Task.TRANSCRIPTION, ears, hedged=False)
    return RouterSettings(providers=boson | ears, routes=routes, prices=prices())


def hasty(task: Task, providers: Mapping[str, ProviderSettings], *, hedged: bool) -> Route:
    """Return a route that soon gives a target up."""
    made = route(task, providers, hedged=hedged)
    cache = Cache(age=3600.0) if task is Task.SPEECH else None
    return Route(
        name=made.name, task=task, tiers=made.tiers, hedge=hedged, first_byte=FIRST_BYTE, deadline=20.0, cache=cache
    )


@asynccontextmanager
async def ledger_of(figures: Figures) -> AsyncIterator[Ledger]:
    """Open a ledger on disk; afterwards the figures hold what it kept."""
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        async with Database(f"sqlite:///{Path(folder) / 'records.db'}") as database:
            rows = SqlLedger(database)

            def told(outcome: str, entries: int) -> None:
                figures.told[outcome] += entries

            async with Ledger(rows, SystemClock(), 86_400.0, told) as ledger:
                yield ledger
            found = await database.read(lambda on: on.execute(select(LEDGER)).all())
            figures.entries = [Entry(**one._mapping) for one in found]  # noqa: SLF001 - public, in spite of its name
            figures.totals = tuple(await rows.totals(YEARS))


async def soak(requests: int, watch: Watch = iter) -> Figures:
    """Send so many requests and return the figures; `watch` passes the numbers on and may show how far they are."""
    figures, registry, random = Figures(requests), Registry.discover(), Random(SEED)  # noqa: S311 - as above
    async with AsyncExitStack() as stack:
        ledger = await stack.enter_async_context(ledger_of(figures))
        tills = {name: Till(name, figures.books, spoilt, random) for name, spoilt in SPOILT.items()}
        for till in tills.values():
            await stack.enter_async_context(till)
        settings = configuration({name: till.url for name, till in tills.items()}, registry)
        workers = await stack.enter_async_context(Workers(1))
        fleet = await stack.enter_async_context(Fleet(settings.providers, registry.kinds, client, SystemClock()))
        announcer = Announcer(Registry.of(ledger=ledger, seen=figures.seen).hook)
        world = Surroundings(SystemClock(), random, workers, unasked, unasked, announcer)
        cached = Cached(SpeechCache(MemoryAnswers(), MemoryMedia(), SystemClock()), Spoken(settings))
        await Soak(Engine(settings, fleet, world), cached, figures).run(watch(range(requests)))
    return figures


def main(requests: int) -> int:
    """Soak, and return the exit status; the last line is the figures."""
    console = Console(stderr=True)
    figures = uvloop.run(soak(requests, bar("soaking", console)))
    breaches = list(figures.breaches())
    console.print(f"answers: {dict(figures.books.did)}\noutcomes: {dict(figures.seen.outcomes)}", highlight=False)
    for one in breaches[:50]:
        console.print(f"[red]{one}[/red]", highlight=False)
    sys.stdout.write(f"{figures}{f' - BROKEN in {len(breaches)} ways' if breaches else ''}\n")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else REQUESTS))
