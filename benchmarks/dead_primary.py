"""What a dead primary costs once its breaker is open: nothing that can be told from noise.

`python -m benchmarks.dead_primary [ROUNDS]`. Three served routers stand side by side before one live vendor: in one
a dead target comes first and its breaker has opened, from the other two it was removed. Requests go to the three in
turn, in an order shuffled anew each time, over connections that are kept. The ratio of the first one's first-byte
times to those of the two which are alike is the cost; that of the two to each other is the noise, without which the
cost says nothing.

From time to time the breaker lets one request try the dead target again. Those are not the cost of an open breaker:
they are counted and timed by themselves.
"""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from math import log2
from pathlib import Path
from random import Random
from re import compile as regex
from statistics import median, quantiles
from typing import Final, NamedTuple, Self, cast

import uvloop
from rich.console import Console

from router.engine.breaker import FIRST_PAUSE, JITTER
from router.testing.acts import Reply, Stall
from router.testing.serving import serving
from router.testing.vendor import ClosedPort, Vendor

ROUNDS: Final = 10
TURNS: Final = 150
"""Requests to each router in a round."""
MOST: Final = 1.05
LENGTH: Final = regex(rb"content-length: (\d+)")
TRIES: Final = 20
"""Requests after which a breaker that is still closed is not going to open."""
SEED: Final = 4
ROOT: Final = Path(__file__).parents[1]
DEAD: Final = ("refuses-connections", "stalls", "answers-503")
"""The ways to be dead, which are the names of the routes as well."""
BESIDE, REMOVED, AGAIN = "beside", "removed", "again"
"""The routers: a dead target beside the live one, the same with it removed, and that once more."""


class Heard(NamedTuple):
    """One answer: seconds to the first byte of its body, and how many targets were asked for it."""

    seconds: float
    attempts: int


class Line:
    """A connection to a router, kept; the bytes are read by hand, for a client library takes longer than a router."""

    def __init__(self, url: str) -> None:
        self.host, port = url.removeprefix("http://").split(":")
        self.port = int(port)

    async def __aenter__(self) -> Self:
        self.reader, self.writer = await asyncio.open_connection(self.host, self.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()
        await self.writer.wait_closed()

    async def speak(self, route: str) -> Heard:
        """Have something said. Raises `ValueError` for any answer but speech."""
        body = json.dumps({"input": "good morning", "model": route, "response_format": "pcm"})
        head = f"POST /v1/audio/speech HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
        began = time.perf_counter()
        self.writer.write(f"{head}\r\n\r\n{body}".encode())
        told = await self.reader.readuntil(b"\r\n\r\n")
        length = LENGTH.search(told)  # there if the answer was all there when it began
        size = int(length[1]) if length else int(await self.reader.readline(), 16)
        await self.reader.readexactly(1)
        seconds = time.perf_counter() - began
        if not told.startswith(b"HTTP/1.1 200 "):
            raise ValueError(told)
        await (self.reader.readexactly(size - 1) if length else self._rest(size - 1))
        return Heard(seconds, int(told.partition(b"x-media-attempts: ")[2].partition(b"\r\n")[0]))

    async def _rest(self, size: int) -> None:
        while size:
            await self.reader.readexactly(size + 2)
            size = int(await self.reader.readline(), 16)
        await self.reader.readline()


class Ratios(NamedTuple):
    """First-byte times of two routers, compared."""

    median: float
    p90: float

    @classmethod
    def of(cls, one: Sequence[float], other: Sequence[float]) -> Self:
        """Divide those of `one` by those of `other`."""
        return cls(median(one) / median(other), quantiles(one, n=10)[-1] / quantiles(other, n=10)[-1])


@dataclass
class Figures:
    """What one way to be dead costs, round by round, and what it costs those who try it again.

    `asked` is how often the dead vendor was asked once the breaker was open, for so many `seconds`; None where that
    cannot be seen.
    """

    name: str
    cost: list[Ratios] = field(default_factory=list)
    noise: list[Ratios] = field(default_factory=list)
    plain: list[float] = field(default_factory=list)
    probes: list[float] = field(default_factory=list)
    asked: int | None = None
    seconds: float = 0.0

    @property
    def ratio(self) -> float:
        """The cost: the median over the rounds."""
        return median(one.median for one in self.cost)

    def breaches(self, most: float = MOST) -> Iterator[str]:
        """Yield what is not as promised."""
        if self.ratio >= most:
            yield f"{self.name}: a first byte takes {self.ratio:.3f} times as long, not under {most}"
        if self.asked is not None and self.asked != len(self.probes):
            yield f"{self.name}: the dead vendor was asked {self.asked} times, of which {len(self.probes)} were probes"
        due = log2(1 + self.seconds / (FIRST_PAUSE * (1 - JITTER)))  # each pause is twice the one before
        if len(self.probes) > due:
            yield f"{self.name}: {len(self.probes)} probes in {self.seconds:.1f} s, where {int(due)} were due at most"

    def __str__(self) -> str:
        """Return them in one line."""
        probes = f"tried again {len(self.probes)} times, {max(self.probes, default=0) * 1000:.1f} ms at most"
        return (
            f"{self.name}: {median(self.plain) * 1000:.2f} ms without, median x{spread(self.cost, 0)}, "
            f"p90 x{spread(self.cost, 1)}; noise x{spread(self.noise, 0)}, p90 x{spread(self.noise, 1)}; {probes}"
        )


def spread(rounds: Sequence[Ratios], which: int) -> str:
    """Return one of the ratios over the rounds: median, and least to most."""
    all_of_it = [one[which] for one in rounds]
    return f"{median(all_of_it):.3f} ({min(all_of_it):.3f} to {max(all_of_it):.3f})"


class Stand:
    """The three routers, and the vendor that is as good as dead."""

    def __init__(self, lines: Mapping[str, Line], dead: Vendor) -> None:
        self.lines = lines
        self.dead = dead
        self.random = Random(SEED)  # noqa: S311 - an order, the same each time

    async def measure(self, name: str, rounds: int, turns: int = TURNS) -> Figures:
        """Open the breaker for one way to be dead, then compare."""
        figures = Figures(name)
        await self._open_breaker(name)
        opened = time.monotonic()
        await self._round(Figures(name), turns)  # for everybody to warm up
        before = self._asked(name)
        for _ in range(rounds):
            await self._round(figures, turns)
        figures.asked = None if before is None else (self._asked(name) or 0) - before
        figures.seconds = time.monotonic() - opened
        return figures

    async def _open_breaker(self, name: str) -> None:
        for _ in range(TRIES):
            if (await self.lines[BESIDE].speak(name)).attempts == 1:
                return
        raise AssertionError(f"{name}: the breaker does not open")

    def _asked(self, name: str) -> int | None:
        return None if name == DEAD[0] else sum(one.path.startswith(f"/{name}/") for one in self.dead.asked)

    async def _round(self, figures: Figures, turns: int) -> None:
        times: dict[str, list[float]] = {name: [] for name in self.lines}
        for _ in range(turns):
            for name in self.random.sample(list(self.lines), len(self.lines)):
                heard = await self.lines[name].speak(figures.name)
                (times[name] if heard.attempts == 1 else figures.probes).append(heard.seconds)
        without = times[REMOVED] + times[AGAIN]
        figures.cost.append(Ratios.of(times[BESIDE], without))
        figures.noise.append(Ratios.of(times[AGAIN], times[REMOVED]))
        figures.plain += without


@asynccontextmanager
async def stand() -> AsyncIterator[Stand]:
    """Start the vendors and the routers, and connect to them."""
    async with AsyncExitStack() as stack:
        nobody = stack.enter_context(ClosedPort())
        dead = await stack.enter_async_context(Vendor())
        dead.on("/stalls/", Stall(Reply()))
        dead.on("/answers-503/", Reply(status=503))
        live = await stack.enter_async_context(living())
        urls = {name: f"{dead.url}/{name}" for name in DEAD} | {DEAD[0]: nobody.url}
        routers = await stack.enter_async_context(serving_all(live, urls))
        lines = {name: await stack.enter_async_context(Line(url)) for name, url in routers.items()}
        yield Stand(lines, dead)


@asynccontextmanager
async def living() -> AsyncIterator[str]:
    """Start the live vendor and yield its URL."""
    pipe = asyncio.subprocess.PIPE
    command = (sys.executable, "-m", "benchmarks.brisk")
    vendor = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdin=pipe, stdout=pipe)
    try:
        yield (await cast("asyncio.StreamReader", vendor.stdout).readline()).decode().strip()
    finally:
        cast("asyncio.StreamWriter", vendor.stdin).close()  # `communicate` leaves it open without input
        await vendor.communicate()


