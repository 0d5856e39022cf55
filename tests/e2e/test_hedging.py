"""Asking a second provider when the first is slow, over real sockets, through a real router."""

import asyncio
import re
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from itertools import chain, count

import httpx
import pytest
import pytest_asyncio

from router.contract import AudioFormat
from router.engine.first_bytes import LONGEST, SHORTEST
from router.engine.hedge_budget import REQUESTS_EACH
from router.testing.acts import Act, Reply, Stall
from router.testing.media import sound
from router.testing.serving import Served, brought_up
from router.testing.vendor import Vendor
from router.testing.wire import Asked
from tests.e2e.metrics import metric

pytestmark = pytest.mark.asyncio(loop_scope="module")

PCM = bytes(range(1, 241)) * 40
GOOD = Reply(PCM, content_type="audio/pcm")
HEARD = Reply.of_json({"text": "good morning"})
STALL, STALLS_EVERY = 1.0, 20
SLOW = Reply((b"", PCM), content_type="audio/pcm", pause=0.4)
WARM = 100
"""Requests that go well before a test begins: what is usual is known then, and five hedges are saved up."""
REQUESTS = 200

CONFIG = """
providers:
  stalling: {{kind: boson, base_url: "{url}/stalling", api_key: '${{env:KEY}}'}}
  unhedged: {{kind: boson, base_url: "{url}/unhedged", api_key: '${{env:KEY}}'}}
  slow: {{kind: boson, base_url: "{url}/slow", api_key: '${{env:KEY}}'}}
  stuck: {{kind: boson, base_url: "{url}/stuck", api_key: '${{env:KEY}}'}}
  second: {{kind: boson, base_url: "{url}/second", api_key: '${{env:KEY}}'}}
  ear: {{kind: openai, base_url: "{url}/ear", api_key: '${{env:KEY}}', transcription: {{models: [ear]}}}}
  second-ear: {{kind: openai, base_url: "{url}/other", api_key: '${{env:KEY}}', transcription: {{models: [ear]}}}}
routes:
  - {{name: hedged, task: speech, tiers: [stalling, second], hedge: true}}
  - {{name: plain, task: speech, tiers: [unhedged, second]}}
  - {{name: to-slow, task: speech, tiers: [slow, second], hedge: true}}
  - {{name: to-stuck, task: speech, tiers: [stuck, second], hedge: true}}
  - {{name: hearing, task: transcription, tiers: [ear, second-ear], hedge: true}}
"""


class Fitful(Vendor):
    """Stalls at every twentieth request to the accounts in `numbers`."""

    def __init__(self) -> None:
        super().__init__()
        self.numbers: dict[str, Iterator[int]] = {}

    def act(self, asked: Asked) -> Act:
        act = super().act(asked)
        numbers = self.numbers.get(asked.path.split("/")[1])
        return Stall(act, STALL) if numbers and next(numbers) % STALLS_EVERY == 0 else act


@dataclass
class Scene:
    """A router between callers and vendors that are slow as told."""

    vendor: Fitful
    router: Served
    client: httpx.AsyncClient

    async def speak(self, route: str) -> tuple[float, httpx.Headers]:
        """Return the seconds to the first byte of an answer, and its headers."""
        body, began = {"input": "hello", "model": route, "response_format": "pcm"}, time.monotonic()
        async with self.client.stream("POST", f"{self.router.url}/v1/audio/speech", json=body) as answer:
            first = 0.0
            async for _ in answer.aiter_raw():
                first = first or time.monotonic() - began
        assert answer.status_code == 200
        return first, answer.headers

    async def many(self, route: str, requests: int, at_once: int = 4) -> list[float]:
        """Return the sorted first-byte times of so many requests."""
        left = iter(range(requests))

        async def caller() -> list[float]:
            return [(await self.speak(route))[0] for _ in left]

        return sorted(chain(*await asyncio.gather(*(caller() for _ in range(at_once)))))

    async def warm(self, route: str, account: str) -> None:
        self.vendor.on(f"/{account}/", GOOD)
        await self.many(route, WARM)

    def asked(self, account: str) -> list[Asked]:
        return [one for one in self.vendor.asked if one.path.startswith(f"/{account}/")]

    async def hedges(self, route: str, task: str = "speech") -> dict[str, float]:
        def read(outcome: str) -> float:
            return metric(self.router.url, "hedges_total", task=task, route=route, outcome=outcome)

        return {outcome: await asyncio.to_thread(read, outcome) for outcome in ("won", "lost", "failed")}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    async with Fitful() as vendor, httpx.AsyncClient(timeout=30) as client:
        for account in ("stalling", "unhedged", "second"):
            vendor.on(f"/{account}/", GOOD)
        async with brought_up(
            CONFIG.format(url=vendor.url), tmp_path_factory.mktemp("hedging"), {"KEY": "bai-secret"}
        ) as router:
            yield Scene(vendor, router, client)


