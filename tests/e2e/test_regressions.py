"""What other routers got wrong, once each, over real sockets through a real router."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, replace
from statistics import quantiles
from typing import Any

import httpx
import pytest
import pytest_asyncio

from router.contract.http import ERROR_BODY, WHOLE_BODY
from router.engine.breaker import FIRST_PAUSE, JITTER
from router.engine.health import HINTLESS_PAUSE
from router.testing.acts import Reply, Stall
from router.testing.serving import Served, brought_up
from tests.e2e.metrics import metric
from tests.e2e.upstreams import PCM, Flood, HalfReader, Watched, events, noise, too_many

pytestmark = pytest.mark.asyncio(loop_scope="module")

GOOD = Reply(PCM, content_type="audio/pcm")
TEXT = Reply.of_json({"text": "good morning"})
FAILED = Reply(status=503)
MEGABYTE = 1024 * 1024
IN_SOCKETS = 16 * MEGABYTE
"""More than the buffers of two sockets can hold of what nobody has read."""
PROMPT = 0.8
"""Seconds that a busy machine may be late."""

SPEAKING = ("longer", "dropped", "beyond", "alone", "limited", "probed", "stuck", "lively", "good")
HEARING = ("deaf", "flooding", "trickling", "ear")
CONFIG = """
providers:
{providers}
  engine: {{kind: higgs, base_url: "{vendor}/engine"}}
  cloud: {{kind: breeze, base_url: "{vendor}/cloud", api_key: "${{env:KEY}}", voice: voc_any}}
  half: {{kind: openai, base_url: "{half}", transcription: {{models: [ear]}}}}
voices:
  narrator: {{engine: eleanor, cloud: voc_1}}
routes:
  - {{name: longer, task: speech, tiers: [longer]}}
  - {{name: dropped, task: speech, tiers: [dropped]}}
  - {{name: beyond, task: speech, tiers: [beyond, good]}}
  - {{name: alone, task: speech, tiers: [alone]}}
  - {{name: limited, task: speech, tiers: [limited, good]}}
  - {{name: probed, task: speech, tiers: [probed, good]}}
  - {{name: engine, task: speech, tiers: [engine]}}
  - {{name: spoken, task: speech, tiers: [engine, cloud]}}
  - {{name: stuck, task: speech, tiers: [stuck], first_byte: 30s}}
  - {{name: lively, task: speech, tiers: [lively]}}
  - {{name: heard, task: transcription, tiers: [deaf, ear]}}
  - {{name: half, task: transcription, tiers: [half, ear]}}
  - {{name: flooding, task: transcription, tiers: [flooding, ear], first_byte: 10s}}
  - {{name: trickling, task: transcription, tiers: [trickling, ear], first_byte: 1s}}
