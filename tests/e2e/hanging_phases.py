"""The phases a request goes through, each held still by a vendor double so that its caller can leave in it."""

import asyncio
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import httpx

from router.contract import AudioFormat, Task
from router.testing.acts import Act, Reply, Stall
from router.testing.media import picture, sound, tone
from router.testing.stuck import NeverAccepting, SlowReader, connections_to
from router.testing.vendor import Vendor
from tests.e2e.hanging_calls import Call

PATIENCE: Final = 5.0
"""Seconds after which what has not happened will not."""
LOOK: Final = 0.005
ONCE: Final = {"Connection": "close"}
"""A vendor's wish to end a connection with its answer, so that none is left to be used again."""
SPOKEN: Final = Reply(tone(1.0), content_type="audio/pcm", headers=ONCE)
SPEAKING: Final = Reply((tone(1.0),) * 100, content_type="audio/pcm", chunked=True, pause=0.2)
SILENT: Final = Stall(SPOKEN)
COME_BACK: Final = Reply.of_json({"error": {"message": "busy", "type": "busy"}}, 429, Retry_After="1", **ONCE)
ORDERED: Final = Reply.of_json({"id": "gen-1", "status": "PENDING"}, 201, **ONCE)
RECORDING: Final = sound(AudioFormat.WAV, 200.0)
"""Almost 10 MB: more than the buffers of any kernel on the way."""
VOICE: Final = sound(AudioFormat.WAV, 1.0)
TWO_SENTENCES: Final = "The first of two sentences is long enough. The second of them is spoken on its own."


@dataclass
class Stage:
    """A router between callers and doubles; `client` is a caller who stays."""

    vendor: Vendor
    slow: SlowReader
    closed: NeverAccepting
    client: httpx.AsyncClient
    dial: Callable[[httpx.Request], Awaitable[Call]]

    async def call(self, phase: "Phase") -> Call:
        """Send a phase's request."""
        return await self.dial(self.client.build_request("POST", PATHS[phase.task], **phase.asks))

    async def asked(self, path: str) -> None:
        """Wait until the vendor has a request in its hands whose path begins so."""
        asked = self.vendor.asked
        await eventually(lambda: any(one.path.startswith(path) and not one.over.is_set() for one in asked))

    async def load(self, phase: "Phase") -> int:
        """Return how many calls the provider of a phase has under way and waiting."""
        asks = phase.asks.get("json", {"model": phase.name, "bytes": len(RECORDING)})
        answer = await self.client.post("/v1/explain", json={"task": phase.task, **asks})
        return sum(one["load"] for one in answer.json()["targets"])

    async def loaded(self, phase: "Phase", load: int) -> None:
        """Wait until the provider of a phase has so many calls under way and waiting. Raises `TimeoutError`."""
        async with asyncio.timeout(PATIENCE):
            while await self.load(phase) != load:  # noqa: ASYNC110 - an answer tells nobody when it is outdated
                await asyncio.sleep(LOOK)

    async def cancelled(self, phase: "Phase") -> bool:
        """Whether the router has counted a caller as gone in that phase."""
        page = (await self.client.get("/metrics")).text.splitlines()
        marks = (f'route="{phase.name}"', 'outcome="cancelled"', "media_router_requests_total{")
        return any(all(mark in line for mark in marks) for line in page)

    @property
    def connections(self) -> int:
        """How many connections the router has to any double, those that are being made and idle ones included."""
        return sum(map(connections_to, (self.vendor.url, self.slow.url))) + self.closed.waiting

    def forget(self) -> None:
        """Begin anew: what was asked before does not count."""
        self.vendor.asked.clear()
        self.slow.reading.clear()
        self.slow.left.clear()


async def eventually(holds: Callable[[], bool]) -> None:
    """Wait for something of the system's to become true, which tells nobody. Raises `TimeoutError`."""
    async with asyncio.timeout(PATIENCE):
        while not holds():  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(LOOK)


def nothing(_: Stage) -> AbstractAsyncContextManager[None]:
    """Set no scene."""
    return nullcontext()


