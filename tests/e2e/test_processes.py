"""Several processes behind one port: one set of figures, one limit, and a process that dies is replaced."""

import asyncio
import os
import re
import signal
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from router.cli.files import open_many
from router.telemetry.batch import HELD_FOR
from router.testing.acts import Reply
from router.testing.serving import NotReady, Served, brought_up, serving
from router.testing.vendor import Vendor
from router.testing.wire import Wire
from tests.e2e.metrics import metric

CONFIG = """
providers: {local: {kind: embedded, workers: 1}}
routes: [{name: speech, task: speech, tiers: [local]}]
"""
WORKER = re.compile(r"worker \d+ \(pid (\d+)\) is started")
SPEECH = {"input": "hello", "response_format": "pcm"}
OK = {"task": "speech", "route": "speech", "team": "local", "outcome": "ok"}
FIGURES_AFTER = 2 * HELD_FOR
"""Seconds after which a process's counts are on every page, with time to spare."""


@pytest.fixture(scope="module")
def router(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(CONFIG, tmp_path_factory.mktemp("processes"), None, "--workers", "2") as served:
        yield served


def speak(router: Served) -> int:
    """On a connection of its own, so that any process may answer."""
    return httpx.post(f"{router.url}/v1/audio/speech", json=SPEECH).status_code


def test_figures_of_all_processes(router: Served) -> None:
    """Whichever process is asked for them, the metrics count every process's requests."""
    before = metric(router.url, "requests_total", provider="local", **OK)
    assert [speak(router) for _ in range(6)] == [200] * 6
    time.sleep(FIGURES_AFTER)
    assert [metric(router.url, "requests_total", provider="local", **OK) - before for _ in range(4)] == [6] * 4


def test_what_processes_do_not_share(router: Served) -> None:
    """Whoever starts several is told what that means."""
    assert "2 processes: each has breakers, queues and its share of every `concurrency` for itself" in router.log


def test_callers_who_are_there_and_ask_nothing(router: Served) -> None:
    """More than a thousand connections are held open and keep nobody out."""
    open_many()
    address = urlsplit(router.url)
    with ExitStack() as stack:
        for _ in range(1200):
            stack.enter_context(socket.create_connection((address.hostname or "", address.port or 0)))
        assert [speak(router) for _ in range(6)] == [200] * 6


def test_a_process_that_is_killed(router: Served) -> None:
    """It is replaced, requests go on being answered meanwhile, and no count falls."""
    time.sleep(FIGURES_AFTER)
    before = metric(router.url, "requests_total", provider="local", **OK)
    first = WORKER.findall(router.log)
    assert len(first) == 2
    os.kill(int(first[0]), signal.SIGKILL)
    until = time.monotonic() + 30
    counts = [before]
    while len(WORKER.findall(router.log)) < 3 and time.monotonic() < until:
        counts.append(metric(router.url, "requests_total", provider="local", **OK))
        time.sleep(0.1)
    assert len(WORKER.findall(router.log)) == 3
    assert [speak(router) for _ in range(4)] == [200] * 4
    time.sleep(FIGURES_AFTER)
    counts.append(metric(router.url, "requests_total", provider="local", **OK))
    assert counts == sorted(counts)
    assert counts[-1] == before + 4


class Busy:
    """A vendor's answer that takes a moment; `most` is how many of them were under way at once."""

    def __init__(self) -> None:
        self.now = self.most = 0

    async def play(self, wire: Wire) -> None:
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await wire.wait(0.05)
            await Reply(bytes(4800), content_type="audio/pcm").play(wire)
        finally:
            self.now -= 1


@asynccontextmanager
async def shared(folder: Path, busy: Busy, concurrency: int) -> AsyncIterator[tuple[Served, Path]]:
    """Serve with two processes over a vendor; the folder is the one in which they share their counts."""
    counts = folder / "counts"
    counts.mkdir()
    async with Vendor(busy) as vendor:
        config = f"""
providers: {{vendor: {{kind: boson, base_url: "{vendor.url}", api_key: "${{env:KEY}}", concurrency: {concurrency}}}}}
routes: [{{name: speech, task: speech, tiers: [vendor], first_byte: 30s}}]
"""
        env = {"KEY": "k", "PROMETHEUS_MULTIPROC_DIR": str(counts)}
        async with brought_up(config, folder, env, "--workers", "2") as served:
            yield served, counts


async def test_one_limit(tmp_path: Path) -> None:
    """Both serve, and together make no more calls at once than the provider takes, and no fewer that they have use for."""
    busy = Busy()
    async with shared(tmp_path, busy, 4) as (router, counts):
        limits = httpx.Limits(max_keepalive_connections=0)
        async with httpx.AsyncClient(limits=limits, timeout=30) as client:
            asked = (client.post(f"{router.url}/v1/audio/speech", json=SPEECH) for _ in range(48))
            answers = await asyncio.gather(*asked)
        assert {one.status_code for one in answers} == {200}
        assert busy.most == 4
        await asyncio.sleep(FIGURES_AFTER)
        files = [counts / f"counter_{pid}.db" for pid in WORKER.findall(router.log)]
        assert [b"media_router_requests_total" in file.read_bytes() for file in files] == [True, True]
        assert await asyncio.to_thread(metric, router.url, "requests_total", provider="vendor", **OK) == 48


def test_a_limit_that_cannot_be_shared(tmp_path: Path) -> None:
    """More processes than calls that a provider takes are refused at the start, with the place of the limit."""
    config = CONFIG.replace("workers: 1", "workers: 1, concurrency: 2")
    with pytest.raises(
        NotReady, match=r"router\.yaml:2:\d+: providers\.local\.concurrency: 3 processes cannot share 2"
    ):
        serving(config, tmp_path, None, "--workers", "3").__enter__()


def test_other_machines_without_keys(tmp_path: Path) -> None:
    """A router with no team keys refuses to listen to other machines, and says what to do."""
    with pytest.raises(NotReady, match="Add a team with a key under `teams`, or listen on 127"):
        serving(CONFIG, tmp_path, None, "--host", "0.0.0.0").__enter__()


def test_a_route_that_asks_for_what_nobody_offers(tmp_path: Path) -> None:
    """It stops the start with file, line and column, not the first request."""
    config = """
providers: {voice: {kind: boson, base_url: "http://127.0.0.1:9", api_key: "${env:KEY}"}}
routes: [{name: talk, task: chat, tiers: [voice]}]
"""
    with pytest.raises(NotReady, match=r"router\.yaml:3:\d+: routes\[0\]\.tiers\[0\]"):
        serving(config, tmp_path, {"KEY": "k"}).__enter__()
