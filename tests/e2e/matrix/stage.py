"""What the matrix is asked of: one router, before it a vendor of each kind, and what is sent to it."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import msgspec

from plugins.embedded.portrait import draw_portrait
from router.contract import AudioFormat
from router.testing.serving import brought_up
from tests.e2e.matrix.media import film
from tests.e2e.matrix.vendors import TEXT, Sync, Vendors, seconds, spoken
from tests.unit.plugins.sync_double import KEY

TASKS: Mapping[str, tuple[str, ...]] = {
    "embedded": ("speech", "transcription", "avatar"),
    "boson": ("speech", "avatar"),
    "breeze": ("speech",),
    "higgs": ("speech", "transcription"),
    "openai": ("speech", "transcription"),
    "sync": ("avatar",),
}
"""The kinds, and the tasks that can be asked of them through a dialect. The first speaks for those who cannot."""
VOICE = "narrator"
PATIENCE = 60.0

CONFIG = """\
providers:
  embedded: {{kind: embedded}}
  boson: {{kind: boson, base_url: "{vendors}/boson", api_key: "${{env:KEY}}", timestamps: true}}
  breeze: {{kind: breeze, base_url: "{vendors}/breeze", api_key: "${{env:KEY}}", voice: voc_1}}
  higgs: {{kind: higgs, base_url: "{vendors}/higgs", transcription_model: higgs-stt}}
  openai:
    kind: openai
    base_url: "{vendors}/openai/v1"
    speech: {{models: [gpt-4o-mini-tts], voices: [alloy]}}
    transcription: {{models: [whisper-1], words: true, segments: true}}
  sync: {{kind: sync, base_url: "{sync}", api_key: "${{env:KEY}}"}}
voices:
  narrator: {{embedded: en-us, boson: eleanor, breeze: voc_1, higgs: default, openai: alloy}}
routes:
"""


def route(kind: str, task: str) -> str:
    """Return the route that leads to one kind for one task, and nowhere else."""
    return f"{kind}-{task}"


def config(vendors: str, sync: str) -> str:
    """Return the configuration; accounts are named for their kinds."""
    routes = (
        f"  - {{name: {route(kind, task)}, task: {task}, tiers: [{kind}]}}\n"
        for kind, tasks in TASKS.items()
        for task in tasks
    )
    return CONFIG.format(vendors=vendors, sync=sync) + "".join(routes)


Offers = Mapping[tuple[str, str], Mapping[str, Any]]
"""Kind and task to the limits that `media-router offers --json` prints."""


@dataclass(frozen=True)
class Stage:
    """A router to be called, what its providers say they offer, and the words that all of them are to say."""

    client: httpx.AsyncClient
    offers: Offers
    pcm: bytes
    face: bytes = field(default_factory=draw_portrait)

    @property
    def seconds(self) -> float:
        """How long the words last."""
        return seconds(self.pcm)

    @property
    def voice(self) -> bytes:
        """The words as a WAV file."""
        return spoken(self.pcm, AudioFormat.WAV)

    @property
    def filmed(self) -> bytes:
        """A film of somebody."""
        return film(Sync.SIZE, self.pcm)


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Stage]:
    """Start vendors and router; the embedded provider says the words that the vendors say after it."""
    async with (
        Vendors() as vendors,
        Sync() as sync,
        brought_up(config(vendors.url, sync.url), folder, {"KEY": KEY}) as router,
        httpx.AsyncClient(base_url=router.url, timeout=PATIENCE) as client,
    ):
        offers = await asyncio.to_thread(offered, folder / "router.yaml")
        vendors.pcm = sync.pcm = pcm = await words(client)
        yield Stage(client, offers, pcm)


async def words(client: httpx.AsyncClient) -> bytes:
    body = {"model": route("embedded", "speech"), "input": TEXT, "voice": VOICE, "response_format": "pcm"}
    return (await client.post("/v1/audio/speech", json=body)).raise_for_status().content


def offered(file: Path) -> Offers:
    command = [sys.executable, "-m", "router", "offers", "--config", str(file), "--json"]
    printed = subprocess.run(command, check=True, capture_output=True, env={**os.environ, "KEY": KEY}).stdout
    return {(one["provider"], one["task"]): one["limits"] for one in msgspec.json.decode(printed)}
