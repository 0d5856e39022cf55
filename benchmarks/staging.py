"""What a soak stands on: a vendor and a router in processes of their own, and the router's own counts."""

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, cast

import httpx
from prometheus_client.parser import text_string_to_metric_families
from rich.console import Console
from rich.progress import track

from router.testing.serving import brought_up

ROOT: Final = Path(__file__).parents[1]
Watch = Callable[[range], Iterator[int]]
"""Passes numbers on, and may show how far they are."""


@asynccontextmanager
async def vendor(module: str, told: Callable[[bytes], None] = lambda _: None) -> AsyncIterator[str]:
    """Start a vendor and yield the URL it writes first; `told` is given what else it wrote, once it has ended."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", module, cwd=ROOT, stdin=pipe, stdout=pipe)
    try:
        yield (await cast("asyncio.StreamReader", process.stdout).readline()).decode().strip()
    finally:
        cast("asyncio.StreamWriter", process.stdin).close()  # `communicate` leaves it open without input
        rest, _ = await process.communicate()
    told(rest)


@asynccontextmanager
async def router(config: str) -> AsyncIterator[str]:
    """Start a router and yield its URL; `KEY` is in its environment."""
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        async with brought_up(config, Path(folder), {"KEY": "k"}) as router:
            yield router.url


class Counts:
    """A router's own metrics at one moment."""

    def __init__(self, page: str) -> None:
        self.samples = [one for family in text_string_to_metric_families(page) for one in family.samples]

    @classmethod
    async def of(cls, url: str, client: httpx.AsyncClient) -> "Counts":
        """Ask a router for them."""
        return cls((await client.get(f"{url}/metrics")).text)

    def total(self, series: str, holds: Callable[[Mapping[str, str]], bool] = lambda _: True) -> int:
        """Return the sum of a series over the labels for which `holds`."""
        named = f"media_router_{series}_total"
        return round(sum(one.value for one in self.samples if one.name == named and holds(one.labels)))


def bar(what: str, console: Console) -> Watch:
    """Return what shows on a console how far a soak is."""

    def shown(numbers: range) -> Iterator[int]:
        return iter(track(numbers, what, console=console))

    return shown


def verdict(figures: object, breaches: Iterable[str], console: Console) -> int:
    """Show what is not as promised, write the figures as the last line, and return the exit status."""
    found = list(breaches)
    for one in found:
        console.print(f"[red]{one}[/red]", highlight=False)
    sys.stdout.write(f"{figures}{' - BROKEN' if found else ''}\n")
    return 1 if found else 0
