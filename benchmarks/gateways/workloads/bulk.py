"""Streams of 5 MB that go as fast as they are taken."""

from collections.abc import Iterator
from typing import Final

from benchmarks.gateways.contestants import Running
from benchmarks.gateways.stand import Load, Stand
from benchmarks.gateways.workloads import asks

AT_ONCE: Final = 8


def measure(stand: Stand, running: Running) -> Iterator[tuple[str, float]]:
    """Ask for them."""
    ask = asks.speech("bulk", response_format="pcm")
    yield "bulk/rate", stand.gauge(running, ask, Load(AT_ONCE, stand.seconds)).megabytes
