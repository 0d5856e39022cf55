"""Whether a request of ours costs more where there is more of everything: routes, teams, open streams, requests written down."""

import asyncio
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from benchmarks.gateways import tree
from benchmarks.gateways.contestants import ROUTER, Running, started
from benchmarks.gateways.contestants.contestant import Command, Site
from benchmarks.gateways.contestants.router import RECORDS, command, config, team
from benchmarks.gateways.stand import Load, Stand
from benchmarks.gateways.workloads import asks, whole
from router.store.database import Database
from router.store.ledger import DAY

ROUTES: Final = (10, 1_000)
TEAMS: Final = (10, 10_000)
STREAMS: Final = (1, 2_000)
ENTRIES: Final = (1, 3_000_000)
"""Requests of one day, at 35 a second."""
OPENING: Final = 5.0
"""Seconds in which the most streams are opened."""
SLACK: Final = 4.0


def measure(stand: Stand, running: Running) -> Iterator[tuple[str, float]]:
    """Compare the largest set-up with the smallest, each freshly started while the contestant rests."""
    running.pause()
    yield "scale/routes", ratio(set_up(stand, routes=routes(count)) for count in ROUTES)
    yield "scale/teams", ratio(set_up(stand, teams=teams(count)) for count in TEAMS)
    yield "scale/streams", ratio(set_up(stand, streams=count) for count in STREAMS)
    yield "scale/ledger", ratio(set_up(stand, written=count) for count in ENTRIES)


def ratio(costs: Iterable[float]) -> float:
    """Return how many times the first cost the second is."""
    small, large = costs
    return large / small


def routes(count: int) -> Iterator[dict[str, Any]]:
    """Yield so many routes that nobody asks for."""
    return ({"name": f"route-{number}", "task": "speech", "tiers": ["vendor"]} for number in range(count))


def teams(count: int) -> Iterator[dict[str, Any]]:
    """Yield so many teams that never call."""
    return (team(f"team-{number}", f"sk-{number}") for number in range(count))


WRITTEN: Final = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
INSERT INTO ledger SELECT ?, 1, i, 0.0, 'request-' || i, 'team-' || i % 10, 'speech', 'route', 'vendor', 'vendor/model', 'ok',
1, 1, 0, 0, 40, 3000, 0, 0, 0, 'USD' FROM n
"""


async def write_down(file: Path, entries: int) -> None:
    """Lay records out in which so many requests of today are, as a process that is gone wrote them."""
    async with Database(f"sqlite:///{file}", patience=60) as database:
        await database.run(lambda on: on.exec_driver_sql(WRITTEN, (entries, int(time.time() // DAY))))


def set_up(stand: Stand, streams: int = 0, written: int = 0, **more: Iterable[dict[str, Any]]) -> float:
    """Start a router with more of something than it needs, and return what whole speech costs beside open streams."""

    def launch(site: Site) -> Command:
        if written:
            asyncio.run(write_down(site.folder / RECORDS, written))
        ours = config(site)
        return command(site, ours | {section: [*entries, *ours[section]] for section, entries in more.items()})

    with (
        tempfile.TemporaryDirectory() as folder,
        started(replace(ROUTER, launch=launch), stand.vendor.port, Path(folder), stand.places.contestant) as running,
    ):
        return beside(stand, running, streams) if streams else whole.read(stand, running, whole.BUSY).cpu_each


def beside(stand: Stand, running: Running, streams: int) -> float:
    """Return what a request costs while streams are open that hardly ever say something; what they cost is taken off.

    Infinite if not all of them stay open.
    """
    load = Load(streams, 2 * stand.seconds + SLACK, spread=OPENING * streams / max(STREAMS))
    held = stand.hold(running, asks.speech("hush", response_format="pcm"), load)
    began = tree.cpu(running.pid)
    time.sleep(stand.seconds)
    by_streams = (tree.cpu(running.pid) - began) / stand.seconds
    got = whole.read(stand, running, whole.BUSY)
    lost = stand.release(running, held).failures
    return (got.cpu - by_streams * got.seconds) / got.answers * 1e6 if got.answers and not lost else float("inf")
