"""What all contestants have in common: a command, a port, and a first answer to wait for."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx

from benchmarks.gateways.cores import Cores, pinned
from benchmarks.gateways.tree import tree

ROOT: Final = Path(__file__).parents[3]
TOOLS: Final = ROOT / ".tools"
KEY: Final = "sk-benchmark"
"""The one team's key."""
STARTS_WITHIN: Final = 120.0
STOPS_WITHIN: Final = 30.0
PAUSE: Final = 0.01
TAIL: Final = 30
WIDTH: Final = 400
PING: Final = {"model": "whole", "input": "Good morning.", "voice": "alloy"}


class NotStarted(Exception):
    """A contestant is not installed, ended, or did not answer in time; the text says which, and what it wrote."""


@dataclass(frozen=True)
class Site:
    """Where a contestant is set up: the vendor's port and its own, and a folder for its files."""

    vendor: int
    port: int
    folder: Path

    @property
    def vendor_url(self) -> str:
        """The vendor's address as OpenAI's clients want it."""
        return f"http://127.0.0.1:{self.vendor}/v1"


Command = tuple[str, ...]


@dataclass(frozen=True)
class Contestant:
    """One of those compared.

    `launch` writes what files it needs and returns its command; `headers` are what every request to it has.
    `program` must exist; `version` says which it is; `lacks` has the workloads that it cannot do, and why.
    One that is `slow` to start is started once for all rounds. `python` is the interpreter of what is written in Python.
    """

    name: str
    version: Callable[[], str]
    program: Path
    launch: Callable[[Site], Command]
    headers: Callable[[Site], Mapping[str, str]] = lambda _: {"authorization": f"Bearer {KEY}"}
    env: Mapping[str, str] = field(default_factory=dict)
    lacks: Mapping[str, str] = field(default_factory=dict)
    slow: bool = False
    python: Path | None = None

    def need(self) -> None:
        """Raise `NotStarted` if it is not installed."""
        if not self.program.exists():
            raise NotStarted(
                f"{self.name} is not installed: there is no {self.program.name}. "
                f"`make rivals` installs it, `--without {self.name.lower()}` does without"
            )


@dataclass(frozen=True)
class Running:
    """A contestant at work: where it listens, what to send it, its process, and how long its first answer took."""

    name: str
    port: int
    headers: Mapping[str, str]
    pid: int
    cold: float
    log: Path

    def pause(self) -> None:
        """Stop it and all it started from running, so that another may be measured."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it run again."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        for one in tree(self.pid):
            os.kill(one.pid, number)


@contextmanager
def started(contestant: Contestant, vendor: int, folder: Path, cores: Cores) -> Iterator[Running]:
    """Start one on its cores, wait for its first answer, and stop it by its own pid. Raises `NotStarted`."""
    site = Site(vendor, free_port(), folder)
    command = contestant.launch(site)
    log = folder / f"{contestant.name}.log"
    began = time.monotonic()
    with log.open("wb") as sink, pinned(cores):
        process = subprocess.Popen(  # noqa: S603 - the contestants' own commands
            command, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, cwd=folder, env=os.environ | contestant.env
        )
    headers = contestant.headers(site)
    try:
        _await_answer(contestant.name, process, site.port, headers, log)
        yield Running(contestant.name, site.port, headers, process.pid, time.monotonic() - began, log)
    finally:
        _stop(process)


def _await_answer(
    name: str, process: "subprocess.Popen[bytes]", port: int, headers: Mapping[str, str], log: Path
) -> None:
    until = time.monotonic() + STARTS_WITHIN
    told = "no answer"
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, trust_env=False) as client:
        while time.monotonic() < until and process.poll() is None:
            try:
                answer = client.post("/v1/audio/speech", json=PING)
            except httpx.TransportError:
                time.sleep(PAUSE)
                continue
            if answer.is_success:
                return
            told = f"{answer.status_code} {answer.text[:500]}"
            time.sleep(10 * PAUSE)
    written = [line[:WIDTH] for line in log.read_text(errors="replace").splitlines()[-TAIL:]]
    raise NotStarted("\n".join([f"{name} did not start: {told}; it wrote", *written]))


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """Stop a contestant and what it started, paused or not."""
    family = tree(process.pid)
    for one in family:
        os.kill(one.pid, signal.SIGCONT)
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOPS_WITHIN)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def free_port() -> int:
    """Return a port that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
    return port
