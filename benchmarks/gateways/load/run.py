"""Callers on their cores: processes that stay, because starting one takes longer than many a job."""

import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Final, NamedTuple, Self

import msgspec

from benchmarks.gateways.cores import Cores, pinned
from benchmarks.gateways.load.job import Job, Tally

ROOT: Final = Path(__file__).parents[3]
COMMAND: Final = (sys.executable, "-m", "benchmarks.gateways.load")


class One(NamedTuple):
    """A process that calls, the core it is held to, and the pipes by which it is told and tells."""

    process: "subprocess.Popen[bytes]"
    core: int
    told: IO[bytes]
    tells: IO[bytes]


Calling = Sequence[One]
"""Callers at work, one on each core."""


class Callers:
    """`with Callers(cores)`: inside, jobs are done, several at once if need be."""

    def __init__(self, cores: Cores) -> None:
        self.cores = sorted(cores)
        self._idle: defaultdict[int, list[One]] = defaultdict(list)
        self._all: list[One] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for one in self._all:
            one.told.close()
            one.tells.close()
        for one in self._all:
            one.process.wait()

    def prepare(self) -> None:
        """Have a process ready on each core."""
        for core in self.cores:
            self._idle[core] = self._idle[core] or [self._start(core)]

    def call(self, job: Job) -> Calling:
        """Start on a job and return at once."""
        calling = []
        for share, core in zip(shares(job, len(self.cores)), self.cores, strict=False):
            one = self._idle[core].pop() if self._idle[core] else self._start(core)
            one.told.write(msgspec.json.encode(share) + b"\n")
            one.told.flush()
            calling.append(one)
        return calling

    def collect(self, calling: Calling) -> Tally:
        """Wait for the end of a job and return what came back. Raises `RuntimeError` if callers broke."""
        told = [one.tells.readline() for one in calling]
        if not all(told):
            raise RuntimeError("callers ended in the middle of a job")
        for one in calling:
            self._idle[one.core].append(one)
        return Tally.sum(msgspec.json.decode(one, type=Tally) for one in told)

    def _start(self, core: int) -> One:
        """Start a process, and wait until it is ready."""
        pipe = subprocess.PIPE
        with pinned(Cores({core})):
            process = subprocess.Popen(COMMAND, cwd=ROOT, stdin=pipe, stdout=pipe)  # noqa: S603 - our own command
        if process.stdin is None or process.stdout is None or not process.stdout.readline():
            raise RuntimeError("callers could not be started")
        one = One(process, core, process.stdin, process.stdout)
        self._all.append(one)
        return one


def shares(job: Job, parts: int) -> Iterator[Job]:
    """Divide the connections; nobody gets a share without any."""
    for number in range(parts):
        if count := len(range(number, job.connections, parts)):
            yield msgspec.structs.replace(job, connections=count)
