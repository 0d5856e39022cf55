"""What the contestants are asked, one module for each kind of work."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.gateways.contestants import Running
from benchmarks.gateways.stand import Stand
from benchmarks.gateways.workloads import bulk, embedded, film, scale, start, streamed, uploads, whole

Measuring = Callable[[Stand, Running], Iterator[tuple[str, float]]]
"""Measures one contestant: yields the measures' keys and the figures."""


@dataclass(frozen=True)
class Workload:
    """What is asked, of all or of us alone, and whether of the vendor itself too.

    Each part is asked of everybody before the next is of anybody: what is compared is measured within the same seconds.
    """

    name: str
    parts: Sequence[Measuring]
    ours_alone: bool = False
    direct_too: bool = False


START: Final = Workload("start", [start.measure])
WORKLOADS: Final = (
    START,
    Workload("whole-speech", whole.PARTS, direct_too=True),
    Workload("streamed-speech", [streamed.first_bytes], direct_too=True),
    Workload("paced-streams", [streamed.capacity]),
    Workload("bulk", [bulk.measure]),
    Workload("film", [film.measure], direct_too=True),
    Workload("embedded", [embedded.measure], ours_alone=True),
    Workload("scale", [scale.measure], ours_alone=True),
    Workload("uploads", uploads.PARTS),
)
"""In the order they are asked. Memory is looked at first, and uploads come last: who holds whole recordings in memory
does not give it back."""
