"""Recordings that go up to be written down: how fast, and in how much memory."""

from collections.abc import Iterator
from functools import partial
from typing import Final

from benchmarks.gateways.contestants import Running
from benchmarks.gateways.measures import UPLOADS
from benchmarks.gateways.stand import Load, Stand
from benchmarks.gateways.workloads import asks

MEGABYTES: Final = 800
"""How much goes up in all, for each measurement; if that is less than one recording for each, one for each."""
WITHIN: Final = 180.0


def measure(size: int, count: int, stand: Stand, running: Running) -> Iterator[tuple[str, float]]:
    """Have each caller send its share of recordings of a size; nobody starts before the others are ready."""
    each = max(round(MEGABYTES * share(stand) / size / count), 1)
    got = stand.gauge(running, asks.transcription(size), Load(count, WITHIN, each))
    name = f"upload-{size}-{count}"
    yield f"{name}/rate", got.answers * size / got.seconds
    yield f"{name}/cpu", got.cpu_each
    yield f"{name}/grown", got.grown / 1e6


PARTS: Final = tuple(partial(measure, size, count) for size, count in UPLOADS)


def share(stand: Stand) -> float:
    """Return the share of a full run that goes up: short runs are short here too."""
    return min(stand.seconds / Stand.seconds, 1.0)
