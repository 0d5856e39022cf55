"""`make bench-against REV=…`: this tree beside another of its commits, in turn: what a change brought, as ratios.

Nothing is recorded. The last line is the medians.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.markup import escape

from benchmarks.gateways import table
from benchmarks.gateways.bench import chosen
from benchmarks.gateways.contestants import NGINX, ROUTER, Contestant, NotStarted
from benchmarks.gateways.contestants.contestant import ROOT
from benchmarks.gateways.cores import TooFew
from benchmarks.gateways.figures import Figures
from benchmarks.gateways.rounds import Extent, measured
from benchmarks.gateways.stand import Stand

ROUNDS: Final = 6


class NoSuchCommit(Exception):
    """There is nothing of that name to compare with."""


def main(
    revision: str,
    only: Annotated[list[str] | None, typer.Option()] = None,
    rounds: int = ROUNDS,
    seconds: float = Stand.seconds,
) -> None:
    """Compare with a commit, at whole speech or at the workloads that `--only` names."""
    console = Console(highlight=False, soft_wrap=True)
    try:
        with before(revision) as other:
            asked = chosen(only or ["whole-speech"])
            figures, _ = measured([NGINX, ROUTER, other], asked, Extent(rounds, seconds), console)
    except (NotStarted, TooFew, NoSuchCommit, ValueError, RuntimeError) as error:
        console.print(f"[red]{escape(str(error))}[/red]")
        sys.exit(2)
    console.print(table.ratios(figures))
    console.print(table.noise(figures))
    console.print(summary(figures, other.name))


@contextmanager
def before(revision: str, repository: Path = ROOT) -> Iterator[Contestant]:
    """Lay a commit out in a folder of its own, and yield it as a contestant. Raises `NoSuchCommit`."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            name = git(repository, "rev-parse", "--short", "--verify", f"{revision}^{{commit}}").decode().strip()
            packed = git(repository, "archive", name)
        except subprocess.CalledProcessError as error:
            raise NoSuchCommit(f"no commit is called {revision}") from error
        subprocess.run(("tar", "-x", "-C", folder), input=packed, check=True)  # noqa: S603, S607 - what git has packed
        own = {"PYTHONPATH": folder, "PYTHONPYCACHEPREFIX": str(Path(folder) / "bytecode")}
        yield replace(ROUTER, name=name, version=lambda: "", env={**ROUTER.env, **own})


def git(repository: Path, *arguments: str) -> bytes:
    """Return what git says of a repository."""
    command = ("git", "-C", str(repository), *arguments)
    return subprocess.run(command, check=True, capture_output=True).stdout  # noqa: S603 - our own words


def summary(figures: Figures, other: str) -> str:
    """Return the medians of the ratios of this tree to the other, in one line."""
    ratios = {key: figures.ratios(key, other) for key in figures.measured()}
    return f"to {other}: " + ", ".join(f"{key} {median(one):.3f}" for key, one in ratios.items() if one)


if __name__ == "__main__":
    typer.run(main)
