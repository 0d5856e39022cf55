"""A chart for the documents: each measure in turn, all contestants as times nginx."""

from pathlib import Path
from statistics import median
from typing import Final

import pygal

from benchmarks.gateways.contestants import NGINX
from benchmarks.gateways.figures import US, Figures
from benchmarks.gateways.measures import MEASURES

SHOWN: Final = ("whole-64/cpu", "whole-1/p50", "paced/cpu", "paced/most", "bulk/rate", "upload-25-16/rate")


def write(figures: Figures, file: Path) -> None:
    """Draw the medians of ratios to nginx on a logarithmic scale; what failed or was not asked has no bar."""
    chart = pygal.HorizontalBar(
        title=f"Times nginx, median of {len(figures.rounds)} rounds, {figures.machine.note}",
        logarithmic=True, js=(), width=900, height=600, truncate_label=-1, print_values=True,
        legend_at_bottom=True, value_formatter=lambda value: f"{value:.3g}x" if value else "",
    )  # fmt: skip
    shown = [key for key in SHOWN if figures.ratios(key, NGINX.name)]
    chart.x_labels = [MEASURES[key].title for key in shown]
    for name in (US, *(one for one in figures.versions if one not in {US, NGINX.name})):
        chart.add(name, [bar(figures, key, name) for key in shown])
    file.write_bytes(chart.render())


def bar(figures: Figures, key: str, name: str) -> float | None:
    """Return a bar's length."""
    found = figures.ratios(key, NGINX.name, name)
    middle = median(found) if found else 0.0
    return middle if 0 < middle < float("inf") else None
