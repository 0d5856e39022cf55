"""Barge-in: a new turn cuts off the one before, at once and for everybody who works for it."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Final

import pytest
import pytest_asyncio

from router.testing.acts import Reply, Stall
from router.testing.serving import Served, brought_up
from router.testing.vendor import Vendor
from tests.e2e.metrics import metric
from tests.e2e.talking import eventually, heard, providers, said, spoken, talking

pytestmark = pytest.mark.asyncio(loop_scope="module")

WITHIN: Final = 0.1
"""Seconds in which upstream requests are closed."""
LOUD: Final = bytes(range(256)) * 63
ENDLESS: Final = ("A sentence. ",) * 400
NEW: Final = b"\x11\x11" * 4800


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Vendor, Served]]:
    async with (
        Vendor() as vendor,
        brought_up(providers(vendor.url, ["one"]), tmp_path_factory.mktemp("barge-in")) as router,
    ):
        yield vendor, router


def talkative(vendor: Vendor) -> None:
    """Let the double think and speak without end."""
    vendor.on("/one/audio/transcriptions", heard("tell me everything"))
    vendor.on("/one/chat/completions", said(*ENDLESS, pause=0.02))
    vendor.on("/one/audio/speech", spoken(300, pause=0.05))


def brief(vendor: Vendor) -> None:
    """Let the double answer with one sentence, whose sound is unlike any other."""
    vendor.on("/one/chat/completions", said("New."))
    vendor.on("/one/audio/speech", Reply(NEW, content_type="audio/pcm", chunked=True))


@pytest.mark.parametrize("new", ["text", "start"])
async def test_barge_in(scene: tuple[Vendor, Served], new: str) -> None:
    """After `interrupted` comes no byte of the old reply, and whoever thought and spoke for it is let go within 100 ms."""
    vendor, router = scene
    talkative(vendor)
    async with talking(router.url) as talker:
        await talker.send("text", text="tell me everything")
        await talker.until("audio")
        await talker.until("audio")
        under_way = [one for one in vendor.asked if not one.over.is_set()]
        assert {one.path.rpartition("/")[2] for one in under_way} == {"completions", "speech"}

        brief(vendor)
        began = time.monotonic()
        await talker.send(new, **({"text": "stop it"} if new == "text" else {}))
        await eventually(lambda: all(one.over.is_set() for one in under_way))
        took = time.monotonic() - began
        interrupted = await talker.until("interrupted")
        talker.audio.clear()
        if new == "start":
            await talker.ws.send(LOUD)
            await talker.send("stop")
        await talker.until("reply_done", "error")

        assert all(one.abandoned for one in under_way)
        assert took < WITHIN, f"let go after {took * 1000:.0f} ms"
        assert interrupted["text"].startswith("A sentence.")
        assert talker.events[-1] == {"type": "reply_done", "text": "New."}
        assert talker.audio == NEW
        print(f"\nbarge-in by {new}: upstream closed within {took * 1000:.1f} ms")


async def test_what_has_not_been_read(scene: tuple[Vendor, Served]) -> None:
    """A reply that is complete here but not yet with a caller who reads slowly is cut off as well."""
    vendor, router = scene
    vendor.on("/one/chat/completions", said("All of it at once."))
    vendor.on("/one/audio/speech", spoken(3000))
    async with talking(router.url, max_queue=1) as talker:
        await talker.send("text", text="go")
        await talker.until("audio")
        await asyncio.sleep(0.5)
        brief(vendor)
        await talker.send("text", text="stop it")
        await talker.until("interrupted")
        talker.audio.clear()
        await talker.until("reply_done")

        assert talker.audio == NEW


@pytest.mark.parametrize("stage", ["transcriptions", "completions", "speech"])
async def test_in_every_stage(scene: tuple[Vendor, Served], stage: str) -> None:
    """Whoever is at work on a turn when the caller begins another, or leaves, is let go."""
    vendor, router = scene
    talkative(vendor)
    for path in ("audio/transcriptions", "chat/completions", "audio/speech"):
        if path.endswith(stage):
            vendor.on(f"/one/{path}", Stall(spoken()))
    async with talking(router.url) as talker:
        for leaves in (False, True):
            before = len(vendor.asked)
            await talker.send("start")
            await talker.ws.send(LOUD)
            await talker.send("stop")
            await eventually(lambda: any(one.path.endswith(stage) for one in vendor.asked[before:]))  # noqa: B023 - waited for here
            asked = next(one for one in vendor.asked[before:] if one.path.endswith(stage))
            began = time.monotonic()
            if leaves:
                talker.ws.transport.abort()
            else:
                await talker.send("start")
            await asyncio.wait_for(asked.over.wait(), 5)
            took = time.monotonic() - began
            assert asked.abandoned
            assert took < WITHIN, f"let go after {took * 1000:.0f} ms"
            if not leaves:
                assert (await talker.until("interrupted"))["text"] in {"", "A sentence."}


async def test_partials_are_let_go(scene: tuple[Vendor, Served]) -> None:
    """`stop` cancels the transcript that is being made of the recording so far; at no time are there two."""
    vendor, router = scene
    talkative(vendor)
    brief(vendor)
    vendor.on("/one/audio/transcriptions", heard("so far"), Stall(heard("never")), heard("all of it"))
    before = len(vendor.asked)
    async with talking(router.url) as talker:
        await talker.send("start")
        await talker.ws.send(LOUD)
        assert (await talker.until("partial"))["text"] == "so far"
        await talker.ws.send(LOUD)
        await eventually(lambda: len(vendor.asked) == before + 2)
        await talker.ws.send(LOUD)
        await asyncio.sleep(0.5)
        assert len(vendor.asked) == before + 2
        await talker.send("stop")
        await talker.until("reply_done")

        stalled = vendor.asked[before + 1]
        assert stalled.abandoned
        assert [one["text"] for one in talker.events if one["type"] in {"partial", "final"}] == ["so far", "all of it"]


async def test_interruptions_are_counted(scene: tuple[Vendor, Served]) -> None:
    """An operator sees how many turns were cut off, and how many sockets are open."""
    vendor, router = scene
    talkative(vendor)

    def interrupted() -> float:
        return metric(router.url, "turns_total", scenario="one", kind="typed", team="local", outcome="interrupted")

    before = interrupted()
    async with talking(router.url) as talker:
        await talker.send("text", text="tell me everything")
        await talker.until("audio")
        await talker.send("start")
        await talker.until("interrupted")
        await eventually(lambda: metric(router.url, "open_sockets", dialect="higgs") == 1)
    await eventually(lambda: metric(router.url, "open_sockets", dialect="higgs") == 0)
    assert interrupted() == before + 1
