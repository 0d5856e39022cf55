"""Every way a provider can fail before its first byte, over real sockets, through a real router."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from email.utils import formatdate

import httpx
import pytest
import pytest_asyncio

from router.testing.acts import Act, HangUp, Reply, Stall
from router.testing.serving import Served, brought_up
from router.testing.vendor import ClosedPort, Vendor
from tests.e2e.metrics import metric

pytestmark = pytest.mark.asyncio(loop_scope="module")

PCM = bytes(range(1, 241)) * 40
GOOD = Reply(PCM, content_type="audio/pcm")
BUDGET = 3


@dataclass(frozen=True)
class Fault:
    """What the first target does, how often it is asked, and the reason the metrics give for moving on."""

    act: Act
    asked: int
    reason: str


def too_many(**headers: str) -> Reply:
    return Reply.of_json({"error": {"message": "busy", "type": "all_replicas_busy"}}, 429, **headers)


FAULTS = {
    "reset-before-headers": Fault(HangUp(), 2, "unavailable"),
    "closed-before-headers": Fault(HangUp(reset=False), 2, "unavailable"),
    "429-seconds": Fault(too_many(Retry_After="30"), 1, "busy"),
    "429-date": Fault(too_many(Retry_After=formatdate(time.time() + 3600, usegmt=True)), 1, "busy"),
    "429-ms": Fault(too_many(Retry_After_Ms="30000"), 1, "busy"),
    "answer-503": Fault(Reply(status=503), 2, "unavailable"),
    "answer-500": Fault(Reply(b"<html>oops</html>", 500, "text/html"), 2, "unavailable"),
    "slow-first-byte": Fault(Stall(GOOD), 1, "timed_out"),
    "slow-body": Fault(Reply((b"", PCM), content_type="audio/pcm", pause=30), 1, "timed_out"),
    "empty-200": Fault(Reply(b"", content_type="audio/pcm"), 1, "bad_output"),
    "wrong-type": Fault(Reply(b'{"audio": "no"}', content_type="application/json"), 1, "bad_output"),
    "answer-401": Fault(Reply.of_json({"error": {"message": "no", "type": "auth"}}, 401), 1, "misconfigured"),
    "cut-before-the-first-byte": Fault(Reply((b"", PCM), content_type="audio/pcm", cut=0), 2, "unavailable"),
}
REFUSED = "refused"


def config(vendor: Vendor, nobody: ClosedPort) -> str:
    urls = {name: f"{vendor.url}/{name}" for name in (*FAULTS, "good", "cut")} | {REFUSED: nobody.url}
    providers = "\n".join(
        f"  {name}: {{kind: boson, base_url: '{url}', api_key: '${{env:KEY}}'}}" for name, url in urls.items()
    )
    routes = "\n".join(
        f"  - {{name: to-{name}, task: speech, tiers: [{name}, good], first_byte: 500ms}}"
        for name in (*FAULTS, REFUSED)
    )
    return f"providers:\n{providers}\nroutes:\n{routes}\n  - {{name: to-cut, task: speech, tiers: [cut, good]}}\n"


@dataclass
class Scene:
    """A router between callers and a vendor that misbehaves as told."""

    vendor: Vendor
    router: Served
    client: httpx.AsyncClient

    async def speak(self, name: str) -> httpx.Response:
        body = {"input": "hello", "model": f"to-{name}", "response_format": "pcm"}
        return await self.client.post(f"{self.router.url}/v1/audio/speech", json=body)

    def asked(self, name: str) -> int:
        return sum(one.path.startswith(f"/{name}/") for one in self.vendor.asked)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    with ClosedPort() as nobody:
        async with Vendor() as vendor, httpx.AsyncClient(timeout=30) as client:
            for name, fault in FAULTS.items():
                vendor.on(f"/{name}/", fault.act)
            vendor.on("/good/", GOOD)
            vendor.on("/cut/", Reply((PCM, PCM), content_type="audio/pcm", cut=len(PCM) + 100, pause=0.05))
            async with brought_up(
                config(vendor, nobody), tmp_path_factory.mktemp("failover"), {"KEY": "bai-secret"}
            ) as router:
                yield Scene(vendor, router, client)


async def moves(scene: Scene, source: str, reason: str) -> float:
    labels = {"task": "speech", "from": source, "to": "good", "reason": reason, "phase": "before_first_byte"}
    return await asyncio.to_thread(lambda: metric(scene.router.url, "failovers_total", **labels))


@pytest.mark.parametrize("name", FAULTS)
async def test_a_fault_before_the_first_byte(scene: Scene, name: str) -> None:
    """The next target's whole answer reaches the caller, within the budget, and the metrics say from, to and why."""
    fault = FAULTS[name]
    answer = await scene.speak(name)
    assert (answer.status_code, answer.content) == (200, PCM)
    assert answer.headers["x-media-provider"] == "good"
    assert scene.asked(name) == fault.asked
    assert int(answer.headers["x-media-attempts"]) == fault.asked + 1 <= BUDGET
    assert await moves(scene, name, fault.reason) == 1


async def test_a_refused_connection(scene: Scene) -> None:
    """A target where nobody listens is passed over like any other that is unavailable."""
    answer = await scene.speak(REFUSED)
    assert (answer.status_code, answer.content) == (200, PCM)
    assert await moves(scene, REFUSED, "unavailable") == 1


async def test_a_target_that_named_its_time(scene: Scene) -> None:
    """While a Retry-After runs, later requests go straight to the next target."""
    scene.vendor.on("/429-seconds/", too_many(Retry_After="30"))
    for _ in range(2):
        answer = await scene.speak("429-seconds")
    assert answer.headers["x-media-attempts"] == "1"


async def test_cut_after_the_first_byte(scene: Scene, needs: Callable[[str], str]) -> None:
    """A body cut after its first byte ends in a transfer that curl reports as failed: exit code 18."""
    curl = await asyncio.create_subprocess_exec(
        *(needs("curl"), "-sS", "-o", "-", "-H", "content-type: application/json"),
        *("-d", '{"input": "hello", "model": "to-cut", "response_format": "pcm"}'),
        f"{scene.router.url}/v1/audio/speech",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    heard, told = await curl.communicate()
    assert (curl.returncode, heard[: len(PCM)]) == (18, PCM), told
    assert (
        await asyncio.to_thread(lambda: metric(scene.router.url, "truncated_total", task="speech", provider="cut")) == 1
    )
    assert scene.asked("cut") == 1


async def test_what_the_log_holds(scene: Scene) -> None:
    """After all that: attempts with their reasons, and neither the text spoken nor the key sent."""
    await scene.speak("answer-503")
    log = await asyncio.to_thread(lambda: scene.router.log)
    assert scene.vendor.asked[-1].headers["authorization"] == "Bearer bai-secret"
    assert '"outcome":"unavailable"' in log
    assert "hello" not in log
    assert "bai-secret" not in log
