"""How long a target usually takes to its first byte, and so how long to wait before a second one is asked as well."""

from collections import deque
from math import ceil
from typing import Final

WINDOW: Final = 100
"""Calls that are remembered."""
FEWEST: Final = 10
"""With fewer than that nothing is usual yet."""
QUANTILE: Final = 0.95
SHORTEST: Final = 0.1
LONGEST: Final = 2.0
"""Seconds: nobody is slow sooner than the one or later than the other, whatever is usual (eRPC's bounds)."""


class FirstBytes:
    """The latest first-byte times of one target. Pure."""

    def __init__(self) -> None:
        self.latest: deque[float] = deque(maxlen=WINDOW)

    def note(self, seconds: float) -> None:
        """Remember one. A call that was given up may be noted too, as having taken at least so long."""
        self.latest.append(seconds)

    def usual(self) -> float:
        """Return the seconds within which 95 % of first bytes came (by nearest rank), kept within bounds."""
        slow = self.quantile(QUANTILE)
        if slow is None or len(self.latest) < FEWEST:
            return LONGEST
        return min(max(slow, SHORTEST), LONGEST)

    def quantile(self, share: float) -> float | None:
        """Return the seconds within which such a share of the remembered first bytes came, by nearest rank; None without any."""
        if not self.latest:
            return None
        return sorted(self.latest)[ceil(share * len(self.latest)) - 1]
