"""`make profile`: a flame graph of the served router under load, and microseconds of CPU per request by stage."""

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from benchmarks.gateways import tree
from benchmarks.gateways.contestants import ROUTER, Running, started
from benchmarks.gateways.contestants.router import PROGRAM
from benchmarks.gateways.cores import Places, pinned
from benchmarks.gateways.load.run import Callers
from benchmarks.gateways.pythons import interpreter
from benchmarks.gateways.stages import stages
from benchmarks.gateways.stand import Load, Stand, vendor
from benchmarks.gateways.workloads import asks, whole
from benchmarks.gateways.workloads.start import worker

SAMPLER: Final = Path(sys.executable).with_name("py-spy")
RATE: Final = "200"
SECONDS: Final = 8.0
OUT: Final = Path(__file__).parents[2] / "out"
OTHERS: Final = "other threads, and other processes"


def profile(stand: Stand, running: Running) -> tuple[float, dict[str, float]]:
    """Return the CPU microseconds of a request, and of each stage."""
    serving = worker(tree.tree(running.pid)).pid
    before = tree.main_thread(serving), tree.cpu(running.pid)
    got = whole.read(stand, running, whole.BUSY)
    spent = tree.cpu(running.pid) - before[1]
    python = (tree.main_thread(serving) - before[0]) / spent
    held = stand.hold(running, asks.speech("whole"), Load(whole.BUSY, 2 * SECONDS + 6))
    sample(serving, "raw", OUT / "profile.txt")
    sample(serving, "flamegraph", OUT / "profile.svg")
    stand.release(running, held)
    counted = stages((OUT / "profile.txt").read_text().splitlines())
    each = got.cpu_each * python / max(counted.total(), 1)
    return got.cpu_each, {name: count * each for name, count in counted.most_common()} | {
        OTHERS: got.cpu_each * (1 - python)
    }


def sample(pid: int, form: str, file: Path) -> None:
    """Have py-spy look at a process while it works; it needs to be root, or its ancestor where Linux is strict."""
    command = (str(SAMPLER), "record", "--pid", str(pid), "--duration", str(round(SECONDS)), "--rate", RATE)
    subprocess.run((*command, "--format", form, "--output", str(file)), check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - our own tool


def main() -> None:
    """Profile whole speech at 64 connections."""
    places = Places.here()
    OUT.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as name,
        pinned(places.callers),
        vendor(places, Path(name)) as upstream,
        started(ROUTER, upstream.port, Path(name), places.contestant) as running,
        Callers(places.callers) as callers,
    ):
        total, parts = profile(Stand(places, upstream, Path(name), callers), running)
    table = Table(title=f"whole speech, 64 at once: CPU per request, on {interpreter(PROGRAM)}", show_footer=True)
    table.add_column("stage", footer="in all")
    table.add_column("µs", justify="right", footer=f"{total:,.0f}")
    for stage, each in parts.items():
        table.add_row(stage, f"{each:,.0f}")
    Console().print(table, "the flame graph is in out/profile.svg")


if __name__ == "__main__":
    main()
