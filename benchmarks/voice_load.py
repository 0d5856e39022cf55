"""Many people talking at once: their microphones in the pace of speech, one core for the router, and no frame late.

`python -m benchmarks.voice_load [SOCKETS [SECONDS]]`. The router has the first core for itself, the providers' double the
second, the callers the others. A frame is late by the time from when the double was due to send it until its last byte is
with the caller, so what the double and the callers are late themselves is counted against the router. Ends with 1 where
the 99th percentile is over 20 ms, or anybody's turn went wrong or never came.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from typing import Final

import httpx
import msgspec
import uvloop
from rich.console import Console

from benchmarks.gateways import tree
from benchmarks.gateways.cores import Cores, Places, pinned
from benchmarks.gateways.noise import Moment
from benchmarks.staging import ROOT, Counts, vendor, verdict
from benchmarks.voice_callers import Heard
from router.testing.serving import Served, serving

SOCKETS: Final = 200
SECONDS: Final = 30.0
WITHIN: Final = 0.020
"""Seconds: the limit for 99 frames of 100."""
CONFIG: Final = """
providers:
  double:
    kind: openai
    base_url: '{url}'
    speech: {{models: [tts], formats: [pcm], voices: [v]}}
    transcription: {{models: [stt]}}
    chat: {{models: [llm]}}
routes:
  - {{name: speech, task: speech, tiers: [double]}}
  - {{name: transcription, task: transcription, tiers: [double]}}
  - {{name: chat, task: chat, tiers: [double]}}
"""


@dataclass
class Figures:
    """What came of it; seconds."""

    sockets: int
    late: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    turns: list[int] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    partials: int = 0
    told: int = 0
    """Turns that went well by the router's own count."""
    core: float = 0.0
    others: float = 0.0
    """The share of its core that the router used, and the share of the machine that went to processes that are none of ours."""

    def add(self, heard: Heard) -> None:
        """Take in what one process's callers heard."""
        self.late += heard.late
        self.first += heard.first
        self.turns += heard.turns
        self.wrong += heard.wrong
        self.partials += heard.partials

    def breaches(self) -> Iterator[str]:
        """Yield what is not as promised."""
        yield from sorted(set(self.wrong))
        if len(self.turns) != self.sockets or min(self.turns, default=0) < 1:
            yield f"of {self.sockets} sockets {sum(one > 0 for one in self.turns)} held a turn"
        if not self.late or percentile(self.late, 99) >= WITHIN:
            yield f"99 of 100 frames should be less than {WITHIN * 1000:.0f} ms late"
        if self.told != sum(self.turns):
            yield f"the router counts {self.told} turns, and its callers {sum(self.turns)}"

    def __str__(self) -> str:
        """Return them in one line."""
        if not self.late:
            return f"{self.sockets} sockets, and not a frame"
        late = ", ".join(f"p{one} {percentile(self.late, one) * 1000:.1f}" for one in (50, 99))
        return (
            f"{self.sockets} sockets, {sum(self.turns)} turns, {self.partials} partials, {len(self.late)} frames late by "
            f"{late}, most {max(self.late) * 1000:.1f} ms; stop to first sound p50 {percentile(self.first, 50) * 1000:.0f}, "
            f"p99 {percentile(self.first, 99) * 1000:.0f} ms; turns of a socket {min(self.turns)} to {max(self.turns)}; "
            f"{self.core:.0%} of a core, others {self.others:.0%} of the machine"
        )


def percentile(values: list[float], share: int) -> float:
    """Return the value under which so many of a hundred are."""
    return quantiles(values, n=100)[share - 1] if len(values) > 1 else values[0]


async def callers(url: str, sockets: int, seconds: float, places: Cores) -> list[Heard]:
    """Let callers talk from a process on each of these cores."""
    shares = [sockets // len(places) + (at < sockets % len(places)) for at in range(len(places))]

    async def on(core: int, share: int) -> Heard:
        arguments = (url, str(share), str(seconds), str(core))
        with pinned(Cores({core})):
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "benchmarks.voice_callers", *arguments, cwd=ROOT, stdout=asyncio.subprocess.PIPE
            )
        written, _ = await process.communicate()
        return msgspec.json.decode(written, type=Heard) if written else Heard(wrong=["callers that broke down"])

    return await asyncio.gather(*(on(core, share) for core, share in zip(sorted(places), shares, strict=True)))


@asynccontextmanager
async def router(config: str, cores: Cores) -> AsyncIterator[Served]:
    """Start a router that has these cores for itself."""
    with tempfile.TemporaryDirectory(prefix="voice-") as folder:
        running = serving(config, Path(folder))

        def begin() -> Served:
            with pinned(cores):  # a process gets the cores of the thread that starts it
                return running.__enter__()

        served = await asyncio.to_thread(begin)
        try:
            yield served
        finally:
            await asyncio.to_thread(running.__exit__, None, None, None)


async def load(sockets: int, seconds: float) -> Figures:
    """Let so many talk for so long, and return the figures."""
    figures, places = Figures(sockets), Places.here()
    async with AsyncExitStack() as stack:
        with pinned(places.vendor):
            double = await stack.enter_async_context(vendor("benchmarks.voice_vendor"))
        served = await stack.enter_async_context(router(CONFIG.format(url=double), places.contestant))
        before, used, began = Moment.now(), tree.cpu(served.pid), time.monotonic()
        for heard in await callers(f"{served.url.replace('http', 'ws')}/ws/voice", sockets, seconds, places.callers):
            figures.add(heard)
        figures.core = (tree.cpu(served.pid) - used) / (time.monotonic() - began)
        figures.others = Moment.now().others_since(before)
        client = await stack.enter_async_context(httpx.AsyncClient())
        figures.told = (await Counts.of(served.url, client)).total("turns", lambda labels: labels["outcome"] == "ok")
    return figures


def main(sockets: int = SOCKETS, seconds: float = SECONDS) -> int:
    """Measure, and return the exit status; the last line is the figures."""
    figures = uvloop.run(load(sockets, seconds))
    console = Console(stderr=True)
    return verdict(figures, figures.breaches(), console)


if __name__ == "__main__":
    sys.exit(main(*(kind(one) for kind, one in zip((int, float), sys.argv[1:], strict=False))))
