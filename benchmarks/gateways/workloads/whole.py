"""Speech that comes whole, 48 KB of MP3, to few callers and to many."""

from collections.abc import Iterator
from functools import partial
from typing import Final

from benchmarks.gateways.contestants import Running
from benchmarks.gateways.measures import CONNECTIONS
from benchmarks.gateways.reading import Reading
from benchmarks.gateways.stand import Load, Stand
from benchmarks.gateways.workloads import asks

BUSY = 64


def measure(count: int, stand: Stand, running: Running) -> Iterator[tuple[str, float]]:
    """Ask at a number of connections."""
    got = read(stand, running, count)
    yield f"whole-{count}/cpu", got.cpu_each
    yield f"whole-{count}/rate", got.rate
    yield f"whole-{count}/p50", got.whole(0.50)
    yield f"whole-{count}/p99", got.whole(0.99)


PARTS: Final = tuple(partial(measure, count) for count in CONNECTIONS)


def again(stand: Stand, running: Running) -> Iterator[tuple[str, float]]:
    """Measure a second time what it costs, to see how far two of the same are apart."""
    yield "noise/again", read(stand, running, BUSY).cpu_each


def read(stand: Stand, running: Running, connections: int) -> Reading:
    """Ask for whole speech."""
    return stand.gauge(running, asks.speech("whole"), Load(connections, stand.seconds))
