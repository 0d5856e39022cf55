"""The job soak: films ordered of vendors that misbehave, while the routers are killed; none lost, none ordered twice.

`python -m benchmarks.soak_jobs [JOBS]`. First one served router on SQLite, then three on PostgreSQL, of which one is
killed for good and one is cut off from the database for 30 s; all others that are killed, with -9 and all their
processes, come back. The vendors, and who is told of the films by webhooks, live on in a process of their own and keep
the book by which all is judged.
"""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Final

import httpx
import uvloop
from rich.console import Console

from benchmarks.film_callers import PATIENCE, Callers
from benchmarks.job_verdict import Figures
from benchmarks.ordeal import Ordeal, Progress, Trial
from benchmarks.replicas import Cable, Replica, replicas
from benchmarks.staging import Watch, bar, vendor
from router.testing.postgres import postgres

JOBS: Final = 1000
KILLS: Final = 20
PARTED: Final = 30.0
IN_FLIGHT: Final = 48
SEED: Final = 6
KEY: Final = "soak"
DIGEST: Final = sha256(KEY.encode()).hexdigest()
CONFIG: Final = """
providers:
  keyless: {{kind: boson, base_url: '{keyless}', api_key: '${{env:KEY}}'}}
  keyed: {{kind: sync, base_url: '{keyed}', api_key: '${{env:KEY}}', voices: [alloy]}}
routes:
  - {{name: keyless, task: avatar, tiers: [keyless], deadline: 6s}}
  - {{name: keyed, task: avatar, tiers: [keyed], deadline: 6s}}
teams: [{{name: soak, keys: ['sha256:{digest}'], webhook: {{url: '{receiver}/', secret: '${{env:SECRET}}'}}}}]
server: {{webhook_networks: [127.0.0.0/8]}}
storage: {{records: '{records}', media: '{media}'}}
"""
Ground = tuple[list[Replica], Cable | None]


class Soak:
    """Callers of routers that die, and what they saw."""

    def __init__(self, callers: Callers, progress: Progress, figures: Figures) -> None:
        self.callers = callers
        self.progress = progress
        self.figures = figures

    async def run(self, ticks: Iterator[int], ordeal: Ordeal) -> None:
        """Have a film made for each tick, so many at once, while the routers die."""
        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            group.create_task(ordeal.run(self.figures.trial))
            for _ in range(self.figures.trial.in_flight):
                group.create_task(self._caller(ticks))
        await self._list()
        self.figures.seconds = time.monotonic() - began
        self.figures.killed = [(one.folder.name, at) for one in ordeal.routers for at in one.killed]
        self.figures.cuts = ordeal.cuts
        for router in ordeal.routers:
            for job, at in router.orders():
                self.figures.orders.setdefault(job, []).append((router.folder.name, at))
        self.figures.unanswered = self.callers.unanswered

    async def _caller(self, ticks: Iterator[int]) -> None:
        for number in ticks:
            await self.progress.begin()
            self.figures.ended.append(await self.callers.have_made(number))

    async def _list(self) -> None:
        """See what the list says of all jobs, and wait for those whose callers were never told of them."""
        known = {one.id for one in self.figures.ended}
        listed = await self.callers.listed()
        strangers = [name for name in listed if name not in known]
        states = await asyncio.gather(*map(self.callers.end, strangers))
        self.figures.listed = listed | dict(zip(strangers, states, strict=True))
        self.figures.strangers = len(strangers)
        await self.callers.until_told(self.figures.listed)


@asynccontextmanager
async def on_sqlite(urls: Mapping[str, str], folder: Path) -> AsyncIterator[Ground]:
    """Start one router."""
    config = CONFIG.format(
        records=f"sqlite:///{folder}/records.db", media=(folder / "media").as_uri(), digest=DIGEST, **urls
    )
    async with replicas([config], folder) as routers:
        yield routers, None


@asynccontextmanager
async def on_postgres(urls: Mapping[str, str], folder: Path) -> AsyncIterator[Ground]:
    """Start three routers, the second behind a cable. Raises `NoPostgres`."""
    async with AsyncExitStack() as stack:
        server = postgres()
        url = await asyncio.to_thread(server.__enter__)
        stack.push_async_callback(asyncio.to_thread, server.__exit__, None, None, None)
        cable = await stack.enter_async_context(Cable(url))
        media = (folder / "media").as_uri()
        configs = [CONFIG.format(records=one, media=media, digest=DIGEST, **urls) for one in (url, cable.url, url)]
        yield await stack.enter_async_context(replicas(configs, folder)), cable


PLACES: Final = {"SQLite": on_sqlite, "PostgreSQL": on_postgres}


async def soak(database: str, trial: Trial, watch: Watch = iter) -> Figures:
    """Have films made on a kind of database and return the figures. Raises `NoPostgres`."""
    figures, progress = Figures(database, trial), Progress(trial.jobs)
    with tempfile.TemporaryDirectory(prefix="soak-jobs-", ignore_cleanup_errors=True) as name:
        async with AsyncExitStack() as stack:
            urls = json.loads(await stack.enter_async_context(vendor("benchmarks.fickle_studios", figures.read)))
            routers, cable = await stack.enter_async_context(PLACES[database](urls, Path(name)))
            client = await stack.enter_async_context(httpx.AsyncClient(timeout=PATIENCE, headers={"x-api-key": KEY}))
            callers = Callers(routers, client, Random(SEED), urls["receiver"])  # noqa: S311 - guards nothing
            ordeal = Ordeal(routers, cable, progress, Random(SEED))  # noqa: S311 - guards nothing
            await Soak(callers, progress, figures).run(watch(range(trial.jobs)), ordeal)
    return figures


def main(trial: Trial) -> int:
    """Soak on both, and return the exit status; the last line is the figures."""
    console = Console(stderr=True)
    lines = []
    for database in PLACES:
        figures = uvloop.run(soak(database, trial, bar(database, console)))
        breaches = list(figures.breaches())
        console.print(figures.told(), highlight=False)
        for one in breaches:
            console.print(f"[red]{one}[/red]", highlight=False)
        lines.append(f"{figures}{' - BROKEN' if breaches else ''}")
    sys.stdout.write(f"{'; '.join(lines)}\n")
    return 1 if any(line.endswith("BROKEN") for line in lines) else 0


if __name__ == "__main__":
    jobs = int(sys.argv[1]) if len(sys.argv) > 1 else JOBS
    sys.exit(main(Trial(jobs, KILLS, PARTED, IN_FLIGHT)))
