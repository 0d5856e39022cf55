"""Teams that share a provider of two places: one that floods it hardly delays another, and weights hold."""

import asyncio
import math
import re
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

import httpx
import pytest
import pytest_asyncio

from router.testing.acts import Reply, Stall
from router.testing.serving import brought_up
from router.testing.vendor import Vendor
from tests.e2e.metrics import metric

pytestmark = pytest.mark.asyncio(loop_scope="module")

PLACES: Final = 2
TAKES: Final = 0.02
"""Seconds the vendor takes for a call."""
FLOOD: Final = 200
ASKED: Final = 100
IN_FLOW: Final = 0.8
"""The part of a flood that waits in the router, the others being on their way, when it is in full flow."""
COUNTED: Final = 300
"""Calls over which shares are counted."""
WEIGHTS: Final = {"loud": 1.0, "quiet": 1.0, "heavy": 3.0, "light": 1.0}
PCM: Final = bytes(range(1, 241)) * 4
SPEECH: Final = {"input": "hello", "response_format": "pcm"}
TIMING: Final = re.compile(r"attempt1;.*?dur=(?P<attempt>[\d.]+).*queue;dur=(?P<queue>[\d.]+)")


def config(vendor: Vendor) -> str:
    teams = "\n".join(
        f"  - {{name: {team}, keys: ['sha256:{sha256(team.encode()).hexdigest()}'], weight: {weight}}}"
        for team, weight in WEIGHTS.items()
    )
    return f"""
providers: {{vendor: {{kind: boson, base_url: "{vendor.url}", api_key: "${{env:KEY}}", concurrency: {PLACES}}}}}
routes: [{{name: speech, task: speech, tiers: [vendor], first_byte: 30s}}]
teams:
{teams}
"""


@dataclass(frozen=True)
class Turn:
    """One answered request, in milliseconds: in the queue, and with the vendor."""

    queued: float
    served: float


Answered = asyncio.Queue[tuple[str, Turn]]


@dataclass(frozen=True)
class Callers:
    """Those who call the router, each team by its own key."""

    url: str
    client: httpx.AsyncClient

    async def speak(self, team: str) -> Turn:
        headers = {"x-api-key": team}
        answer = await self.client.post(f"{self.url}/v1/audio/speech", json=SPEECH, headers=headers)
        assert answer.content == PCM, (answer.status_code, answer.content)
        told = TIMING.search(answer.headers["server-timing"])
        assert told
        queued = float(told["queue"])
        return Turn(queued, float(told["attempt"]) - queued)

    async def one_by_one(self, team: str) -> list[Turn]:
        return [await self.speak(team) for _ in range(ASKED)]

    async def load(self) -> tuple[float, float]:
        """Return how many calls are under way and how many requests wait, as the metrics tell it."""
        read = (asyncio.to_thread(metric, self.url, name, provider="vendor") for name in ("in_flight", "queue_depth"))
        in_flight, queued = await asyncio.gather(*read)
        return in_flight, queued

    async def settled(self) -> None:
        """Wait until nothing is left of an earlier flood."""
        for _ in range(200):
            if await self.load() == (0, 0):
                return
            await asyncio.sleep(TAKES)
        raise AssertionError(await self.load())

    async def flooded(self, flood: int) -> None:
        """Wait until a flood is in full flow: before that, whose requests come first is chance."""
        for _ in range(500):
            if (await self.load())[1] > IN_FLOW * flood:
                return
            await asyncio.sleep(TAKES)
        raise AssertionError(await self.load())

    @asynccontextmanager
    async def flooding(self, *teams: str) -> AsyncIterator[Answered]:
        """Keep `FLOOD` requests of each team in the router; yields those answered once it is in full flow."""
        answered: Answered = asyncio.Queue()

        async def again_and_again(team: str) -> None:
            while True:
                answered.put_nowait((team, await self.speak(team)))

        flood = [asyncio.create_task(again_and_again(team)) for _ in range(FLOOD) for team in teams]
        try:
            await self.flooded(FLOOD * len(teams))
            await some(answered, answered.qsize())
            yield answered
            for one in flood:
                assert not one.done() or one.result()
        finally:
            for one in flood:
                one.cancel()
            await asyncio.gather(*flood, return_exceptions=True)


async def some(answered: Answered, many: int) -> list[tuple[str, Turn]]:
    """Wait for so many answers."""
    return [await answered.get() for _ in range(many)]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def callers(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Callers]:
    """A router before a vendor that always takes as long."""
    slow = Stall(Reply(PCM, content_type="audio/pcm"), TAKES)
    limits = httpx.Limits(max_connections=None)
    async with (
        Vendor(slow) as vendor,
        httpx.AsyncClient(timeout=100, limits=limits) as client,
        brought_up(config(vendor), tmp_path_factory.mktemp("fairness"), {"KEY": "bai-secret"}) as router,
    ):
        yield Callers(router.url, client)


def p99(values: Sequence[float]) -> float:
    """Return the 99th percentile by nearest rank."""
    return sorted(values)[math.ceil(0.99 * len(values)) - 1]


async def test_a_team_that_floods(callers: Callers) -> None:
    """Another's p99 wait stays within twice its idle p99 and one call of those it shares the provider with."""
    await callers.settled()
    idle = p99([one.queued for one in await callers.one_by_one("quiet")])
    async with callers.flooding("loud") as answered:
        turns = await callers.one_by_one("quiet")
        crowd = [turn for _, turn in await some(answered, answered.qsize())]
    flooded = p99([one.queued for one in turns])
    call = p99([one.served for one in (*turns, *crowd)])
    own = p99([one.queued for one in crowd])
    print(
        f"\nqueue wait p99: idle {idle:.1f} ms, flooded {flooded:.1f} ms, the flood's own {own:.0f} ms; a call {call:.1f} ms"
    )
    assert flooded <= 2 * idle + call
    assert own > 10 * call


async def test_weights_of_two_that_flood(callers: Callers) -> None:
    """A team of three times the weight is served three times as often, within a tenth."""
    await callers.settled()
    async with callers.flooding("heavy", "light") as answered:
        served = Counter(team for team, _ in await some(answered, COUNTED))
    print(f"\nserved: {dict(served)}")
    assert 2.7 < served["heavy"] / served["light"] < 3.3


async def test_what_the_metrics_tell_of_a_flood(callers: Callers) -> None:
    """The provider's places are taken and nearly all others wait; when they have left, nothing is left of them."""
    await callers.settled()
    async with callers.flooding("loud"):
        loads = [await callers.load() for _ in range(5)]
    assert {in_flight for in_flight, _ in loads} == {PLACES}
    assert all(IN_FLOW * FLOOD < queued <= FLOOD - PLACES for _, queued in loads)
    await callers.settled()
    assert await asyncio.to_thread(metric, callers.url, "queue_wait_seconds_count", provider="vendor") > FLOOD
