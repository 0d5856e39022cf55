"""The restart soak: two routers are replaced one after the other while callers stream, and nobody notices.

`python -m benchmarks.soak_restarts [RESTARTS]`. Callers send to whichever router says that it is ready, as a load balancer
does that looks every 0.2 s, and to the other where one refuses a connection. A rolling restart stops each router by
SIGTERM once every caller has a stream under way, and starts another in its place. Streams must come whole.
"""

import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Final

import httpx
import uvloop
from rich.console import Console

from benchmarks.staging import Watch, bar, verdict
from router.testing.acts import Reply
from router.testing.serving import Served, serving
from router.testing.vendor import Vendor

RESTARTS: Final = 5
ROUTERS: Final = 2
CALLERS: Final = 8
LOOK: Final = 0.2
PATIENCE: Final = 60.0
PIECE: Final = bytes(range(1, 241)) * 10
PIECES: Final = 40
PAUSE: Final = 0.05
"""A stream takes two seconds: twice as long as a router that is to stop serves on."""
CONFIG: Final = """
providers: {{main: {{kind: boson, base_url: "{url}", api_key: "${{env:KEY}}"}}}}
routes: [{{name: speech, task: speech, tiers: [main]}}]
server: {{drain: 1s}}
"""


@dataclass
class Figures:
    """What came of it."""

    restarts: int
    seconds: float = 0.0
    stopped: int = 0
    """Routers that were told to stop."""
    streams: int = 0
    across: int = 0
    """Streams under way at a router when it was told to stop."""
    elsewhere: int = 0
    """Requests that a router refused to connect to, and another served."""
    faults: Counter[str] = field(default_factory=Counter)

    def breaches(self) -> Iterator[str]:
        """Yield what is not as promised."""
        yield from (f"{number} times: {what}" for what, number in self.faults.items())
        if self.stopped != self.restarts * ROUTERS:
            yield f"only {self.stopped} routers were stopped"
        if self.across < self.stopped:
            yield "routers were stopped that had nothing to do"

    def __str__(self) -> str:
        """Return them in one line."""
        return (
            f"{self.restarts} rolling restarts of {ROUTERS} routers in {self.seconds:.0f} s under {CALLERS} callers: "
            f"{self.streams} streams, {self.across} of them under way at a router as it was stopped, "
            f"{self.elsewhere} sent to the other, {self.faults.total()} failed or cut"
        )


class Place:
    """Where a router runs, and then the one that takes its place; `ready` is what was seen of it last."""

    def __init__(self, config: str, folder: Path) -> None:
        self.config = config
        self.folder = folder
        self.ready = False
        self.under_way = 0
        self._numbers = count()
        self._running: AbstractContextManager[Served] | None = None
        self.url = ""

    async def start(self) -> None:
        """Start a router."""
        folder = self.folder / str(next(self._numbers))
        folder.mkdir(parents=True)
        self._running = serving(self.config, folder, {"KEY": "k"})
        self.url = (await asyncio.to_thread(self._running.__enter__)).url

    async def stop(self) -> None:
        """Tell it to stop, and wait until it has."""
        running, self._running = self._running, None
        if running is not None:
            await asyncio.to_thread(running.__exit__, None, None, None)


class Soak:
    """Streams and restarts, until all restarts are made."""

    def __init__(self, places: list[Place], client: httpx.AsyncClient, figures: Figures) -> None:
        self.places = places
        self.client = client
        self.figures = figures
        self.over = False
        self._turns = count()

    async def run(self, ticks: Iterator[int]) -> None:
        """Restart all routers, one after another, for each tick while the callers call."""
        await asyncio.gather(*(one.start() for one in self.places))
        looking = asyncio.create_task(self._look())
        began = time.monotonic()
        callers = [asyncio.create_task(self._call()) for _ in range(CALLERS)]
        try:
            for _ in ticks:
                for one in self.places:
                    await self._restart(one)
        finally:
            self.over = True
            await asyncio.gather(*callers)
            looking.cancel()
            self.figures.seconds = time.monotonic() - began
            await asyncio.gather(*(one.stop() for one in self.places))

    async def _restart(self, place: Place) -> None:
        async with asyncio.timeout(PATIENCE):
            while not (place.under_way and all(one.ready for one in self.places)):  # noqa: ASYNC110 - both are others' doing
                await asyncio.sleep(LOOK)
        self.figures.stopped += 1
        self.figures.across += place.under_way
        await place.stop()
        await place.start()

    async def _look(self) -> None:
        """See who is ready, as a load balancer does."""
        async with httpx.AsyncClient(timeout=1.0) as client:
            while True:
                for one in self.places:
                    one.ready = False if not one.url else await says_ready(client, one.url)
                await asyncio.sleep(LOOK)

    async def _call(self) -> None:
        while not self.over:
            if not (ready := [one for one in self.places if one.ready]):
                await asyncio.sleep(LOOK)
                continue
            at = next(self._turns)
            fault = await self._anywhere([ready[(at + other) % len(ready)] for other in range(len(ready))])
            self.figures.streams += 1
            if fault:
                self.figures.faults[fault] += 1

    async def _anywhere(self, places: list[Place]) -> str:
        """Have something spoken by the first who can be reached; return what was wrong with it."""
        for place in places:
            with suppress(httpx.ConnectError):
                return await self._stream(place)
            self.figures.elsewhere += 1
        return "nobody could be reached"

    async def _stream(self, place: Place) -> str:
        body = {"input": "hello", "model": "speech", "response_format": "pcm"}
        place.under_way += 1
        try:
            answer = await self.client.post(f"{place.url}/v1/audio/speech", json=body)
        except httpx.ConnectError:
            raise
        except httpx.TransportError as error:
            return f"a stream was cut: {type(error).__name__}"
        finally:
            place.under_way -= 1
        if answer.status_code != 200:
            return f"a request failed: {answer.text}"
        return "" if answer.content == PIECE * PIECES else f"{len(answer.content)} bytes came"


async def says_ready(client: httpx.AsyncClient, url: str) -> bool:
    """Whether a router is ready, by its own word."""
    try:
        return (await client.get(f"{url}/readyz")).status_code == 200
    except httpx.TransportError:
        return False


async def soak(restarts: int, watch: Watch = iter) -> Figures:
    """Restart so often and return the figures; `watch` passes the numbers on and may show how far they are."""
    figures = Figures(restarts)
    speech = Reply((PIECE,) * PIECES, content_type="audio/pcm", pause=PAUSE, chunked=True)
    with tempfile.TemporaryDirectory(prefix="soak-restarts-") as folder:
        async with Vendor(speech) as vendor, httpx.AsyncClient(timeout=PATIENCE) as client:
            config = CONFIG.format(url=vendor.url)
            places = [Place(config, Path(folder, str(number))) for number in range(ROUTERS)]
            await Soak(places, client, figures).run(watch(range(restarts)))
    return figures


def main(restarts: int) -> int:
    """Soak, and return the exit status; the last line is the figures."""
    console = Console(stderr=True)
    figures = uvloop.run(soak(restarts, bar("restarting", console)))
    return verdict(figures, figures.breaches(), console)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else RESTARTS))