def p99(seconds: list[float]) -> float:
    return seconds[int(len(seconds) * 0.99) - 1]


async def test_one_request_in_twenty_stalls(scene: Scene) -> None:
    """Where a target stalls once in twenty requests, a hedge makes the p99 of the first byte less than half as long."""
    figures = {}
    for route, account in (("hedged", "stalling"), ("plain", "unhedged")):
        await scene.warm(route, account)
        scene.vendor.numbers[account] = count(1)
        figures[route] = p99(await scene.many(route, REQUESTS))
    hedges = await scene.hedges("hedged")
    sys.stdout.write(f"p99 of the first byte: {figures}; {hedges}\n")
    assert figures["plain"] > STALL
    assert figures["hedged"] < figures["plain"] / 2
    assert REQUESTS / STALLS_EVERY - 2 <= hedges["won"] <= (WARM + REQUESTS) / REQUESTS_EACH


async def test_every_request_is_slow(scene: Scene) -> None:
    """When a target turns slow as a whole, no more than 5 % and what was saved up are asked for twice."""
    await scene.warm("to-slow", "slow")
    before, warm = len(scene.asked("second")), await scene.hedges("to-slow")
    scene.vendor.on("/slow/", SLOW)
    await scene.many("to-slow", REQUESTS, at_once=50)
    twice = len(scene.asked("second")) - before
    every = await scene.hedges("to-slow")
    hedges = {outcome: every[outcome] - warm[outcome] for outcome in every}
    sys.stdout.write(f"{twice} of {REQUESTS} slow requests were asked for twice; {warm} before, {hedges} then\n")
    saved = WARM / REQUESTS_EACH - sum(warm.values())
    assert saved <= twice <= sum(hedges.values()) <= saved + REQUESTS / REQUESTS_EACH
    # One that the slow answer overtook may have been given up before it was sent.
    assert sum(hedges.values()) - twice <= hedges["lost"]


async def test_the_loser_is_let_go(scene: Scene) -> None:
    """Within 100 ms of the winner's first byte its vendor sees the connection closed, and the answer tells of both."""
    await scene.warm("to-stuck", "stuck")
    scene.vendor.on("/stuck/", Stall(GOOD))
    first, headers = await scene.speak("to-stuck")
    heard = time.monotonic()
    loser = scene.asked("stuck")[-1]
    await asyncio.wait_for(loser.over.wait(), 5)
    sys.stdout.write(
        f"first byte after {first:.3f} s; the loser let go {time.monotonic() - heard:.3f} s after the answer\n"
    )
    assert time.monotonic() - heard < 0.1
    assert loser.abandoned
    assert SHORTEST <= first < LONGEST
    assert (headers["x-media-provider"], headers["x-media-attempts"]) == ("second", "2")
    assert re.findall(r'desc="([^"]+)"', headers["server-timing"]) == ["second ok hedged", "stuck outrun"]


async def test_transcription(scene: Scene) -> None:
    """A transcript that is long in coming is asked for elsewhere too, with the whole recording."""
    scene.vendor.on("/other/", HEARD)
    scene.vendor.on("/ear/", HEARD)
    for _ in range(REQUESTS_EACH):
        await transcribed(scene)
    scene.vendor.on("/ear/", Stall(HEARD))
    answer = await transcribed(scene)
    assert answer.json() == {"text": "good morning"}
    assert (answer.headers["x-media-provider"], answer.headers["x-media-attempts"]) == ("second-ear", "2")
    stuck, other = scene.asked("ear")[-1], scene.asked("other")[-1]
    assert stuck.form["file"] == other.form["file"]
    await asyncio.wait_for(stuck.over.wait(), 5)
    assert stuck.abandoned


async def transcribed(scene: Scene) -> httpx.Response:
    files = {"file": ("a.wav", sound(AudioFormat.WAV), "audio/wav")}
    answer = await scene.client.post(
        f"{scene.router.url}/v1/audio/transcriptions", data={"model": "hearing"}, files=files
    )
    assert answer.status_code == 200, answer.text
    return answer
