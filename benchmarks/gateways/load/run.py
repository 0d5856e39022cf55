"""Starts callers on their cores, and collects what came back."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from benchmarks.gateways.cores import Cores, pinned
from benchmarks.gateways.load.job import Job, Tally

ROOT: Final = Path(__file__).parents[3]
COMMAND: Final = (sys.executable, "-m", "benchmarks.gateways.load")

Calling = Sequence["subprocess.Popen[bytes]"]
"""Callers at work: a process on each core."""


def call(job: Job, cores: Cores) -> Calling:
    """Start on a job and return at once."""
    return [_start(share, core) for share, core in zip(shares(job, len(cores)), sorted(cores), strict=False)]


def collect(calling: Calling) -> Tally:
    """Wait for the callers to end and return what came back. Raises `RuntimeError` if they broke."""
    told = [one.communicate()[0] for one in calling]
    if broken := [one.returncode for one in calling if one.returncode]:
        raise RuntimeError(f"callers ended with {broken}")
    return Tally.sum(msgspec.json.decode(one, type=Tally) for one in told)


def shares(job: Job, parts: int) -> Iterator[Job]:
    """Divide the connections; nobody gets a share without any."""
    for number in range(parts):
        if count := len(range(number, job.connections, parts)):
            yield msgspec.structs.replace(job, connections=count)


def _start(job: Job, core: int) -> "subprocess.Popen[bytes]":
    pipe = subprocess.PIPE
    with pinned(Cores({core})):
        process = subprocess.Popen(COMMAND, cwd=ROOT, stdin=pipe, stdout=pipe)  # noqa: S603 - our own command
    if process.stdin:
        process.stdin.write(msgspec.json.encode(job))
        process.stdin.close()
        process.stdin = None  # `communicate` would flush it
    return process