@dataclass(frozen=True)
class Phase:
    """A request and how far it gets.

    `reached` returns once it is there, `noticed` once whoever works for the caller knows that the caller has left.
    `scene` is entered before the request is sent.
    """

    name: str
    task: Task
    asks: Mapping[str, Any]
    reached: Callable[[Stage, Call], Awaitable[None]]
    noticed: Callable[[Stage], Awaitable[None]]
    scene: Callable[[Stage], AbstractAsyncContextManager[None]] = nothing


def speech(name: str, sound_of: str = "pcm", text: str = "hello") -> dict[str, Any]:
    """Ask for speech."""
    return {"json": {"model": name, "input": text, "response_format": sound_of}}


def face(name: str, **driven_by: Any) -> dict[str, Any]:
    """Ask for a talking head."""
    return {"json": {"model": name, "ref_image": b64encode(picture(512)).decode(), **driven_by}}


async def at_vendor(stage: Stage, _: Call, path: str) -> None:
    await stage.asked(path)


async def heard(_: Stage, call: Call) -> None:
    await call.heard()


async def in_second_sentence(stage: Stage, call: Call) -> None:
    await call.heard()
    asked = stage.vendor.asked
    await eventually(lambda: len(asked) == 2 and not asked[-1].over.is_set())


async def queued(stage: Stage, _: Call) -> None:
    await stage.loaded(PHASES["queued"], 2)


async def left_the_queue(stage: Stage) -> None:
    await stage.loaded(PHASES["queued"], 1)


async def connecting(stage: Stage, _: Call) -> None:
    await eventually(lambda: stage.closed.waiting == 1)


async def stopped_connecting(stage: Stage) -> None:
    await eventually(lambda: stage.closed.waiting == 0)


async def uploading(stage: Stage, _: Call) -> None:
    await stage.slow.reading.wait()


async def upload_cut(stage: Stage) -> None:
    await stage.slow.left.wait()


async def hung_up_on(stage: Stage) -> None:
    """The vendor saw its connection close before it had answered."""
    last = stage.vendor.asked[-1]
    await last.over.wait()
    assert last.abandoned


async def told_to_wait(stage: Stage, _: Call) -> None:
    await eventually(lambda: any(one.path.startswith("/between-attempts/") for one in stage.vendor.asked))
    await stage.loaded(PHASES["between-attempts"], 0)


async def counted_as_gone(stage: Stage) -> None:
    while not await stage.cancelled(PHASES["between-attempts"]):  # noqa: ASYNC110 - see above
        await asyncio.sleep(LOOK)


@asynccontextmanager
async def slot_taken(stage: Stage) -> AsyncIterator[None]:
    """Somebody else has the only slot, and is answered as if nothing had happened."""
    released = asyncio.Event()
    stage.vendor.on("/queued/", Stall(SPOKEN, released=released))
    holder = asyncio.create_task(stage.client.post(PATHS[Task.SPEECH], **speech("queued")))
    await stage.asked("/queued/")
    yield
    released.set()
    assert (await holder).content == SPOKEN.body
    assert sum(one.path.startswith("/queued/") for one in stage.vendor.asked) == 1


@asynccontextmanager
async def never_asked_again(stage: Stage) -> AsyncIterator[None]:
    """The vendor wants to be asked again in a second, and is not."""
    began = time.monotonic()
    yield
    await asyncio.sleep(began + 1.2 - time.monotonic())
    assert sum(one.path.startswith("/between-attempts/") for one in stage.vendor.asked) == 1


@asynccontextmanager
async def first_sentence_spoken(stage: Stage, name: str, second: Act) -> AsyncIterator[None]:
    """The first of two sentences is spoken at once."""
    stage.vendor.on(f"/{name}/", SPOKEN, second)
    yield


def spliced(name: str, second: Act) -> Phase:
    """A phase in the second of two sentences that are spoken apart, with what the vendor does about it."""
    asks, scene = speech(name, text=TWO_SENTENCES), partial(first_sentence_spoken, name=name, second=second)
    return Phase(name, Task.SPEECH, asks, in_second_sentence, hung_up_on, scene)


