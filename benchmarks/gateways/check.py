"""`make bench-check`: no ratio of the newest run may be worse than the last recorded one by more than a tenth."""

import sys
from collections.abc import Iterator
from statistics import median
from typing import Final

from rich.console import Console

from benchmarks.gateways.aims import AIMS, Aim
from benchmarks.gateways.figures import Figures, kept, read

WORSE: Final = 1.10


def complaints(new: Figures, old: Figures) -> Iterator[str]:
    """Yield what became worse, and what is no longer measured."""
    for aim in AIMS:
        before, now = aim.values(old), aim.values(new)
        if aim.unit != "x" or not before:
            continue
        if not now:
            yield f"{aim.name}: no longer measured"
        elif (times := worse(aim, median(now), median(before))) > WORSE:
            yield f"{aim.name}: {median(now):.4g} instead of {median(before):.4g}, {times:.2f} times worse"


def worse(aim: Aim, now: float, before: float) -> float:
    """Return how many times worse it is; below 1 where it is better."""
    bad, good = (now, before) if aim.less_is_better else (before, now)
    if bad == good:
        return 1.0
    return bad / good if good > 0 else float("inf")


def main() -> int:
    """Compare the newest two runs that are kept, and return the exit status."""
    console = Console(highlight=False, soft_wrap=True)
    runs = kept()
    if len(runs) < 2:
        console.print(f"{len(runs)} of 2 runs are recorded: nothing to compare")
        return 0
    old, new = (read(file) for file in runs[-2:])
    if old.machine != new.machine:
        console.print(f"[yellow]not the same machine: {old.machine}, then {new.machine}[/yellow]")
    if old.pythons != new.pythons:
        console.print(f"[yellow]not the same interpreters: {old.pythons}, then {new.pythons}[/yellow]")
    found = list(complaints(new, old))
    for one in found:
        console.print(f"[red]{one}[/red]")
    console.print(f"{new.when} against {old.when}: {len(found)} ratios are worse by over {WORSE - 1:.0%}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
