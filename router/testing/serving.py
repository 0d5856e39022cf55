"""A real router for a test or a demonstration: `media-router serve` as a process of its own, on a free port."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

STARTS_WITHIN: Final = 60.0
STOPS_WITHIN: Final = 30.0
PAUSE: Final = 0.05
ADDRESS: Final = re.compile(r"on (http://\S+)")


class NotReady(Exception):
    """The router ended, or did not answer in time; the text is what it wrote."""


@dataclass(frozen=True, slots=True)
class Served:
    """A running router: where it listens, the file it writes to, its configuration, and its pid."""

    url: str
    written: Path
    config: Path
    pid: int

    @property
    def log(self) -> str:
        """All it has written so far."""
        return self.written.read_text()


@contextmanager
def serving(config: str, folder: Path, env: Mapping[str, str] | None = None, *flags: str) -> Iterator[Served]:
    """Start a router on a configuration, wait until it is ready, and stop it by its own pid.

    `folder` gets its configuration, its log and its state. It stops at once, unless the configuration or `env` says how
    long it is to `drain`. Raises `NotReady`.
    """
    file, written = folder / "router.yaml", folder / "router.log"
    file.write_text(config)
    at_once = {} if "drain:" in config else {"MEDIA_ROUTER_DRAIN": "0"}
    surroundings = {**os.environ, "MEDIA_ROUTER_STATE": str(folder / "state"), **at_once, **(env or {})}
    command = (sys.executable, "-m", "router", "serve", "--config", str(file), "--port", "0", *flags)
    with written.open("w") as sink:
        process = subprocess.Popen(command, stdout=sink, stderr=sink, env=surroundings)  # noqa: S603 - our own command
    try:
        yield Served(_address(process, written), written, file, process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(STOPS_WITHIN)


@asynccontextmanager
async def brought_up(
    config: str, folder: Path, env: Mapping[str, str] | None = None, *flags: str
) -> AsyncIterator[Served]:
    """Do what `serving` does, without holding up the event loop while the router starts and stops."""
    running = serving(config, folder, env, *flags)
    router = await asyncio.to_thread(running.__enter__)
    try:
        yield router
    finally:
        await asyncio.to_thread(running.__exit__, None, None, None)


def _address(process: subprocess.Popen[bytes], written: Path) -> str:
    until = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < until and process.poll() is None:
        found = ADDRESS.search(written.read_text())
        if found and _ready(found[1]):
            return found[1]
        time.sleep(PAUSE)
    raise NotReady(written.read_text())


def _ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz").is_success
    except httpx.TransportError:
        return False


def family(pid: int) -> Iterator[int]:
    """Yield a process and all that it started, by what Linux tells of them."""
    yield pid
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield from family(int(child))
