"""A real Prometheus that scrapes a router each second, with the rules that we ship, and what it is asked."""

import asyncio
import json
import math
import re
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import yaml

from tests.servers.s3 import free_port

SHIPPED: Final = Path(__file__).parents[2] / "deploy" / "prometheus"
STARTING: Final = 30.0
PATIENCE: Final = 30.0
SOON: Final = 10.0
SELECTOR: Final = re.compile(r"(?:(?:\w+:)?media_router_\w+(?::\w+)?|\bup\b)(?:\{[^}]*\})?")


@dataclass(frozen=True)
class Prometheus:
    """One that runs; `url` is where it answers."""

    url: str

    def ask(self, path: str, **query: str) -> Any:
        answer = httpx.get(f"{self.url}/api/v1/{path}", params=query, timeout=30).raise_for_status().json()
        return answer["data"]

    def values(self, expr: str) -> list[float]:
        """Return what a query answers now; what is divided by nothing is no value."""
        found = [float(one["value"][1]) for one in self.ask("query", query=expr)["result"]]
        return [one for one in found if not math.isnan(one)]

    def rules(self) -> list[dict[str, Any]]:
        """Return every rule that it evaluates, and how that goes."""
        return [rule for group in self.ask("rules")["groups"] for rule in group["rules"]]

    def series(self) -> int:
        """Return how many series the router had when it was scraped last."""
        return round(self.values('scrape_samples_scraped{job="media-router"}')[0])

    async def unanswered(self, queries: Iterable[str], known: Iterable[str]) -> set[str]:
        """Return the queries without an answer; those that have none yet may find one in the seconds to come.

        Some figures are told of every few seconds only, and `known` will never have one.
        """
        until = time.monotonic() + SOON
        left = set(queries)
        while (left := {one for one in left if not self.values(one)}) - set(known) and time.monotonic() < until:  # noqa: ASYNC110 - another process counts
            await asyncio.sleep(0.5)
        return left

    async def until(self, expr: str, holds: Callable[[float], bool] = bool) -> None:
        """Wait until a query answers with a value that is as wanted."""
        until = time.monotonic() + PATIENCE
        while not any(map(holds, await asyncio.to_thread(self.values, expr))):
            assert time.monotonic() < until, f"{expr} never came about"
            await asyncio.sleep(0.2)

    async def scraped(self) -> None:
        """Wait until what is counted by now has been scraped."""
        await self.until(f'timestamp(up{{job="media-router"}}) > {time.time() + 0.1}')


@contextmanager
def prometheus(command: str, router: str, folder: Path) -> Iterator[Prometheus]:
    """Run one with the configuration that we ship, but for whom it scrapes, and how often."""
    config = yaml.safe_load((SHIPPED / "prometheus.yml").read_text())
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = [str(SHIPPED / name) for name in config["rule_files"]]
    (scraped,) = config["scrape_configs"]
    del scraped["dns_sd_configs"]
    scraped["static_configs"] = [{"targets": [router.removeprefix("http://")]}]
    file, log = folder / "prometheus.yml", folder / "prometheus.log"
    file.write_text(json.dumps(config))
    address = f"127.0.0.1:{free_port()}"
    words = (
        command, f"--config.file={file}", f"--storage.tsdb.path={folder / 'kept'}", f"--web.listen-address={address}"
    )  # fmt: skip
    with log.open("w") as sink:
        process = subprocess.Popen(words, stdout=sink, stderr=sink)
    try:
        wait(f"http://{address}/-/ready", process, log)
        yield Prometheus(f"http://{address}")
    finally:
        process.terminate()
        process.wait(STARTING)


def wait(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    """Return when it is ready."""
    until = time.monotonic() + STARTING
    while time.monotonic() < until and process.poll() is None:
        try:
            if httpx.get(url).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise RuntimeError(log.read_text())


def selected(expr: str) -> list[str]:
    """Return the series that an expression looks at, with the labels it picks."""
    return SELECTOR.findall(expr)
