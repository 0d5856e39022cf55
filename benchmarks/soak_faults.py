"""The fault soak: mixed requests through three targets, two of which misbehave, and not one failure for a caller.

`python -m benchmarks.soak_faults [REQUESTS] [hedged]`. Real sockets and real conversions; the engine runs in this process,
the vendors in another and the conversions in two more, so that 100,000 requests take minutes. A served router
would add its server and the callers' HTTP to every request and nothing to what is judged here.

The engine's clock runs fast: a vendor that asks for a second's peace gets a fiftieth of one, and a breaker's pause
is as much shorter. At the machine's own pace either would keep the two that misbehave out of nearly all of it.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final, cast

import msgspec
import uvloop
from rich.console import Console

from benchmarks.fickle import GOOD, HEARD, SPOILT, VENDORS, WAYS
from benchmarks.staging import Watch, bar, verdict
from router.contract import (
    AudioFormat,
    AvatarRequest,
    Inline,
    MediaError,
    Request,
    SpeechRequest,
    Task,
    Transcript,
    TranscriptionRequest,
)
from router.engine.announce import Announcer
from router.engine.engine import Engine, Surroundings
from router.engine.exchange import Exchange
from router.engine.fleet import Fleet
from router.engine.registry import Registry
from router.engine.settings import ProviderSettings, Route, RouterSettings, Target, Tier
from router.engine.transport import client
from router.media import Workers
from router.testing.media import film, picture, sound

REQUESTS: Final = 100_000
IN_FLIGHT: Final = 64
PACE: Final = 50.0
FIRST_BYTE: Final = 3.0
"""Seconds of the machine's own, as all limits on a call are."""
DEADLINE: Final = 3600.0
BUDGET: Final = 3
MOST_PER_REQUEST: Final = 1.3
"""Attempts, the first included: the strict reading of what retries may cost."""
SEED: Final = 4
ROOT: Final = Path(__file__).parents[1]


class FastClock:
    """A clock that runs `PACE` times as fast as the machine's."""

    def now(self) -> float:
        """Return its own seconds."""
        return time.monotonic() * PACE

    def wall(self) -> float:
        """Return unix time, which is everybody's."""
        return time.time()

    async def sleep(self, seconds: float) -> None:
        """Wait for so many of its own seconds."""
        await asyncio.sleep(seconds / PACE)


@dataclass(frozen=True)
class Errand:
    """A request, how often it comes up, and what must come back."""

    name: str
    task: Task
    request: Request
    share: int
    due: bytes | str


def errands() -> tuple[Errand, ...]:
    """Return all that is asked for."""
    talk = Inline(sound(AudioFormat.WAV), "audio/wav", seconds=0.2)
    pcm, mp3, flac = (SpeechRequest(text="good morning", format=AudioFormat(one)) for one in ("pcm", "mp3", "flac"))
    return (
        Errand("pcm as it comes", Task.SPEECH, pcm, 30, sound(AudioFormat.PCM)),
        Errand("mp3 as it comes", Task.SPEECH, mp3, 25, sound(AudioFormat.MP3)),
        Errand("pcm turned into flac", Task.SPEECH, flac, 5, sound(AudioFormat.FLAC)),
        Errand("transcription", Task.TRANSCRIPTION, TranscriptionRequest(audio=talk), 20, HEARD),
        Errand("avatar", Task.AVATAR, AvatarRequest(face=Inline(picture(), "image/png"), voice=talk), 20, film()),
    )


def configuration(urls: Mapping[str, str], registry: Registry, *, hedged: bool) -> RouterSettings:
    """Return one route for each task over the same three vendors, all of equal standing."""
    hearing = {"transcription": {"models": ("ear",)}}
    boson = {
        name: account(registry, name, "boson", url, api_key="k", formats=("pcm", "mp3")) for name, url in urls.items()
    }
    ears = {f"{name}-ear": account(registry, f"{name}-ear", "openai", url, **hearing) for name, url in urls.items()}
    accounts = {Task.SPEECH: boson, Task.TRANSCRIPTION: ears, Task.AVATAR: boson}
    routes = tuple(route(task, of, hedged=hedged and task is not Task.AVATAR) for task, of in accounts.items())
    return RouterSettings(providers=boson | ears, routes=routes)


def account(registry: Registry, name: str, kind: str, url: str, **settings: Any) -> ProviderSettings:
    """Return an account at one of the vendors."""
    described = msgspec.convert({"base_url": url, **settings}, registry.kinds[kind].settings_type)
    return ProviderSettings(name=name, kind=kind, settings=described)


def route(task: Task, providers: Mapping[str, ProviderSettings], *, hedged: bool) -> Route:
    """Return a route with one tier."""
    tier = Tier(targets=tuple(Target(provider=name) for name in providers))
    return Route(
        name=str(task), task=task, tiers=(tier,), deadline=DEADLINE, first_byte=FIRST_BYTE, attempts=BUDGET,
        hedge=hedged,
    )  # fmt: skip


