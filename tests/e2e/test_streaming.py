"""Streaming is real: bytes reach the caller while most of the audio does not exist yet."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import httpx
import numpy as np
import pytest
import pytest_asyncio

from router.testing.acts import Reply
from router.testing.serving import Served, brought_up
from router.testing.vendor import Vendor
from router.testing.wire import Wire

pytestmark = pytest.mark.asyncio(loop_scope="module")

RATE = 24_000
SECONDS = 60
TENTH = RATE * 2 * SECONDS // 10
RNG = np.random.default_rng(1)
SOUND = (RNG.normal(0, 3000, RATE * SECONDS)).astype("<i2").tobytes()
"""A minute of noise: as dense as sound gets, so that no encoder can hold much of it back."""


@dataclass
class Held:
    """Speaks one tenth of a minute, then waits to be released before the rest comes into being."""

    released: asyncio.Event = field(default_factory=asyncio.Event)

    async def play(self, wire: Wire) -> None:
        await wire.send(b"HTTP/1.1 200 OK\r\nContent-Type: audio/pcm\r\nTransfer-Encoding: chunked\r\n\r\n")
        await self._chunk(wire, SOUND[:TENTH])
        await wire.wait(None, self.released)
        await self._chunk(wire, SOUND[TENTH:])
        await wire.send(b"0\r\n\r\n")

    async def _chunk(self, wire: Wire, data: bytes) -> None:
        await wire.send(b"%x\r\n%b\r\n" % (len(data), data))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Vendor, Served]]:
    async with Vendor() as vendor:
        config = (
            f"providers: {{voice: {{kind: boson, base_url: '{vendor.url}', api_key: '${{env:KEY}}'}}}}\n"
            "routes: [{name: speech, task: speech, tiers: [voice]}]\n"
        )
        async with brought_up(config, tmp_path_factory.mktemp("streaming"), {"KEY": "k"}) as router:
            yield vendor, router


@pytest.mark.parametrize("sound", ["mp3", "opus", "aac", "flac", "wav", "pcm"])
async def test_first_bytes_of_a_minute(scene: tuple[Vendor, Served], sound: str) -> None:
    """The first bytes are with the caller while nine tenths of the speech have not been spoken."""
    vendor, router = scene
    held = Held()
    vendor.on("/v1/audio/speech", held)
    async with httpx.AsyncClient(timeout=30) as client:
        body = {"input": "a long paragraph", "response_format": sound}
        async with client.stream("POST", f"{router.url}/v1/audio/speech", json=body) as answer:
            chunks = answer.aiter_raw()
            first = await anext(chunks)
            assert first
            assert not held.released.is_set()
            held.released.set()
            rest = [len(chunk) async for chunk in chunks]
    assert sum(rest) > 5 * len(first)


async def test_a_slow_caller(scene: tuple[Vendor, Served]) -> None:
    """Who reads late, and by fits and starts, gets every byte in its place."""
    vendor, router = scene
    pieces = tuple(SOUND[at : at + 16_000] for at in range(0, len(SOUND), 16_000))
    vendor.on("/v1/audio/speech", Reply(pieces * 5, content_type="audio/pcm"))
    got = bytearray()
    async with httpx.AsyncClient(timeout=30) as client:
        body = {"input": "a long paragraph", "response_format": "pcm"}
        async with client.stream("POST", f"{router.url}/v1/audio/speech", json=body) as answer:
            async for chunk in answer.aiter_raw():
                if len(got) // 1_000_000 != (len(got) + len(chunk)) // 1_000_000:
                    await asyncio.sleep(0.1)
                got += chunk
    assert bytes(got) == SOUND * 5


async def test_a_caller_who_leaves(scene: tuple[Vendor, Served]) -> None:
    """The provider sees the connection close, though it was in the middle of speaking."""
    vendor, router = scene
    vendor.on("/v1/audio/speech", Reply((bytes(9600),) * 1000, content_type="audio/pcm", pause=0.05))
    async with httpx.AsyncClient(timeout=30) as client:
        body = {"input": "a long paragraph", "response_format": "pcm"}
        async with client.stream("POST", f"{router.url}/v1/audio/speech", json=body) as answer:
            await anext(answer.aiter_raw())
    asked = vendor.asked[-1]
    await asyncio.wait_for(asked.over.wait(), 5)
    assert asked.abandoned
