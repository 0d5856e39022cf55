"""`make bench`: media-router beside nginx, LiteLLM and Portkey. The last line is the figures."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from benchmarks.gateways import chart, table
from benchmarks.gateways.bench import chosen
from benchmarks.gateways.ceiling import near
from benchmarks.gateways.contestants import CONTESTANTS, NotStarted
from benchmarks.gateways.cores import TooFew
from benchmarks.gateways.figures import RESULTS, Figures, write
from benchmarks.gateways.rounds import Extent, Limits, measured
from benchmarks.gateways.stand import Stand

LEAST_ROUNDS = 5
OUT = Path(__file__).parents[2] / "out"

Names = Annotated[list[str] | None, typer.Option()]


def main(only: Names = None, without: Names = None, rounds: int = LEAST_ROUNDS, seconds: float = Stand.seconds) -> None:
    """Measure. A run with everything in it, of 5 rounds or more, is recorded in benchmarks/results.

    `--only` names workloads, `--without` contestants that need not be there; both can be given several times.
    """
    console = Console(highlight=False, soft_wrap=True)
    absent = {name.lower() for name in without or ()}
    contestants = [one for one in CONTESTANTS if one.name.lower() not in absent]
    try:
        figures, limits = measured(contestants, chosen(only or ()), Extent(rounds, seconds), console)
    except (NotStarted, TooFew, ValueError, RuntimeError) as error:
        console.print(f"[red]{escape(str(error))}[/red]")
        sys.exit(2)
    whole = not only and not absent and rounds >= LEAST_ROUNDS
    keep(figures, RESULTS if whole else OUT, console)
    sys.exit(report(figures, limits, console))


def keep(figures: Figures, folder: Path, console: Console) -> None:
    """Write the figures, and the chart beside them."""
    file = write(figures, folder)
    chart.write(figures, file.with_suffix(".svg"))
    console.print(f"written to {file.parent.name}/{file.name}")


def report(figures: Figures, limits: Limits, console: Console) -> int:
    """Print all there is to say, and return the exit status."""
    console.print(table.ratios(figures))
    aims, breached = table.aims(figures)
    console.print(aims)
    console.print(table.noise(figures))
    for warning in near(figures, limits):
        console.print(f"[yellow]{warning}[/yellow]")
    for one in breached:
        console.print(f"[red]missed: {one}[/red]")
    console.print(table.summary(figures, breached))
    return 1 if breached else 0


if __name__ == "__main__":
    typer.run(main)
