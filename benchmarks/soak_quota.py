"""The quota soak: fifty callers of three routers share one quota, and not one character too many is spoken.

`python -m benchmarks.soak_quota [REQUESTS]`. Real routers, and a real Redis or Valkey that counts. One text in ten fails at
the vendor, and is given back. First nothing else goes wrong; then the server that counts is killed and comes back twice,
once with `limits_fail: closed` and once with `open`. In the end callers ask until they are refused: so many are served as
the quota has room for, and of what is left no text can be spoken. While it is open, as many more may be as a metric says.
"""

import asyncio
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from hashlib import sha256
from pathlib import Path
from typing import Final

import httpx
import uvloop
from prometheus_client.parser import text_string_to_metric_families
from rich.console import Console

from benchmarks.quota_verdict import COST, Figures
from benchmarks.replicas import Replica, replicas
from benchmarks.staging import Watch, bar, vendor
from benchmarks.tellers import FAIL
from router.testing.redis import NoRedis, Redis, redis

REQUESTS: Final = 5000
CALLERS: Final = 50
REPLICAS: Final = 3
AWAY: Final = 1.5
"""Seconds that the server that counts is away."""
PAUSE: Final = 0.3
"""Seconds that a caller waits who was told that nobody counts: less than the two that are asked for."""
SETTLED: Final = 3.0
"""Seconds after which ends of claims are told, and metrics show what there was to show."""
PATIENCE: Final = 60.0
KEY: Final = "soak"
CONFIG: Final = """
providers: {{teller: {{kind: boson, base_url: '{url}', api_key: '${{env:KEY}}', formats: [pcm]}}}}
routes: [{{name: speech, task: speech, tiers: [teller]}}]
teams: [{{name: soak, keys: ['sha256:{digest}'], limits: {{characters: {quota}/month, concurrent: 1000}}}}]
storage: {{limits: '{redis}', limits_fail: {fail}}}
"""


class Soak:
    """Callers, and what they were told."""

    def __init__(self, routers: Sequence[Replica], client: httpx.AsyncClient, figures: Figures) -> None:
        self.routers = routers
        self.client = client
        self.figures = figures
        self.asked = 0
        self._milestone = 0
        self._reached = asyncio.Event()

    async def run(self, server: Redis, ticks: Iterator[int]) -> None:
        """Ask for every tick, so many at once, and then for what may have been given back."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._ordeal(server))
            for _ in range(CALLERS):
                group.create_task(self._caller(ticks))
        await asyncio.sleep(SETTLED)
        while await self._ask(self.asked, "text") == httpx.codes.OK:
            pass
        self.figures.unmetered = round(
            sum([await self._metric(one, "unmetered_requests_total") for one in self.routers])
        )

    async def _caller(self, ticks: Iterator[int]) -> None:
        for number in ticks:
            if await self._ask(number, FAIL if number % 10 == 0 else "text") == httpx.codes.SERVICE_UNAVAILABLE:
                await asyncio.sleep(PAUSE)

    async def _ask(self, number: int, begins: str) -> int:
        self.asked += 1
        if self.asked >= self._milestone:
            self._reached.set()
        text = f"{begins} {number} ".ljust(COST, "x")
        url = self.routers[number % len(self.routers)].url
        answer = await self.client.post(f"{url}/v1/audio/speech", json={"input": text, "response_format": "pcm"})
        self.figures.answers[answer.status_code] += 1
        for stands in answer.headers.get("ratelimit", "").split(", "):
            if answer.status_code == httpx.codes.TOO_MANY_REQUESTS and stands.startswith('"characters'):
                self.figures.left = int(stands.split(";")[1].removeprefix("r="))
        return answer.status_code

    async def _ordeal(self, server: Redis) -> None:
        """Kill the server as often as wanted, each time when so much more has been asked for, and start it again."""
        for number in range(self.figures.killed):
            await self._until(self.figures.requests * (number + 1) // (2 * self.figures.killed + 1))
            await asyncio.to_thread(server.kill)
            await asyncio.sleep(AWAY)
            shown = [await self._metric(one, "limits_store_up") for one in self.routers]
            self.figures.away = self.figures.away or 0.0 in shown
            await asyncio.to_thread(server.start)
            await asyncio.sleep(SETTLED)
            shown = [await self._metric(one, "limits_store_up") for one in self.routers]
            self.figures.back = shown == [1.0] * len(self.routers)

    async def _until(self, asked: int) -> None:
        """Wait until so much has been asked for."""
        self._milestone = asked
        self._reached.clear()
        if self.asked < asked:
            await self._reached.wait()

    async def _metric(self, router: Replica, name: str) -> float:
        page = (await self.client.get(f"{router.url}/metrics")).text
        families = text_string_to_metric_families(page)
        return sum(one.value for family in families for one in family.samples if one.name == f"media_router_{name}")


async def soak(requests: int, fail: str = "closed", killed: int = 0, watch: Watch = iter) -> Figures:
    """Ask for so many texts and return the figures. Raises `NoRedis`."""
    figures = Figures(fail, requests, killed)
    with tempfile.TemporaryDirectory(prefix="soak-quota-", ignore_cleanup_errors=True) as name, redis() as server:
        async with AsyncExitStack() as stack:
            url = await stack.enter_async_context(vendor("benchmarks.tellers", figures.read))
            digest = sha256(KEY.encode()).hexdigest()
            config = CONFIG.format(url=url, digest=digest, quota=figures.quota, redis=server.url, fail=fail)
            routers = await stack.enter_async_context(replicas([config] * REPLICAS, Path(name)))
            client = httpx.AsyncClient(timeout=PATIENCE, headers={"x-api-key": KEY})
            await stack.enter_async_context(client)
            await Soak(routers, client, figures).run(server, watch(range(requests)))
    return figures


def main(requests: int) -> int:
    """Soak in all three ways, and return the exit status; the last lines are the figures."""
    console = Console(stderr=True)
    broken = False
    for fail, killed in (("closed", 0), ("closed", 2), ("open", 2)):
        try:
            figures = uvloop.run(soak(requests, fail, killed, bar(fail, console)))
        except NoRedis as error:
            console.print(f"[red]{error}[/red]")
            return 1
        breaches = list(figures.breaches())
        for one in breaches:
            console.print(f"[red]{one}[/red]", highlight=False)
        broken = broken or bool(breaches)
        sys.stdout.write(f"{figures}{' - BROKEN' if breaches else ''}\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else REQUESTS))
