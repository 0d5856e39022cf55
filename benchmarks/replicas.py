"""Routers that die: each a `media-router serve` at a port of its own, killed with all its processes, and started again."""

import asyncio
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from re import compile as regex
from typing import Final, Self
from urllib.parse import urlsplit, urlunsplit

import httpx

from benchmarks.film_receiver import SECRET
from router.testing.serving import family

PORTS: Final = range(20_000, 32_000)
"""Below those that outgoing connections take, one of which might sit on a router's port while that is down."""
STARTS_WITHIN: Final = 60.0
LOOK: Final = 0.1
ORDERING: Final = regex(r"job (\S+) is about to be ordered from ")
PIECE: Final = 64 * 1024


@dataclass
class Replica:
    """One router. `killed` are the unix times at which it was; `gone` for good it is not started again.

    Its folder's name is also the key that it shows to vendors.
    """

    folder: Path
    config: str
    port: int
    killed: list[float] = field(default_factory=list)
    gone: bool = False
    running: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it listens whenever it runs."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """What its processes wrote, one after another."""
        return self.folder / "router.log"

    def orders(self) -> Iterator[tuple[str, float]]:
        """Yield the jobs that it said it was about to order, and when in unix time. A kill may have cut its last line."""
        for line in self.log.read_bytes().splitlines():
            with suppress(ValueError):
                told = json.loads(line)
                if found := ORDERING.match(str(told.get("event"))):
                    yield found[1], datetime.fromisoformat(told["timestamp"]).timestamp()

    async def start(self) -> None:
        """Start it and wait until it answers. Raises `RuntimeError` with its log if it does not."""
        self._launch()
        until = time.monotonic() + STARTS_WITHIN
        async with httpx.AsyncClient() as client:
            while not await answers(client, f"{self.url}/healthz"):
                if time.monotonic() > until or (self.running and self.running.poll() is not None):
                    raise RuntimeError(f"a router did not start: {self.log.read_text()[-3000:]}")
                await asyncio.sleep(LOOK)

    def _launch(self) -> None:
        """Start the processes; temporary files, which a kill leaves behind, lie in the folder."""
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self.folder / "router.yaml"
        file.write_text(self.config)
        env = {
            **os.environ,
            "MEDIA_ROUTER_STATE": str(self.folder),
            "TMPDIR": str(self.folder),
            "KEY": self.folder.name,
            "SECRET": SECRET,
        }
        command = (sys.executable, "-m", "router", "serve", "--config", str(file), "--port", str(self.port))
        with self.log.open("a") as log:
            self.running = subprocess.Popen(command, stdout=log, stderr=log, env=env)  # noqa: S603 - our own command

    async def kill(self) -> None:
        """End all its processes at once, in the middle of whatever they do."""
        if self.running is None:
            return
        self.killed.append(time.time())
        for pid in [*family(self.running.pid)]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        await asyncio.to_thread(self.running.wait)
        self.running = None


async def answers(client: httpx.AsyncClient, url: str) -> bool:
    """Whether there is a good answer at a URL."""
    try:
        return (await client.get(url)).is_success
    except httpx.HTTPError:
        return False


@asynccontextmanager
async def replicas(configs: Sequence[str], folder: Path) -> AsyncIterator[list[Replica]]:
    """Start a router on each configuration, and kill what still runs in the end."""
    routers = [Replica(folder / f"router-{number}", config, free_port()) for number, config in enumerate(configs)]
    async with AsyncExitStack() as stack:
        for one in routers:
            stack.push_async_callback(one.kill)
        await asyncio.gather(*(one.start() for one in routers))
        yield routers


def free_port() -> int:
    """Return a port nobody has now."""
    while True:
        port = random.choice(PORTS)  # noqa: S311 - guards nothing
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class Cable:
    """`async with Cable(url)`: a way to a database that can be cut. `url` is the database's, by way of it.

    While cut, connections stay open and new ones are taken, but nothing passes; afterwards what was held back does.
    """

    def __init__(self, url: str) -> None:
        self.to = urlsplit(url)
        self._whole = asyncio.Event()
        self._whole.set()
        self._passing: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for one in self._passing:
            one.cancel()
        await asyncio.gather(*self._passing, return_exceptions=True)

    @property
    def url(self) -> str:
        """Where to connect to."""
        user, _, _ = self.to.netloc.rpartition("@")
        port = self._server.sockets[0].getsockname()[1]
        return urlunsplit(self.to._replace(netloc=f"{user}@127.0.0.1:{port}"))

    async def cut(self, seconds: float) -> None:
        """Let nothing pass for so long."""
        self._whole.clear()
        await asyncio.sleep(seconds)
        self._whole.set()

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._join(reader, writer))
        self._passing.add(task)
        task.add_done_callback(self._passing.discard)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._whole.wait()
        there, back = await asyncio.open_connection(self.to.hostname, self.to.port)
        ways = [asyncio.ensure_future(self._pass(*way)) for way in ((reader, back), (there, writer))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in ways:
                one.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            back.close()
            writer.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(PIECE):
            await self._whole.wait()
            writer.write(piece)
            await writer.drain()
