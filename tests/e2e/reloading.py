"""A served router whose configuration is edited while it runs."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

from router.testing.serving import Served, brought_up
from tests.e2e.upstreams import Watched

PATIENCE: Final = 20.0


@dataclass
class Live:
    """A router between a caller and a vendor."""

    vendor: Watched
    router: Served
    client: httpx.AsyncClient

    def edit(self, *edits: tuple[str, str]) -> None:
        """Write the configuration anew, each text in it replaced by another."""
        text = self.router.config.read_text()
        for before, after in edits:
            assert before in text
            text = text.replace(before, after)
        fresh = self.router.config.with_suffix(".new")
        fresh.write_text(text)
        fresh.replace(self.router.config)

    def hang_up(self) -> None:
        """Send the router SIGHUP."""
        os.kill(self.router.pid, signal.SIGHUP)

    def told(self) -> list[dict[str, Any]]:
        """Return the log's lines about the configuration, of every process."""
        lines = [json.loads(line) for line in self.router.log.splitlines() if line.startswith("{")]
        return [line for line in lines if line["event"] == "configuration" and line["outcome"] != "started"]

    async def reloaded(self, before: int, processes: int = 1) -> Sequence[dict[str, Any]]:
        """Wait for a line of each process after the first `before` lines, and return those."""
        async with asyncio.timeout(PATIENCE):
            while len(self.told()) < before + processes:  # noqa: ASYNC110 - a log tells nobody that it grew
                await asyncio.sleep(0.05)
        return self.told()[before:]

    async def speak(self, route: str, **headers: str) -> httpx.Response:
        """Have a word spoken."""
        body = {"input": "hello", "model": route, "response_format": "pcm"}
        return await self.client.post(f"{self.router.url}/v1/audio/speech", json=body, headers=headers)


@asynccontextmanager
async def live(config: str, folder: Path, *flags: str) -> AsyncIterator[Live]:
    """Serve a configuration in which `{vendor}` is the vendor's URL."""
    async with (
        Watched() as vendor,
        httpx.AsyncClient(timeout=PATIENCE) as client,
        brought_up(config.replace("{vendor}", vendor.url), folder, {"KEY": "k"}, *flags) as router,
    ):
        yield Live(vendor, router, client)
