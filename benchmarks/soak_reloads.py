"""The reload soak: the configuration changes again and again while callers stream, and nobody notices.

`python -m benchmarks.soak_reloads [RELOADS]`. A served router, a vendor and callers in this process. Each change of
the file is put into force by SIGHUP, every twentieth by the file alone. What changes: the settings of the provider that
everybody streams from, who else there is, and the route itself. Streams pass through the router as they are, and must
come whole, at the first attempt. Between two changes every caller begins another stream.
"""

import asyncio
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx
import uvloop
from rich.console import Console

from benchmarks.staging import Watch, bar, verdict
from router.testing.acts import Reply
from router.testing.serving import Served, brought_up
from router.testing.vendor import Vendor

RELOADS: Final = 200
CALLERS: Final = 8
BY_FILE: Final = 20
"""One reload of so many is left to the watch over the file."""
PATIENCE: Final = 20.0
PIECE: Final = bytes(range(1, 241)) * 10
PIECES: Final = 10
PAUSE: Final = 0.02
LOOK: Final = 0.02
CONFIG: Final = """
providers:
  main: {{kind: boson, base_url: "{url}", api_key: "${{env:KEY}}", connect: {connect}ms, concurrency: {concurrency}}}
  {other}: {{kind: boson, base_url: "{url}", api_key: "${{env:KEY}}"}}
routes:
  - {{name: speech, task: speech, tiers: [main, {other}], deadline: {deadline}s}}
"""


def configuration(url: str, number: int) -> str:
    """Return the YAML of the so-manieth configuration: no two in a row are alike, and each changes something else."""
    return CONFIG.format(
        url=url,
        connect=5000 + number // 4 % 2,
        concurrency=CALLERS * 2 + (number + 1) // 4 % 2,
        other=f"other-{(number + 2) // 4 % 2}",
        deadline=60 + (number + 3) // 4 % 2,
    )


@dataclass
class Figures:
    """What came of it."""

    reloads: int
    seconds: float = 0.0
    outcomes: Counter[str] = field(default_factory=Counter)
    streams: int = 0
    across: int = 0
    """Streams that were under way when the configuration changed."""
    fewest: int = CALLERS
    """Of those, the fewest at one change."""
    faults: Counter[str] = field(default_factory=Counter)

    def breaches(self) -> Iterator[str]:
        """Yield what is not as promised."""
        yield from (f"{count} times: {what}" for what, count in self.faults.items())
        if self.outcomes != Counter(applied=self.reloads):
            yield f"of {self.reloads} reloads came {dict(self.outcomes)}"
        if not self.fewest:
            yield "the configuration changed while nobody was streaming"

    def __str__(self) -> str:
        """Return them in one line."""
        return (
            f"{self.outcomes['applied']} of {self.reloads} reloads in {self.seconds:.0f} s under {CALLERS} callers: "
            f"{self.streams} streams, {self.across} of them across a reload (at least {self.fewest} at each), {self.faults.total()} failed or cut"
        )


class Soak:
    """Streams and changes, until all changes are made."""

    def __init__(self, router: Served, vendor: str, client: httpx.AsyncClient, figures: Figures) -> None:
        self.router = router
        self.vendor = vendor
        self.client = client
        self.figures = figures
        self.under_way = self.begun = 0
        self.over = False

    async def run(self, ticks: Iterator[int]) -> None:
        """Change the configuration for each tick while the callers call."""
        began = time.monotonic()
        callers = [asyncio.create_task(self._call()) for _ in range(CALLERS)]
        for number in ticks:
            await self._change(number)
        self.over = True
        await asyncio.gather(*callers)
        self.figures.seconds = time.monotonic() - began

    async def _change(self, number: int) -> None:
        """Change the configuration once every caller has begun another stream, and wait until it is in force."""
        due = (number + 1) * CALLERS
        while self.begun < due:  # noqa: ASYNC110 - streams pass by the hundred
            await asyncio.sleep(LOOK)
        fresh = self.router.config.with_suffix(".new")
        fresh.write_text(configuration(self.vendor, number + 1))
        fresh.replace(self.router.config)
        if (number + 1) % BY_FILE:
            os.kill(self.router.pid, signal.SIGHUP)
        async with asyncio.timeout(PATIENCE):
            while (outcomes := await self._outcomes()).total() <= number:  # noqa: ASYNC110 - the router tells nobody
                await asyncio.sleep(LOOK)
        self.figures.outcomes = outcomes
        self.figures.across += self.under_way
        self.figures.fewest = min(self.figures.fewest, self.under_way)

    async def _outcomes(self) -> Counter[str]:
        page = (await self.client.get(f"{self.router.url}/metrics")).text
        prefix = 'media_router_reloads_total{outcome="'
        lines = (line.removeprefix(prefix) for line in page.splitlines() if line.startswith(prefix))
        return Counter({line.partition('"')[0]: round(float(line.split()[-1])) for line in lines})

    async def _call(self) -> None:
        while not self.over:
            self.begun += 1
            self.under_way += 1
            fault = await self._stream()
            self.under_way -= 1
            self.figures.streams += 1
            if fault:
                self.figures.faults[fault] += 1

    async def _stream(self) -> str:
        """Have something spoken; return what was wrong with it."""
        body = {"input": "hello", "model": "speech", "response_format": "pcm"}
        try:
            answer = await self.client.post(f"{self.router.url}/v1/audio/speech", json=body)
        except httpx.TransportError as error:
            return f"a stream was cut: {type(error).__name__}"
        if answer.status_code != 200:
            return f"a request failed: {answer.text}"
        if answer.headers["x-media-attempts"] != "1":
            return f"it took more than one attempt: {answer.headers['server-timing']}"
        return "" if answer.content == PIECE * PIECES else f"{len(answer.content)} bytes came"


@asynccontextmanager
async def router(vendor: str) -> AsyncIterator[Served]:
    """Start a router over that vendor."""
    with tempfile.TemporaryDirectory(prefix="soak-reloads-") as folder:
        async with brought_up(configuration(vendor, 0), Path(folder), {"KEY": "k"}) as router:
            yield router


async def soak(reloads: int, watch: Watch = iter) -> Figures:
    """Reload so often and return the figures; `watch` passes the numbers on and may show how far they are."""
    figures = Figures(reloads)
    speech = Reply((PIECE,) * PIECES, content_type="audio/pcm", pause=PAUSE, chunked=True)
    async with (
        Vendor(speech) as vendor,
        router(vendor.url) as served,
        httpx.AsyncClient(timeout=PATIENCE) as client,
    ):
        await Soak(served, vendor.url, client, figures).run(watch(range(reloads)))
    return figures


def main(reloads: int) -> int:
    """Soak, and return the exit status; the last line is the figures."""
    console = Console(stderr=True)
    figures = uvloop.run(soak(reloads, bar("reloading", console)))
    return verdict(figures, figures.breaches(), console)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else RELOADS))
