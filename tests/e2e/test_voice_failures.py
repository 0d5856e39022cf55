"""Conversations whose providers fail: a turn completes elsewhere, or ends in one clear error, and the next one works."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

import pytest
import pytest_asyncio

from router.testing.acts import Act, HangUp, Reply
from router.testing.serving import Served, brought_up
from router.testing.vendor import Vendor
from tests.e2e.talking import SPOKEN, Talker, heard, providers, said, spoken, talking

pytestmark = pytest.mark.asyncio(loop_scope="module")

LOUD = bytes(range(256)) * 63
"""0.5 s that no one would take for silence."""
DOWN = Reply.of_json({"error": {"message": "down"}}, 503)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Vendor, Served]]:
    async with Vendor() as vendor:
        groups = [(f"a{case}", f"b{case}") for case in range(len(TROUBLE) + len(LOST))]
        async with brought_up(providers(vendor.url, *groups), tmp_path_factory.mktemp("voice")) as router:
            yield vendor, router


def well(vendor: Vendor, case: int) -> None:
    """Let all that the doubles of a case do go well."""
    for name in (f"a{case}", f"b{case}"):
        vendor.on(f"/{name}/audio/transcriptions", heard("how are you"))
        vendor.on(f"/{name}/chat/completions", said("I am", " fine. And", " you?"))
        vendor.on(f"/{name}/audio/speech", spoken())


def of_case(path: str, case: int) -> str:
    """Return a double's path: no case knows how the doubles of another fared."""
    return f"{path[:2]}{case}{path[2:]}"


TROUBLE: Final[dict[str, tuple[str, Act]]] = {
    "hearing refused": ("/a/audio/transcriptions", DOWN),
    "thinking refused": ("/a/chat/completions", DOWN),
    "thinking cut in the first sentence": ("/a/chat/completions", said("I a", "m", done=False)),
    "speaking refused": ("/a/audio/speech", DOWN),
    "speaking reset": ("/a/audio/speech", HangUp()),
}


@pytest.mark.parametrize("trouble", TROUBLE)
async def test_another_goes_on(scene: tuple[Vendor, Served], trouble: str) -> None:
    """A stage whose first provider fails is done by the second, and nobody hears of it."""
    vendor, router = scene
    case = list(TROUBLE).index(trouble)
    well(vendor, case)
    path, act = TROUBLE[trouble]
    vendor.on(of_case(path, case), act)
    async with talking(router.url) as talker:
        await talker.send("start", scenario_id=f"a{case}")
        await talker.ws.send(LOUD)
        await talker.send("stop")
        await talker.until("reply_done", "error")
        told = ["final", "delivery", *["reply_delta", "audio_start", "audio", "audio_end"] * 2, "reply_done"]
        assert talker.kinds() == told
        assert talker.events[-1]["text"] == "I am fine. And you?"
        assert talker.audio == SPOKEN * 2


LOST: Final[dict[str, tuple[list[str], Act, list[str]]]] = {
    "nobody hears": (["/a/audio/transcriptions", "/b/audio/transcriptions"], DOWN, ["error"]),
    "nobody thinks": (["/a/chat/completions", "/b/chat/completions"], DOWN, ["final", "error"]),
    "nobody speaks": (
        ["/a/audio/speech", "/b/audio/speech"],
        DOWN,
        ["final", "delivery", "reply_delta", "error"],
    ),
    "thinking cut in the second sentence": (
        ["/a/chat/completions"],
        said("I am fine.", " And ", "you", done=False, pause=0.1),
        ["final", "delivery", "reply_delta", "audio_start", "audio", "audio_end", "error"],
    ),
    "speaking cut": (
        ["/a/audio/speech"],
        spoken(3, cut=len(SPOKEN), reset=True),
        ["final", "delivery", "reply_delta", "audio_start", "audio", "error"],
    ),
}


@pytest.mark.parametrize("loss", LOST)
async def test_one_error_and_the_next_turn(scene: tuple[Vendor, Served], loss: str) -> None:
    """What nobody can mend ends the turn in one error that says why; the same socket then holds a whole turn."""
    vendor, router = scene
    case = len(TROUBLE) + list(LOST).index(loss)
    well(vendor, case)
    paths, act, told = LOST[loss]
    for path in paths:
        vendor.on(of_case(path, case), act)
    async with talking(router.url) as talker:
        await talker.send("start", scenario_id=f"a{case}")
        await talker.ws.send(LOUD)
        await talker.send("stop")
        error = await talker.until("reply_done", "error")
        assert talker.kinds() == told
        assert error["code"] in {"all_providers_failed", "truncated"}
        assert error["detail"]

        well(vendor, case)
        await eventually_whole(talker, f"a{case}")


async def eventually_whole(talker: Talker, scenario: str) -> None:
    """Ask until a breaker that the trouble opened lets somebody answer."""
    async with asyncio.timeout(15):
        while (await talker.turn("and now?", scenario_id=scenario))[-1]["type"] != "reply_done":  # noqa: ASYNC110 - it asks each time
            await asyncio.sleep(0.3)