@dataclass
class Figures:
    """What came of it."""

    requests: int
    seconds: float = 0.0
    failures: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    most: int = 0
    calls_left: int = 0
    did: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    @property
    def attempts(self) -> int:
        """All attempts, first ones included."""
        return self.outcomes.total()

    @property
    def spoilt(self) -> Counter[str]:
        """The answers spoilt, by way."""
        all_did = sum((Counter(one) for one in self.did.values()), Counter[str]())
        del all_did[GOOD]
        return all_did

    def breaches(self) -> Iterator[str]:
        """Yield what is not as promised; a soak in which too little went wrong has shown nothing."""
        if self.failures:
            yield f"{self.failures.total()} failures reached a caller: {dict(self.failures)}"
        if self.most > BUDGET:
            yield f"a request took {self.most} attempts where {BUDGET} are allowed"
        if self.attempts >= MOST_PER_REQUEST * self.requests:
            yield f"{self.attempts} attempts for {self.requests} requests are not under {MOST_PER_REQUEST} for each"
        if self.calls_left:
            yield f"{self.calls_left} calls still hold their place"
        if missing := WAYS.keys() - self.spoilt:
            yield f"no answer was spoilt by: {', '.join(sorted(missing))}"
        for name, told in self.did.items():
            share = 1 - told.get(GOOD, 0) / sum(told.values())
            if abs(share - VENDORS[name]) > SPOILT / 3:
                yield f"{name} spoilt {share:.0%} of its answers, not {VENDORS[name]:.0%}"

    def __str__(self) -> str:
        """Return them in one line."""
        return (
            f"{self.requests} requests in {self.seconds:.0f} s: {self.failures.total()} failed, "
            f"{self.spoilt.total()} answers spoilt in {len(self.spoilt)} ways, "
            f"{self.attempts} attempts ({self.attempts / self.requests:.3f} for each, {self.most} at most)"
        )


class Soak:
    """Sends requests and judges what comes back."""

    def __init__(self, engine: Engine, figures: Figures) -> None:
        self.engine = engine
        self.figures = figures
        self.errands = errands()

    async def run(self, ticks: Iterator[int]) -> None:
        """Send a request for each tick, `IN_FLIGHT` at once."""
        random = Random(SEED)  # noqa: S311 - it must be the same each time
        shares = [one.share for one in self.errands]

        async def caller() -> None:
            for number in ticks:
                await self._send(random.choices(self.errands, shares)[0], number)

        began = time.monotonic()
        async with asyncio.TaskGroup() as callers:
            for _ in range(IN_FLIGHT):
                callers.create_task(caller())
        self.figures.seconds = time.monotonic() - began
        self.figures.calls_left = sum(one.load for one in self.engine.health.targets.values())

    async def _send(self, errand: Errand, number: int) -> None:
        exchange = self.engine.open(errand.task, "soak", f"req_{number}")
        try:
            got = await content(await self.engine.serve(errand.request, exchange))
        except MediaError as error:
            self._failed(errand, str(error), exchange)
        else:
            if got != errand.due:
                self._failed(errand, "something else came back", exchange)
        self.figures.outcomes.update(one.outcome for one in exchange.attempts)
        self.figures.most = max(self.figures.most, len(exchange.attempts))

    def _failed(self, errand: Errand, how: str, exchange: Exchange) -> None:
        trail = ", ".join(f"{one.provider} {one.outcome} after {one.seconds:.2f}" for one in exchange.attempts)
        self.figures.failures[f"{errand.name}: {how} ({trail})"] += 1


async def content(result: Any) -> bytes | str:
    """Read a result to its end."""
    if isinstance(result, Transcript):
        return result.text
    try:
        return b"".join([chunk async for chunk in result.chunks])
    finally:
        await result.chunks.aclose()


@asynccontextmanager
async def vendors(figures: Figures) -> AsyncIterator[Mapping[str, str]]:
    """Start the vendors and yield their URLs; afterwards the figures hold what they did."""
    command = (sys.executable, "-m", "benchmarks.fickle", str(SEED))
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdin=pipe, stdout=pipe)
    told = cast("asyncio.StreamReader", process.stdout)
    try:
        yield json.loads(await told.readline())
    finally:
        cast("asyncio.StreamWriter", process.stdin).close()  # `communicate` leaves it open without input
        did, _ = await process.communicate()
        figures.did = json.loads(did)


async def soak(requests: int, watch: Watch = iter, *, hedged: bool = False) -> Figures:
    """Send so many requests and return the figures; `watch` passes the numbers on and may show how far they are."""
    figures = Figures(requests)
    registry = Registry.discover()
    async with AsyncExitStack() as stack:
        urls = await stack.enter_async_context(vendors(figures))
        settings = configuration(urls, registry, hedged=hedged)
        workers = await stack.enter_async_context(Workers(2))
        fleet = await stack.enter_async_context(Fleet(settings.providers, registry.kinds, client, FastClock()))
        world = Surroundings(FastClock(), Random(SEED), workers, unasked, unasked, Announcer(Registry.of().hook))  # noqa: S311 - as above
        await Soak(Engine(settings, fleet, world), figures).run(watch(range(requests)))
    return figures


async def unasked(*_: object) -> Inline:
    """Stand for what no request here needs: a download, a film of a picture."""
    raise AssertionError("all media are at hand, and no vendor wants a film")


def main(requests: int, *, hedged: bool) -> int:
    """Soak, and return the exit status; the last line is the figures."""
    console = Console(stderr=True)
    figures = uvloop.run(soak(requests, bar("soaking", console), hedged=hedged))
    console.print(f"answers spoilt: {dict(figures.spoilt)}\nattempts: {dict(figures.outcomes)}", highlight=False)
    return verdict(figures, figures.breaches(), console)


if __name__ == "__main__":
    given = [one for one in sys.argv[1:] if one != "hedged"]
    sys.exit(main(int(given[0]) if given else REQUESTS, hedged="hedged" in sys.argv))
