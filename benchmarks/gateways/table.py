"""The tables: every figure with its ratio to ours, and the aims."""

from collections.abc import Iterator, Sequence
from math import isinf
from statistics import median

from rich.table import Table

from benchmarks.gateways.aims import AIMS, Aim
from benchmarks.gateways.contestants import NGINX
from benchmarks.gateways.figures import US, Figures
from benchmarks.gateways.measures import MEASURES
from benchmarks.gateways.noise import spread


def ratios(figures: Figures) -> Table:
    """Return what was measured: the median of each contestant, and ours to theirs as least, median and most."""
    names = [name for name in figures.versions if name != US]
    table = Table(title=f"{len(figures.rounds)} rounds; ours to theirs: least, median, most")
    table.add_column("measure")
    for name in (US, *names):
        table.add_column(headed(figures, name), justify="right")
    for key in figures.measured():
        measure = MEASURES[key]
        cells = [theirs(figures, key, name) for name in names]
        table.add_row(
            f"{measure.title} {f'({measure.unit})' if measure.unit else ''}", shown(figures.of(key, US)), *cells
        )
    return table


def headed(figures: Figures, name: str) -> str:
    """Return a contestant's name and version, and below it the interpreter that it ran on, if any."""
    return f"{name} {figures.versions.get(name, '')}\n{figures.pythons.get(name, '')}".rstrip()


def theirs(figures: Figures, key: str, name: str) -> str:
    """Return a contestant's median, and below it our ratios to it."""
    values = figures.of(key, name)
    found = figures.ratios(key, name)
    return f"{shown(values)}\n{spanned(found)}" if found else shown(values)


def shown(values: Sequence[float]) -> str:
    """Return the median, or why there is none."""
    if not values:
        return "-"
    middle = median(values)
    return "failed" if isinf(middle) else number(middle)


def spanned(values: Sequence[float]) -> str:
    """Return the least, the median and the most of some ratios."""
    return " ".join(f"{number(one)}x" for one in (min(values), median(values), max(values)))


def number(value: float) -> str:
    """Return three digits of it, or all before the point."""
    return f"{value:,.0f}" if abs(value) >= 100 or value == 0 else f"{value:.3g}"


def times_worse(figures: Figures, key: str, name: str) -> float | None:
    """Return how many times worse than nginx somebody is, None who failed; where more is better, a tenth is ten times."""
    found = figures.ratios(key, NGINX.name, name)
    middle = median(found) if found else 0.0
    if not 0 < middle < float("inf"):
        return None
    return middle if MEASURES[key].less_is_better else 1 / middle


def aims(figures: Figures) -> tuple[Table, list[str]]:
    """Return how far each aim was reached, and the names of those that were not."""
    table = Table(title="aims, by the median")
    for name in ("measure", "least", "median", "most", "bound", ""):
        table.add_column(name, justify="left" if name == "measure" else "right")
    breached: list[str] = []
    for aim in AIMS:
        values = aim.values(figures)
        if not values:
            continue
        if not (reached := aim.reached(values)):
            breached.append(aim.name)
        bound = f"{'at most' if aim.less_is_better else 'at least'} {number(aim.bound)} {aim.unit}"
        spots = [number(one) for one in (min(values), median(values), max(values))]
        table.add_row(aim.name, *spots, bound, "[green]reached[/green]" if reached else "[red]missed[/red]")
    return table, breached


def noise(figures: Figures) -> str:
    """Return how quiet the machine was, and how far two measurements of the same were apart."""
    said = [
        f"stolen by the host: {max(figures.noise.stolen, default=0.0):.1%} of the CPU time at most",
        f"used by others: {max(figures.noise.others, default=0.0):.1%} at most",
    ]
    if apart := [f"{name} {most:.1%}" for name, most in twice(figures)]:
        said.append(f"measured twice in a round, apart by at most: {', '.join(apart)}")
    return "noise: " + ", ".join(said)


def twice(figures: Figures) -> Iterator[tuple[str, float]]:
    """Yield how far two measurements of the same cost were apart at most: of nginx, of us, and of the ratio."""
    first, second = ("whole-64/cpu", "noise/again")
    for name in (NGINX.name, US):
        if again := figures.of(second, name):
            yield name, spread(zip(figures.of(first, name), again, strict=True))
    if again := figures.ratios(second, NGINX.name):
        yield "the ratio", spread(zip(figures.ratios(first, NGINX.name), again, strict=False))


def summary(figures: Figures, breached: Sequence[str]) -> str:
    """Return the figures in one line: our ratios where there are any, and the aims."""
    measured = [aim for aim in AIMS if aim.values(figures)]
    told = [f"{aim.measure} {number(median(aim.values(figures)))}{said(aim)}" for aim in measured]
    return f"{len(measured) - len(breached)} of {len(measured)} aims reached: {', '.join(told)}"


def said(aim: Aim) -> str:
    """Return what follows the value of an aim."""
    return f"x {aim.against}" if aim.against else f" {aim.unit}".rstrip()
