"""A run: contestants started and asked in turn, round after round."""

import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from benchmarks.gateways.bench import Bench, start
from benchmarks.gateways.ceiling import ceilings
from benchmarks.gateways.contestants import Contestant
from benchmarks.gateways.cores import Places, pinned
from benchmarks.gateways.figures import Figures, Machine
from benchmarks.gateways.load.run import Callers
from benchmarks.gateways.pythons import cautions, pythons
from benchmarks.gateways.stand import Stand, vendor
from benchmarks.gateways.workloads import Workload

Limits = Mapping[str, float]


@dataclass(frozen=True)
class Extent:
    """How many rounds, and how many seconds one figure takes."""

    rounds: int
    seconds: float


def measured(
    contestants: Sequence[Contestant], workloads: Sequence[Workload], extent: Extent, console: Console
) -> tuple[Figures, Limits]:
    """Run the rounds; return the figures, and what vendor and callers can do by themselves."""
    places = Places.here()
    figures = begun(contestants, extent)
    for caution in cautions(figures.pythons):
        console.print(f"[yellow]{escape(caution)}[/yellow]")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        stack.enter_context(pinned(places.callers))
        upstream = stack.enter_context(vendor(places, folder))
        callers = stack.enter_context(Callers(places.callers))
        stand = Stand(places, upstream, folder, callers, extent.seconds, partial(console.print, markup=False))
        limits = ceilings(stand)
        console.print("without anybody between: " + ", ".join(f"{key} {most:,.0f}" for key, most in limits.items()))
        lasting = {one.name: start(stand, one, folder, stack) for one in contestants if one.slow}
        play(Bench(stand, contestants, workloads, figures, console, lasting), extent.rounds)
    return figures, limits


def play(bench: Bench, rounds: int) -> None:
    """Play the rounds, with a bar where there is a screen and a line after each in any case."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=bench.console, transient=True, speed_estimate_period=3600) as progress:
        task = progress.add_task("asked", total=sum(1 for number in range(rounds) for _ in bench.asked(number)))
        for number in range(rounds):
            began = time.monotonic()
            bench.console.print(f"[bold]round {number + 1} of {rounds}[/bold]")
            bench.round(number, lambda: progress.advance(task))
            bench.console.print(f"  in {timedelta(seconds=round(time.monotonic() - began))}")


def begun(contestants: Sequence[Contestant], extent: Extent) -> Figures:
    """Return figures without any. Raises `NotStarted` for a contestant that is not installed."""
    for one in contestants:
        one.need()
    when = datetime.now(UTC).strftime("%Y-%m-%dT%H%M")
    versions = {one.name: one.version() for one in contestants}
    return Figures(when, Machine.here(), extent.seconds, versions, pythons(contestants))
