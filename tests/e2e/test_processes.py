"""Several processes behind one port: one set of figures, and a process that dies is replaced."""

import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from router.testing.serving import NotReady, Served, serving
from tests.e2e.metrics import metric

CONFIG = """
providers: {local: {kind: embedded, workers: 1}}
routes: [{name: speech, task: speech, tiers: [local]}]
"""
WORKER = re.compile(r"Spawning worker-\d+ with PID: (\d+)")
OK = {"task": "speech", "route": "speech", "provider": "local", "team": "local", "outcome": "ok"}


@pytest.fixture(scope="module")
def router(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(CONFIG, tmp_path_factory.mktemp("processes"), None, "--workers", "2") as served:
        yield served


def speak(router: Served) -> int:
    """On a connection of its own, so that any process may answer."""
    return httpx.post(f"{router.url}/v1/audio/speech", json={"input": "hello", "response_format": "pcm"}).status_code


def test_figures_of_all_processes(router: Served) -> None:
    """Whichever process is asked for them, the metrics count every process's requests."""
    before = metric(router.url, "requests_total", **OK)
    assert [speak(router) for _ in range(6)] == [200] * 6
    assert [metric(router.url, "requests_total", **OK) - before for _ in range(4)] == [6] * 4


def test_what_processes_do_not_share(router: Served) -> None:
    """Whoever starts several is told what that means."""
    assert "counts `concurrency` by itself" in router.log


def test_a_process_that_is_killed(router: Served) -> None:
    """It is replaced, and requests go on being answered."""
    first = WORKER.findall(router.log)
    assert len(first) == 2
    os.kill(int(first[0]), signal.SIGKILL)
    until = time.monotonic() + 30
    while len(WORKER.findall(router.log)) < 3 and time.monotonic() < until:
        time.sleep(0.1)
    assert len(WORKER.findall(router.log)) == 3
    assert speak(router) == 200


def test_other_machines_without_keys(tmp_path: Path) -> None:
    """A router with no team keys refuses to listen to other machines, and says what to do."""
    with pytest.raises(NotReady, match="Add a team with a key under `teams`, or listen on 127"):
        serving(CONFIG, tmp_path, None, "--host", "0.0.0.0").__enter__()


def test_a_route_that_asks_for_what_nobody_offers(tmp_path: Path) -> None:
    """It stops the start with file, line and column, not the first request."""
    config = CONFIG.replace("speech, task: speech", "speech, task: chat")
    with pytest.raises(NotReady, match=r"router\.yaml:3:\d+: routes\[0\]\.tiers\[0\]"):
        serving(config, tmp_path).__enter__()
