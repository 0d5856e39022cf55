"""A bound on asking twice: when everything is slow every request would like to, and would make it slower still."""

from typing import Final

REQUESTS_EACH: Final = 20
"""Requests that pay for one hedge: at most 5 % more calls."""
MOST_SAVED: Final = 10
"""Hedges that can be saved up: as many may follow one another at once."""


class HedgeBudget:
    """One route's leave to hedge: a token bucket that fills by requests and not by time. Pure.

    It begins empty, so that no run of requests ever had more than its share. It counts in requests, which are
    whole numbers: twenty times 0.05 is not quite one. Each of several processes saves up its part.
    """

    def __init__(self, processes: int = 1) -> None:
        self.saved = 0
        self.most = max(MOST_SAVED // processes, 1) * REQUESTS_EACH

    def note(self) -> None:
        """Count a request."""
        self.saved = min(self.saved + 1, self.most)

    def take(self) -> bool:
        """Take leave for one hedge, if there is any left."""
        if self.saved < REQUESTS_EACH:
            return False
        self.saved -= REQUESTS_EACH
        return True
