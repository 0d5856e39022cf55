"""A chart for the documents: how many times worse than nginx each contestant is, measure by measure."""

import sys
from pathlib import Path
from typing import Final

import pygal

from benchmarks.gateways.contestants import NGINX
from benchmarks.gateways.figures import US, Figures, read
from benchmarks.gateways.measures import MEASURES
from benchmarks.gateways.table import number, times_worse

MARKS: Final = (0.5, 1, 10, 100, 1000)
SHOWN: Final = ("whole-64/cpu", "whole-1/p50", "paced/cpu", "paced/most", "bulk/rate", "upload-25-16/rate")


def main() -> None:
    """Draw the run whose file is named first into the file named second."""
    write(read(Path(sys.argv[1])), Path(sys.argv[2]))


def write(figures: Figures, file: Path) -> None:
    """Draw medians on a logarithmic scale; what failed or was not asked has no bar."""
    chart = pygal.HorizontalBar(
        title=f"Times worse than nginx, {len(figures.rounds)} rounds on {figures.machine.note}",
        logarithmic=True, js=(), width=900, height=600, truncate_label=-1, print_values=True,
        legend_at_bottom=True, value_formatter=lambda value: f"{number(value)}x" if value else "", zero=MARKS[0],
    )  # fmt: skip
    chart.y_labels = MARKS
    shown = [key for key in SHOWN if figures.ratios(key, NGINX.name)]
    chart.x_labels = [MEASURES[key].title for key in shown]
    for name in (US, *(one for one in figures.versions if one not in {US, NGINX.name})):
        chart.add(name, [times_worse(figures, key, name) for key in shown])
    file.write_bytes(chart.render())


if __name__ == "__main__":
    main()