def at_a_vendor(name: str, task: Task, asks: Mapping[str, Any], held: str = "") -> Phase:
    """A phase in which a vendor has the request in its hands, at a path that begins with `held`."""
    return Phase(name, task, asks, partial(at_vendor, path=held or f"/{name}/"), hung_up_on)


PATHS: Final = {
    Task.SPEECH: "/v1/audio/speech",
    Task.TRANSCRIPTION: "/v1/audio/transcriptions",
    Task.AVATAR: "/v1/videos/stream",
}
PHASES: Final[Mapping[str, Phase]] = {
    phase.name: phase
    for phase in (
        Phase("queued", Task.SPEECH, speech("queued"), queued, left_the_queue, slot_taken),
        Phase("connecting", Task.SPEECH, speech("connecting"), connecting, stopped_connecting),
        Phase(
            "uploading", Task.TRANSCRIPTION,
            {"data": {"model": "uploading"}, "files": {"file": ("a.wav", RECORDING)}}, uploading, upload_cut,
        ),
        at_a_vendor("first-byte", Task.SPEECH, speech("first-byte")),
        Phase(
            "between-attempts", Task.SPEECH, speech("between-attempts"), told_to_wait, counted_as_gone, never_asked_again
        ),
        Phase("streaming", Task.SPEECH, speech("streaming"), heard, hung_up_on),
        Phase("converting", Task.SPEECH, speech("converting", "mp3"), heard, hung_up_on),
        spliced("spliced", SPEAKING),
        spliced("between-sentences", SILENT),
        at_a_vendor("playing", Task.AVATAR, face("playing", input=b64encode(VOICE).decode()), "/playing/v2/generate/"),
        at_a_vendor("speaking", Task.AVATAR, face("speaking", input_tts={"input": "hi", "model": "its-voice"}), "/its-voice/"),
    )
}  # fmt: skip


PROVIDERS: Final = ["queued", "first-byte", "between-attempts", "streaming", "converting", "its-voice"]
SPLICED: Final = ["spliced", "between-sentences"]
CONFIG: Final = """
server: {{media_workers: 1}}
providers:
{providers}
  connecting: {{kind: boson, base_url: '{closed}', api_key: '${{env:KEY}}', concurrency: 1}}
  uploading: {{kind: openai, base_url: '{slow}', api_key: '${{env:KEY}}', concurrency: 1, transcription: {{models: [any]}}}}
  playing: {{kind: sync, base_url: '{vendor}/playing', api_key: '${{env:KEY}}', concurrency: 1}}
  speaking: {{kind: sync, base_url: '{vendor}/speaking', api_key: '${{env:KEY}}', concurrency: 1}}
routes:
{routes}
  - {{name: connecting, task: speech, tiers: [connecting]}}
  - {{name: uploading, task: transcription, tiers: [uploading]}}
  - {{name: playing, task: avatar, tiers: [playing]}}
  - {{name: speaking, task: avatar, tiers: [speaking]}}
"""


def config(vendor: Vendor, slow: SlowReader, closed: NeverAccepting) -> str:
    """Give each phase a route of its own, to a provider that takes one call at a time."""
    providers = (
        f"  {name}: {{kind: boson, base_url: '{vendor.url}/{name}', api_key: '${{env:KEY}}', concurrency: 1}}"
        for name in PROVIDERS + SPLICED
    )
    routes = [f"  - {{name: {name}, task: speech, tiers: [{name}]}}" for name in PROVIDERS]
    routes += [f"  - {{name: {name}, task: speech, tiers: [{name}], splice: same_voice}}" for name in SPLICED]
    return CONFIG.format(
        providers="\n".join(providers), routes="\n".join(routes),
        vendor=vendor.url, closed=closed.url, slow=slow.url,
    )  # fmt: skip


def script(vendor: Vendor) -> None:
    """Tell the vendor how to hold each phase still."""
    vendor.on("/first-byte/", SILENT)
    vendor.on("/between-attempts/", COME_BACK)
    vendor.on("/streaming/", SPEAKING)
    vendor.on("/converting/", SPEAKING)
    vendor.on("/playing/v2/generate", ORDERED)
    vendor.on("/playing/v2/generate/", SILENT)
    vendor.on("/its-voice/", SILENT)
