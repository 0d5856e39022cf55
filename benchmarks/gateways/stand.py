"""The test stand: a vendor, callers, and a contestant whose CPU time and memory are watched while it is asked."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

import httpx

from benchmarks.gateways import tree
from benchmarks.gateways.contestants.contestant import ROOT, Running, free_port
from benchmarks.gateways.cores import Places, pinned
from benchmarks.gateways.load.job import Job, Tally
from benchmarks.gateways.load.run import Callers, Calling
from benchmarks.gateways.reading import Reading

VENDOR: Final = (sys.executable, "-m", "benchmarks.gateways.vendor")
VENDOR_WITHIN: Final = 30.0
BOOT: Final = 0.1
"""Seconds until callers have read their request."""
WARM: Final = 0.5
"""Seconds of requests before any are counted."""
SAMPLED: Final = 0.02
DIRECT: Final = "direct"
"""What asking the vendor itself is called."""


@dataclass(frozen=True)
class Ask:
    """A request, whoever it is sent to."""

    path: str
    content_type: str
    body: bytes

    def to(self, port: int, headers: Mapping[str, str]) -> bytes:
        """Return its bytes on the wire."""
        told = {"host": f"127.0.0.1:{port}", "content-type": self.content_type, **headers}
        lines = "".join(f"{name}: {text}\r\n" for name, text in told.items())
        head = f"POST {self.path} HTTP/1.1\r\n{lines}content-length: {len(self.body)}\r\n\r\n"
        return head.encode() + self.body


@dataclass(frozen=True)
class Load:
    """How it is asked: by so many callers at once, for so many seconds or so many times each.

    `marked` has the lateness of marked pieces told. Callers start at any moment within `spread` seconds.
    """

    connections: int
    seconds: float
    each: int | None = None
    marked: bool = False
    spread: float = 0.2


@dataclass(frozen=True)
class Stand:
    """What stays up for all contestants: the vendor, the callers, a folder, and how long one figure takes.

    `tell` is told of what failed. `carried` has how many paced streams each contestant carried in the round before.
    """

    places: Places
    vendor: Running
    folder: Path
    callers: Callers
    seconds: float = 3.0
    tell: Callable[[str], None] = print
    carried: dict[str, int] = field(default_factory=dict)

    def gauge(self, running: Running, ask: Ask, load: Load) -> Reading:
        """Ask a contestant and return what came of it."""
        file = self.folder / "request.bin"
        file.write_bytes(ask.to(running.port, running.headers))
        self.callers.prepare()
        job = self._job(running, file, load)
        calling = self.callers.call(job)
        _sleep_until(job.begin)
        cpu = tree.cpu(running.pid)
        with Peak(running.pid) as peak:
            if load.each is None:
                _sleep_until(job.end)
                spent = tree.cpu(running.pid) - cpu
                tally = self.callers.collect(calling)
            else:
                tally = self.callers.collect(calling)
                spent = tree.cpu(running.pid) - cpu
        self._tell(running, tally)
        ended = tally.ended if load.each and tally.ended else job.end
        return Reading(tally, ended - job.begin, spent, peak.grown)

    def hold(self, running: Running, ask: Ask, load: Load) -> Calling:
        """Begin to ask, return once all callers are at it, and leave them to it until `release`."""
        file = self.folder / "held.bin"
        file.write_bytes(ask.to(running.port, running.headers))
        self.callers.prepare()
        job = self._job(running, file, load)
        calling = self.callers.call(job)
        _sleep_until(job.begin)
        return calling

    def release(self, running: Running, calling: Calling) -> Tally:
        """Wait for the end of those held."""
        tally = self.callers.collect(calling)
        self._tell(running, tally)
        return tally

    def _tell(self, running: Running, tally: Tally) -> None:
        for why, count in tally.failures.items():
            self.tell(f"{running.name}: {count} times {why}")

    def _job(self, running: Running, file: Path, load: Load) -> Job:
        start = time.monotonic() + BOOT
        begin = start if load.each else start + load.spread + WARM
        return Job(
            host="127.0.0.1",
            port=running.port,
            request=str(file),
            connections=load.connections,
            start=start,
            spread=0.0 if load.each else load.spread,
            begin=begin,
            end=begin + load.seconds,
            each=load.each,
            marked=load.marked,
        )


@contextmanager
def vendor(places: Places, folder: Path) -> Iterator[Running]:
    """Start the vendor on its cores, and yield it as one that can be asked like any other."""
    port = free_port()
    with pinned(places.vendor):
        process = subprocess.Popen((*VENDOR, str(port)), cwd=ROOT, stdin=subprocess.PIPE)  # noqa: S603 - our own command
    began = time.monotonic()
    try:
        with httpx.Client(transport=httpx.HTTPTransport(retries=0), trust_env=False) as client:
            while not _answers(client, port) and time.monotonic() < began + VENDOR_WITHIN:
                time.sleep(SAMPLED)
        yield Running(DIRECT, port, {}, process.pid, time.monotonic() - began, folder)
    finally:
        process.communicate()


def _answers(client: httpx.Client, port: int) -> bool:
    try:
        return client.post(f"http://127.0.0.1:{port}/v1/audio/transcriptions").is_success
    except httpx.TransportError:
        return False


def _sleep_until(moment: float) -> None:
    time.sleep(max(moment - time.monotonic(), 0))


@dataclass
class Peak:
    """Watches how much memory a process and its descendants take: `grown` is the most above the beginning, in bytes."""

    pid: int
    grown: int = 0
    _done: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._pids = [one.pid for one in tree.tree(self.pid)]
        self._before = tree.resident(self._pids)
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(SAMPLED):
            self.grown = max(self.grown, tree.resident(self._pids) - self._before)
