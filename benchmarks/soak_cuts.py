"""The cut soak: streams that break at a random byte, and not one that httpx, curl or OpenAI's client takes for whole.

`python -m benchmarks.soak_cuts [CUTS]`. A served router, its vendor in another process, and the callers in this one.
To nine streams that are cut comes one that is whole and must be seen as that, for a check that cannot fail is none.
Where the provider's bytes pass through untouched, what reached the caller must be what the vendor sent, from its
first byte.
"""

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack, nullcontext
from dataclasses import dataclass, field
from random import Random
from typing import Final

import httpx
import openai
import uvloop
from rich.console import Console

from benchmarks.cut_callers import FAULTS, PATIENCE, Body, Callers, Ending, Seen
from benchmarks.cutting import COMPLETE, IN_EVENTS, Script, Way, least, spoken
from benchmarks.staging import Counts, Watch, bar, router, vendor, verdict
from router.contract import AudioFormat

CUTS: Final = 10_000
IN_FLIGHT: Final = 64
SEED: Final = 4
BREAKS: Final = {Way.RESET: 31, Way.UNTERMINATED: 31, Way.SHORT: 22, Way.SILENT: 2, Way.UNFINISHED: 9, Way.ERROR: 5}
"""How often of a hundred times a stream that is cut ends in each way."""
ENDS: Final = {Way.WHOLE: 80, Way.EVENTS: 20}
"""The same of one that is whole."""
ENCODED: Final = 0.015
"""The share that the router encodes itself: two processes do it all, two streams at a time, and a break ends a process."""
ENCODED_AT_ONCE: Final = 4
"""Streams to be encoded that are asked for at once, so that two wait. Were there no bound, the router would refuse those that wait in
vain, and the more of them the less time the others take."""
READ_WITHIN: Final = 0.1
ENCODED_WITHIN: Final = 4.0
"""Seconds that the router gets for what comes before a break; a process to encode it may have to be started first."""
CONFIG: Final = """
providers:
  plain: {{kind: boson, base_url: '{url}', api_key: '${{env:KEY}}', formats: [pcm, wav, mp3, opus, aac, flac]}}
  encoded: {{kind: boson, base_url: '{url}', api_key: '${{env:KEY}}', formats: [pcm], concurrency: 2}}
  events: {{kind: higgs, base_url: '{url}'}}
routes:
  - {{name: plain, task: speech, tiers: [plain]}}
  - {{name: silent, task: speech, tiers: [plain], gap: 300ms}}
  - {{name: encoded, task: speech, tiers: [encoded], first_byte: 30s}}
  - {{name: events, task: speech, tiers: [events]}}
"""


@dataclass(frozen=True)
class Stream:
    """One request: who asks in which manner, through which route, in which format, and how its answer will end."""

    client: str
    manner: str
    route: str
    format: AudioFormat
    script: Script

    @property
    def body(self) -> Body:
        """The request's body."""
        return {"input": self.script.text, "model": self.route, "voice": "alloy", "response_format": self.format}

    @property
    def name(self) -> str:
        """What it was, for figures."""
        return f"{self.client} {self.manner}, {self.format} by {self.route}, {self.script.way}"

    @property
    def due(self) -> Ending:
        """What its caller must see."""
        return Ending.WHOLE if self.script.way in COMPLETE else Ending.INCOMPLETE

    def fits(self, seen: Seen) -> bool:
        """Whether a caller's bytes are the vendor's, from the first on; all of them, and no more than all, if whole."""
        if seen.body is None or self.route == "encoded":
            return True
        sent = spoken(self.format) if self.script.way is Way.WHOLE else spoken(self.format)[: self.script.at]
        return seen.body == sent if self.due is Ending.WHOLE else sent.startswith(seen.body)


def draw(random: Random, number: int, callers: Callers) -> Stream:
    """Return a stream at random. The clients take turns; each tenth stream is whole."""
    clients = list(callers.by_client)
    client = clients[number % len(clients)]
    manner = random.choice(list(callers.by_client[client]))
    ways = ENDS if number % 10 == 9 else BREAKS
    way = random.choices(list(ways), list(ways.values()))[0]
    route = route_for(way, random)
    kind = AudioFormat.PCM if route == "events" else random.choice(list(AudioFormat))
    pause = ENCODED_WITHIN if route == "encoded" else READ_WITHIN
    return Stream(client, manner, route, kind, Script(way, place(random, route, kind), pause))


def route_for(way: Way, random: Random) -> str:
    """Return a route whose vendor can end in that way."""
    if way in IN_EVENTS:
        return "events"
    if way is Way.SILENT:
        return "silent"
    return "encoded" if random.random() < ENCODED else "plain"