"""


def config(vendor: str, half: str) -> str:
    boson = [f"  {name}: {{kind: boson, base_url: '{vendor}/{name}', api_key: '${{env:KEY}}'}}" for name in SPEAKING]
    ears = [
        f"  {name}: {{kind: openai, base_url: '{vendor}/{name}', transcription: {{models: [ear]}}}}" for name in HEARING
    ]
    return CONFIG.format(providers="\n".join(boson + ears), vendor=vendor, half=half)


@dataclass
class Scene:
    """A router between callers and vendors."""

    vendor: Watched
    half: HalfReader
    router: Served
    client: httpx.AsyncClient

    async def speak(self, route: str, **fields: Any) -> httpx.Response:
        body = {"input": "hello", "model": route, "response_format": "pcm", **fields}
        return await self.client.post(f"{self.router.url}/v1/audio/speech", json=body)

    async def hear(self, route: str, recording: bytes, **fields: str) -> httpx.Response:
        form = {"model": route, **fields}
        url = f"{self.router.url}/v1/audio/transcriptions"
        return await self.client.post(url, data=form, files={"file": ("talk.wav", recording)})


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    limits = httpx.Limits(max_connections=None)
    async with (
        Watched() as vendor,
        HalfReader(len(LONG) // 2) as half,
        httpx.AsyncClient(timeout=30, limits=limits) as client,
    ):
        vendor.on("/good/", GOOD)
        vendor.on("/ear/", TEXT)
        async with brought_up(
            config(vendor.url, half.url), tmp_path_factory.mktemp("regressions"), {"KEY": "k"}
        ) as router:
            yield Scene(vendor, half, router, client)


SHORT, LONG = noise(0.5), noise(260)


@pytest.mark.parametrize(
    ("name", "answers", "due"),
    [
        ("longer", (too_many(Retry_After_Ms="200"), too_many(Retry_After="1.5")), (0.2, 1.5)),
        ("dropped", (too_many(Retry_After="2"), too_many()), (2.0, HINTLESS_PAUSE)),
    ],
)
async def test_a_stale_retry_after(scene: Scene, name: str, answers: tuple[Reply, ...], due: tuple[float, ...]) -> None:
    """Each wait is what the latest refusal asks for, never what an earlier one did (LiteLLM #20722)."""
    scene.vendor.on(f"/{name}/", *answers, GOOD)
    answer = await scene.speak(name)
    assert (answer.content, answer.headers["x-media-attempts"]) == (PCM, "3")
    for wait, asked in zip(scene.vendor.waits(name), due, strict=True):
        assert asked <= wait < asked + PROMPT


async def test_a_wait_above_the_cap_with_others_free(scene: Scene) -> None:
    """A wait longer than the deadline sends requests elsewhere for as long as it lasts (LiteLLM's 60 s cap)."""
    scene.vendor.on("/beyond/", too_many(Retry_After="90"))
    began = time.monotonic()
    for _ in range(3):
        assert (await scene.speak("beyond")).headers["x-media-provider"] == "good"
    assert time.monotonic() - began < PROMPT
    assert len(scene.vendor.of("beyond")) == 1
    assert 85 < await blocked_for(scene, "beyond") <= 90


async def blocked_for(scene: Scene, route: str) -> float:
    """Return for how many seconds a route's first target will not be asked."""
    question = {"task": "speech", "input": "hello", "model": route}
    told = (await scene.client.post(f"{scene.router.url}/v1/explain", json=question)).json()
    return float(told["targets"][0]["blocked_for"])


async def test_a_wait_above_the_cap_with_nobody_else(scene: Scene) -> None:
    """A wait longer than the deadline is refused at once and told in full, never cut to fit (LiteLLM's 60 s cap)."""
    scene.vendor.on("/alone/", too_many(Retry_After="90"))
    began = time.monotonic()
    for _ in range(3):
        answer = await scene.speak("alone")
        assert answer.status_code == 429
        assert 85 <= int(answer.headers["retry-after"]) <= 90
    assert time.monotonic() - began < PROMPT
    assert len(scene.vendor.of("alone")) == 1


async def test_too_many_requests_and_the_breaker(scene: Scene) -> None:
    """However many answers are 429, the target is asked again as soon as its time is over (Ferro Labs' changelog)."""
    scene.vendor.on("/limited/", too_many(Retry_After_Ms="20"))
    for number in range(1, 13):
        assert (await scene.speak("limited")).headers["x-media-provider"] == "good"
        assert len(scene.vendor.of("limited")) == number
        await asyncio.sleep(0.03)
    scene.vendor.on("/limited/", GOOD)
    assert (await scene.speak("limited")).headers["x-media-provider"] == "limited"


async def test_a_probe_whose_caller_leaves(scene: Scene) -> None:
    """A caller who leaves while probing gives the probe's place back: the next one may try (Ferro Labs' changelog)."""
    scene.vendor.on("/probed/", FAILED)
    while (await scene.speak("probed")).headers["x-media-attempts"] != "1":
        assert len(scene.vendor.of("probed")) < 10
    await asyncio.sleep(FIRST_PAUSE * (1 + JITTER))
    asked = len(scene.vendor.of("probed"))
    scene.vendor.on("/probed/", Stall(GOOD))
    await leave_after_asking(scene, "probed")
    assert [one.abandoned for one in scene.vendor.of("probed")[asked:]] == [True]
    scene.vendor.on("/probed/", GOOD)
    assert (await scene.speak("probed")).headers["x-media-provider"] == "probed"


async def leave_after_asking(scene: Scene, name: str) -> None:
    """Send a request and hang up once its vendor has it."""
    caller = asyncio.create_task(scene.speak(name))
    async with asyncio.timeout(5):
        await scene.vendor.has(name, len(scene.vendor.of(name)) + 1)
        caller.cancel()
        with suppress(asyncio.CancelledError):
            await caller
        await scene.vendor.of(name)[-1].over.wait()


async def test_an_end_before_the_last_event(scene: Scene) -> None:
    """A vendor's events that end without their last are a broken stream, in bytes and in events (Bifrost PR #5112)."""
    scene.vendor.on("/engine/", events(done=False))
    with pytest.raises(httpx.RemoteProtocolError):
        await scene.speak("engine")
    told = await scene.speak("engine", stream_format="sse")
    assert b"event: error" in told.content
    assert b"speech.audio.done" not in told.content
    labels = {"task": "speech", "provider": "engine"}
    assert await asyncio.to_thread(lambda: metric(scene.router.url, "truncated_total", **labels)) == 2
    scene.vendor.on("/engine/", events(done=True))
    assert (await scene.speak("engine")).content == PCM * 3
    assert b"speech.audio.done" in (await scene.speak("engine", stream_format="sse")).content


@pytest.mark.parametrize(
    "says", [b"", b"HTTP/1.1 503 Not now\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"], ids=["nothing", "503"]
)
async def test_an_upload_read_by_half(scene: Scene, says: bytes) -> None:
    """Whoever is asked after a vendor that read half an upload gets all of it (steipete/summarize #337)."""
    scene.half.says = says
    scene.half.taken.clear()
    answer = await scene.hear("half", LONG, language="de")
    assert answer.headers["x-media-provider"] == "ear", answer.text
    assert scene.half.taken == [len(LONG) // 2] * len(scene.half.taken) != []
    assert scene.vendor.of("ear")[-1].form["file"].content == LONG


async def test_a_voice_and_a_language_on_the_second_hop(scene: Scene) -> None:
    """The second vendor is told the language, and its own name of the voice, as the first was (clairvoyance #633)."""
    scene.vendor.on("/engine/", FAILED)
    scene.vendor.on("/cloud/", GOOD)
    answer = await scene.speak("spoken", voice="narrator", language="de")
    assert answer.headers["x-media-provider"] == "cloud", answer.text
    first, second = scene.vendor.of("engine")[-1].json, scene.vendor.of("cloud")[-1]
    assert isinstance(first, dict)
    assert (first["input"], first["voice"], first["language"]) == ("hello", "eleanor", "German")
    assert second.path.startswith("/cloud/v1/text-to-speech/voc_1/")
    assert second.json == {"text": "hello", "model_id": "bluebell-v1-en", "language_code": "de"}


async def test_what_a_recording_comes_with_on_the_second_hop(scene: Scene) -> None:
    """The second vendor is told the language, the prompt and the temperature of a recording (clairvoyance #633)."""
    scene.vendor.on("/deaf/", FAILED)
    wishes = {"language": "de", "prompt": "Grüße", "temperature": "0.5"}
    answer = await scene.hear("heard", SHORT, **wishes)
    assert answer.headers["x-media-provider"] == "ear", answer.text
    first, second = scene.vendor.of("deaf")[-1].form, scene.vendor.of("ear")[-1].form
    assert second == first
    assert {name: second[name].content.decode() for name in wishes} == wishes


@pytest.mark.parametrize(("status", "most"), [(502, 2 * ERROR_BODY), (200, WHOLE_BODY)])
async def test_a_body_without_end(scene: Scene, status: int, most: int) -> None:
    """Of a body that never ends no more is taken than any answer has, then somebody else is asked (Portkey)."""
    flood = Flood(status)
    scene.vendor.on("/flooding/", flood)
    answer = await scene.hear("flooding", SHORT)
    assert answer.headers["x-media-provider"] == "ear", answer.text
    asked = scene.vendor.of("flooding")[-1]
    await asyncio.wait_for(asked.over.wait(), 5)
    assert asked.abandoned
    print(f"\n{flood.sent / MEGABYTE:.1f} MB of a flood were taken")
    assert flood.sent < most + IN_SOCKETS


@pytest.mark.parametrize("status", [502, 200])
async def test_a_body_that_trickles(scene: Scene, status: int) -> None:
    """A body that comes byte by byte after its headers is given up in time, then somebody else is asked (Portkey)."""
    scene.vendor.on("/trickling/", Flood(status, pause=0.05))
    began = time.monotonic()
    answer = await scene.hear("trickling", SHORT)
    assert answer.headers["x-media-provider"] == "ear", answer.text
    assert 1 <= time.monotonic() - began < 1 + PROMPT


async def test_a_stalled_provider_beside_others(scene: Scene) -> None:
    """A hundred requests that hang at one provider do not slow those to another (head-of-line blocking)."""
    scene.vendor.on("/stuck/", Stall(GOOD))
    scene.vendor.on("/lively/", GOOD)
    before = await pace(scene)
    hanging = [asyncio.create_task(scene.speak("stuck")) for _ in range(100)]
    await asyncio.wait_for(scene.vendor.has("stuck", len(hanging)), 10)
    during = await pace(scene)
    for one in hanging:
        one.cancel()
    await asyncio.gather(*hanging, return_exceptions=True)
    after = await pace(scene)
    print(f"\nalone {before * 1000:.1f} ms, beside a hundred {during * 1000:.1f} ms, alone again {after * 1000:.1f} ms")
    assert during < 1.5 * max(before, after)


async def pace(scene: Scene, turns: int = 60) -> float:
    """Return the lower quartile of the seconds in which the other provider's answers come: other work shows less in it."""
    times = []
    async with httpx.AsyncClient() as own:  # the other's pool walks over all its connections each time
        caller = replace(scene, client=own)
        for _ in range(turns):
            began = time.perf_counter()
            assert (await caller.speak("lively")).content == PCM
            times.append(time.perf_counter() - began)
    return quantiles(times, n=4)[0]
