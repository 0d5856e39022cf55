"""A real router: `media-router serve` as its own process, on a free port, with a configuration of the test's."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families

STARTS_WITHIN = 60.0


class Served:
    """A running router; `log` is all it has written."""

    def __init__(self, url: str, log: Path) -> None:
        self.url = url
        self._log = log

    @property
    def log(self) -> str:
        return self._log.read_text()

    def metric(self, name: str, **labels: str) -> float:
        """Return a series' value as the router's own page has it, 0 if it is not there."""
        page = httpx.get(f"{self.url}/metrics").text
        samples = (sample for family in text_string_to_metric_families(page) for sample in family.samples)
        found = (one.value for one in samples if one.name == f"media_router_{name}" and one.labels == labels)
        return next(found, 0.0)


@contextmanager
def serving(config: str, folder: Path, env: Mapping[str, str] | None = None, *flags: str) -> Iterator[Served]:
    """Start a router, wait until it is ready, and stop it by its own pid."""
    (folder / "router.yaml").write_text(config)
    log = folder / "router.log"
    command = (sys.executable, "-m", "router", "serve", "--config", str(folder / "router.yaml"), "--port", "0", *flags)
    with log.open("w") as sink:
        process = subprocess.Popen(command, stdout=sink, stderr=sink, env={**os.environ, **(env or {})})
    try:
        yield Served(_ready(process, log), log)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _ready(process: subprocess.Popen[bytes], log: Path) -> str:
    until = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < until:
        assert process.poll() is None, f"the router ended:\n{log.read_text()}"
        found = re.search(r"on (http://\S+)", log.read_text())
        if found and _answers(found[1]):
            return found[1]
        time.sleep(0.05)
    raise AssertionError(f"the router is not ready:\n{log.read_text()}")


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz").is_success
    except httpx.TransportError:
        return False
