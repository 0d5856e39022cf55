"""What vendor and callers can do with nobody between them: no contestant may come near it."""

from collections.abc import Iterator, Mapping
from typing import Final

from benchmarks.gateways.figures import Figures
from benchmarks.gateways.stand import DIRECT, Stand
from benchmarks.gateways.workloads import bulk, streamed, whole

NEAR: Final = 0.5
RATE, BULK, PACED = "whole-64/rate", "bulk/rate", "paced/most"


def ceilings(stand: Stand) -> Mapping[str, float]:
    """Return answers per second, megabytes per second, and paced streams, these only to a power of two."""
    rate = whole.read(stand, stand.vendor, whole.BUSY).rate
    (_, poured), *_ = bulk.measure(stand, stand.vendor)
    count = streamed.FIRST_TRY
    while count < streamed.MOST and streamed.in_time(streamed.paced(stand, stand.vendor, 2 * count), 2 * count):
        count *= 2
    return {RATE: rate, BULK: poured, PACED: float(count)}


def near(figures: Figures, limits: Mapping[str, float]) -> Iterator[str]:
    """Yield who came near a ceiling: what was measured there was not only the contestant."""
    for key, limit in limits.items():
        for name in figures.versions:
            most = max(figures.of(key, name), default=0.0)
            if name != DIRECT and most > NEAR * limit:
                yield f"{name} reached {most:,.0f} in {key}, over {NEAR:.0%} of the {limit:,.0f} that go without anybody"