@asynccontextmanager
async def serving_all(live: str, dead: Mapping[str, str]) -> AsyncIterator[Mapping[str, str]]:
    """Start the three routers and yield their URLs."""
    alone, beside = configuration(live, {}), configuration(live, dead)
    with tempfile.TemporaryDirectory(prefix="dead-primary-") as folder, ExitStack() as routers:
        try:
            configs = {BESIDE: beside, REMOVED: alone, AGAIN: alone}
            yield {
                name: await asyncio.to_thread(start, config, Path(folder, name), routers)
                for name, config in configs.items()
            }
        finally:
            await asyncio.to_thread(routers.close)


def start(config: str, folder: Path, routers: ExitStack) -> str:
    """Start one of the routers in a folder of its own and return its URL."""
    folder.mkdir()
    return routers.enter_context(serving(config, folder, {"KEY": "k"})).url


def configuration(live: str, dead: Mapping[str, str]) -> str:
    """Return a route for each way to be dead, whose first target is dead in that way unless it was removed."""
    targets = "\n".join(
        f"  {name}: {{kind: boson, base_url: '{url}', api_key: '${{env:KEY}}'}}"
        for name, url in {"live": live, **dead}.items()
    )
    routes = "\n".join(
        f"  - {{name: {name}, task: speech, first_byte: 500ms, tiers: [{f'{name}, ' if name in dead else ''}live]}}"
        for name in DEAD
    )
    return f"providers:\n{targets}\nroutes:\n{routes}\nserver: {{media_workers: 1}}\n"


async def main(rounds: int) -> int:
    """Measure every way to be dead, and return the exit status; the last line is the figures."""
    console = Console(stderr=True, highlight=False)
    async with stand() as standing:
        figures = [await standing.measure(name, rounds) for name in DEAD]
    breaches = [breach for one in figures for breach in one.breaches()]
    for one in figures:
        console.print(str(one), soft_wrap=True)
    for breach in breaches:
        console.print(f"[red]{breach}[/red]", soft_wrap=True)
    told = ", ".join(f"{one.name} x{one.ratio:.3f} (noise x{spread(one.noise, 0)})" for one in figures)
    sys.stdout.write(f"first byte beside a dead primary: {told}{' - BROKEN' if breaches else ''}\n")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(uvloop.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)))
