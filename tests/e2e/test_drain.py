"""A SIGTERM: the router says that it is going, serves on for a while, and ends what is under way."""

import asyncio
import os
import signal
import time
from pathlib import Path
from typing import Final

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from router.testing.acts import Reply
from tests.e2e.outages import scene
from tests.e2e.reloading import PATIENCE, Live, live
from tests.e2e.talking import SPOKEN, providers, said, spoken, talking
from tests.e2e.upstreams import PCM

CONFIG: Final = """
providers:
  slow: {kind: boson, base_url: "{vendor}/slow", api_key: "${env:KEY}"}
routes:
  - {name: slow, task: speech, tiers: [slow]}
server: {drain: 1s, finish: 2s}
"""
TALK: Final = providers("{vendor}", ["a"])
PIECES: Final = 30
PACED: Final = Reply((PCM,) * PIECES, content_type="audio/pcm", pause=0.1, chunked=True)
"""Three seconds of a stream."""
SOON: Final = 15.0
"""Seconds in which a router has ended that waits for nothing but the steps of its jobs."""
ENDLESS: Final = Reply((PCM,) * 600, content_type="audio/pcm", pause=0.1, chunked=True)


async def told_to_stop(scene: Live) -> None:
    """Send SIGTERM, and wait until the router says that it is going."""
    os.kill(scene.router.pid, signal.SIGTERM)
    async with asyncio.timeout(PATIENCE):
        while await ready(scene) == 200:  # noqa: ASYNC110 - another process tells nobody
            await asyncio.sleep(0.02)


async def ready(scene: Live) -> int:
    async with httpx.AsyncClient() as client:
        return (await client.get(f"{scene.router.url}/readyz")).status_code


async def closed(scene: Live) -> None:
    """Wait until nobody listens any more."""
    async with asyncio.timeout(PATIENCE), httpx.AsyncClient() as client:
        while True:
            try:
                await client.get(f"{scene.router.url}/healthz")
            except httpx.ConnectError:
                return
            await asyncio.sleep(0.02)


async def test_a_stream_under_way(tmp_path: Path) -> None:
    """It ends whole, though the port was closed long before; requests in the window are served, later ones refused."""
    async with live(CONFIG.replace("finish: 2s", "finish: 30s"), tmp_path) as scene:
        scene.vendor.on("/slow/", PACED, Reply(PCM, content_type="audio/pcm"))
        under_way = asyncio.create_task(scene.speak("slow"))
        await scene.vendor.has("slow", 1)
        await told_to_stop(scene)
        answer = await scene.client.get(f"{scene.router.url}/readyz")
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "draining")
        assert (await scene.client.get(f"{scene.router.url}/healthz")).headers["connection"] == "close"
        late = await scene.speak("slow")
        assert (late.status_code, late.content, late.headers["connection"]) == (200, PCM, "close")
        await closed(scene)
        assert not under_way.done()
        assert (await under_way).content == PCM * PIECES


async def test_a_stream_that_takes_too_long(tmp_path: Path) -> None:
    """It is cut where `finish` ends, its caller can tell, and it is logged as truncated."""
    async with live(CONFIG.replace("drain: 1s", "drain: null"), tmp_path) as scene:
        scene.vendor.on("/slow/", ENDLESS)
        under_way = asyncio.create_task(scene.speak("slow"))
        await scene.vendor.has("slow", 1)
        os.kill(scene.router.pid, signal.SIGTERM)
        with pytest.raises(httpx.RemoteProtocolError):
            await under_way
        config = scene.router
    assert '"outcome":"truncated"' in config.log


async def test_a_socket(tmp_path: Path) -> None:
    """It hears the sentence that was being said to its end, then that the reply is done, and is closed as going away."""
    async with live(TALK, tmp_path) as scene:
        scene.vendor.on("/a/chat/", said("One sentence is here. ", "Another would follow. ", "And a third. "))
        scene.vendor.on("/a/audio/", spoken(8, pause=0.2))
        async with talking(scene.router.url) as talker:
            await talker.send("text", text="hello")
            await talker.until("audio")
            os.kill(scene.router.pid, signal.SIGTERM)
            done = await talker.until("reply_done")
            assert done["text"] == "One sentence is here."
            assert bytes(talker.audio) == SPOKEN * 8
            with pytest.raises(ConnectionClosed):
                await talker.next()
            assert (talker.ws.close_code, talker.ws.close_reason) == (1001, "draining")


@pytest.mark.parametrize("path", ["/v1/videos/{}?wait=60", "/v2/generate/{}?wait=true&timeout=55"])
async def test_a_wait_for_a_film(path: str, tmp_path: Path) -> None:
    """Whoever waits for a film is told how it stands once the port is closed, and may wait on at another process.

    For one who has left nobody waits.
    """
    async with scene(tmp_path) as on:
        await on.order(1)
        url = path.format(on.names[0])
        with pytest.raises(httpx.ReadTimeout):
            await on.client.get(url, timeout=0.5)
        waiting = asyncio.create_task(on.client.get(url))
        await asyncio.sleep(0.5)
        assert not waiting.done()
        began = time.monotonic()
        os.kill(on.router.pid, signal.SIGTERM)
        answer = await waiting
        assert (answer.status_code, answer.json()["status"].lower()) in {(200, "in_progress"), (200, "processing")}
    assert time.monotonic() - began < SOON