def place(random: Random, route: str, kind: AudioFormat) -> int:
    """Return a byte after which to cut: what is passed on by then proves to be sound, and something is missing."""
    if route != "encoded":
        return random.randrange(least(kind) + 2, len(spoken(kind)))
    sent = spoken(AudioFormat.PCM)
    return random.randrange(len(sent) // 2, len(sent))


@dataclass
class Figures:
    """What came of it."""

    cuts: int
    seconds: float = 0.0
    due: Counter[Ending] = field(default_factory=Counter)
    """What there was to be seen: incomplete streams, and whole ones."""
    seen: Counter[tuple[str, Ending, Ending]] = field(default_factory=Counter)
    """By client, what was due, and what it saw."""
    ways: Counter[Way] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    counted: int = 0
    """Streams that the router says it truncated."""

    def of(self, due: Ending) -> int:
        """Return how many of those due to be seen so were."""
        return sum(count for (_, *both), count in self.seen.items() if both == [due, due])

    def breaches(self) -> Iterator[str]:
        """Yield what is not as promised."""
        yield from (f"{count} times: {what}" for what, count in self.wrong.items())
        if not self.cuts == self.due[Ending.INCOMPLETE] == self.counted:
            cut = self.due[Ending.INCOMPLETE]
            yield f"{cut} streams were cut, and {self.counted} counted by the router, where both should be {self.cuts}"
        for client in ("httpx", "curl", "openai"):
            for due in (Ending.INCOMPLETE, Ending.WHOLE):
                if not self.seen[client, due, due]:
                    yield f"{client} saw no stream that was {due}"
        if missing := (BREAKS.keys() | ENDS.keys()) - self.ways.keys():
            yield f"no stream ended in these ways: {', '.join(sorted(missing))}"

    def __str__(self) -> str:
        """Return them in one line."""
        by_client = ", ".join(
            f"{client} {self.seen[client, Ending.INCOMPLETE, Ending.INCOMPLETE]}"
            for client in ("httpx", "curl", "openai")
        )
        return (
            f"{self.due.total()} streams in {self.seconds:.0f} s: {self.of(Ending.INCOMPLETE)} of {self.cuts} "
            f"cut ones seen as incomplete ({by_client}), {self.counted} counted by the router; "
            f"{self.of(Ending.WHOLE)} of {self.due[Ending.WHOLE]} whole ones seen as whole"
        )


class Soak:
    """Asks for streams and judges what their callers see."""

    def __init__(self, callers: Callers, figures: Figures) -> None:
        self.callers = callers
        self.figures = figures
        self.random = Random(SEED)  # noqa: S311 - it must be the same each time
        self.encoding = asyncio.Semaphore(ENCODED_AT_ONCE)

    async def run(self, ticks: Iterator[int]) -> None:
        """Ask for a stream for each tick, `IN_FLIGHT` at once."""

        async def caller() -> None:
            for number in ticks:
                stream = draw(self.random, number, self.callers)
                async with self.encoding if stream.route == "encoded" else nullcontext():
                    await self._ask(stream)

        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for _ in range(IN_FLIGHT):
                group.create_task(caller())
        self.figures.seconds = time.monotonic() - began

    async def _ask(self, stream: Stream) -> None:
        self.figures.due[stream.due] += 1
        try:
            seen = await self.callers.by_client[stream.client][stream.manner](stream.body)
        except FAULTS as error:
            self.figures.wrong[f"{stream.name}: {error!r}"] += 1
            return
        self.figures.seen[stream.client, stream.due, seen.ending] += 1
        self.figures.ways[stream.script.way] += 1
        if seen.ending is not stream.due:
            self.figures.wrong[f"{stream.name}: seen as {seen.ending} ({seen.told})"] += 1
        if not stream.fits(seen):
            self.figures.wrong[f"{stream.name}: other bytes than the vendor's"] += 1


async def soak(cuts: int, watch: Watch = iter) -> Figures:
    """Cut so many streams and return the figures; `watch` passes the numbers on and may show how far they are."""
    figures = Figures(cuts)
    async with AsyncExitStack() as stack:
        speaking = await stack.enter_async_context(vendor("benchmarks.cutting"))
        url = await stack.enter_async_context(router(CONFIG.format(url=speaking)))
        client = await stack.enter_async_context(httpx.AsyncClient(timeout=PATIENCE))
        sdk = openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="not-needed", max_retries=0, timeout=PATIENCE)
        await stack.enter_async_context(sdk)
        await Soak(Callers(url, client, sdk), figures).run(watch(range(cuts + (cuts - 1) // 9)))
        figures.counted = (await Counts.of(url, client)).total("truncated")
    return figures


def main(cuts: int) -> int:
    """Soak, and return the exit status; the last line is the figures."""
    console = Console(stderr=True)
    figures = uvloop.run(soak(cuts, bar("cutting", console)))
    console.print(f"ended: { {str(way): count for way, count in figures.ways.items()} }", highlight=False)
    return verdict(figures, figures.breaches(), console)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else CUTS))
