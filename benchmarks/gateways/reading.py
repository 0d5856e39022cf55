"""What one measurement gave."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.gateways.load.job import Tally

MICRO = 1e6
MEGA = 1e6


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that a share of all do not exceed (nearest rank); infinite for none, which is no good news."""
    if not values:
        return float("inf")
    rank = max(-int(-share * len(values) // 1), 1)
    return sorted(values)[rank - 1]


@dataclass(frozen=True)
class Reading:
    """A tally, and what the contestant spent meanwhile: CPU seconds, and bytes above the beginning.

    If only one request failed there are no figures: costs and times are infinite, rates are nothing.
    """

    tally: Tally
    seconds: float
    cpu: float
    grown: int

    @property
    def answers(self) -> int:
        """How many requests were answered, if all were."""
        return 0 if self.tally.failures else len(self.tally.whole)

    @property
    def rate(self) -> float:
        """Answers per second."""
        return self.answers / self.seconds

    @property
    def cpu_each(self) -> float:
        """Microseconds of CPU per answer."""
        return self.cpu / self.answers * MICRO if self.answers else float("inf")

    @property
    def megabytes(self) -> float:
        """Megabytes per second that came back."""
        return self.tally.size / self.seconds / MEGA if self.answers else 0.0

    def first(self, share: float) -> float:
        """Milliseconds to the first byte."""
        return self._share(self.tally.first, share)

    def whole(self, share: float) -> float:
        """Milliseconds to the last byte."""
        return self._share(self.tally.whole, share)

    def late(self, share: float) -> float:
        """Milliseconds that marked pieces came later than due."""
        return self._share(self.tally.late, share)

    def _share(self, seconds: Sequence[float], share: float) -> float:
        return percentile([] if self.tally.failures else seconds, share) * 1e3
