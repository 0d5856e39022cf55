"""How quiet the machine was: what the host took away, and what others used of the cores (proc_stat(5))."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.gateways import tree

BUSY = (0, 1, 2, 5, 6)
"""user, nice, system, irq, softirq."""
STOLEN = 7
ALL = range(8)


@dataclass(frozen=True)
class Moment:
    """CPU seconds since the machine started: all there were, those used, those stolen; and ours."""

    all: float
    busy: float
    stolen: float
    ours: float

    @classmethod
    def now(cls) -> "Moment":
        """Look."""
        first, _, _ = Path("/proc/stat").read_text().partition("\n")
        return cls.of([int(ticks) for ticks in first.split()[1:]], tree.cpu(os.getpid()))

    @classmethod
    def of(cls, ticks: Sequence[int], ours: float) -> "Moment":
        """Read the numbers of a `cpu` line."""

        def seconds(fields: Iterable[int]) -> float:
            return sum(ticks[one] for one in fields) * tree.TICK

        return cls(seconds(ALL), seconds(BUSY), seconds([STOLEN]), ours)

    def stolen_since(self, before: "Moment") -> float:
        """Return the share of all CPU time that the host gave to others."""
        return (self.stolen - before.stolen) / (self.all - before.all)

    def others_since(self, before: "Moment") -> float:
        """Return the share of all CPU time that went to processes that are none of ours."""
        return max((self.busy - before.busy - (self.ours - before.ours)) / (self.all - before.all), 0.0)


def spread(pairs: Iterable[tuple[float, float]]) -> float:
    """Return how far two measurements of the same were apart at most, as a share of the lesser."""
    return max((max(pair) / min(pair) - 1 for pair in pairs), default=0.0)
