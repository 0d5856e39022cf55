"""What callers are told to do and what they tell afterwards; both pass between processes as JSON."""

from collections import Counter
from collections.abc import Iterable

import msgspec


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """Requests to send. Times are seconds of the monotonic clock, which all processes of a machine share.

    `request` is the file that holds a request, head and body. Callers start at any moment from `start` to `spread`
    seconds later; answers count if they end from `begin` to `end`. Where `each` is given a caller sends so many and
    `end` is when it gives up.
    """

    host: str
    port: int
    request: str
    connections: int
    start: float
    spread: float
    begin: float
    end: float
    each: int | None = None
    marked: bool = False


class Tally(msgspec.Struct):
    """What came back: seconds from the request's first byte to the body's first and to its last; failures by kind.

    `late` has how much later than due each marked piece came, in seconds. `ended` is when the last answer did.
    """

    first: list[float] = []
    whole: list[float] = []
    size: int = 0
    failures: dict[str, int] = {}
    late: list[float] = []
    ended: float = 0.0

    @classmethod
    def sum(cls, tallies: Iterable["Tally"]) -> "Tally":
        """Add up what several processes counted."""
        total, failures = cls(), Counter[str]()
        for one in tallies:
            total.first += one.first
            total.whole += one.whole
            total.late += one.late
            total.size += one.size
            failures.update(one.failures)
            total.ended = max(total.ended, one.ended)
        total.failures = dict(failures)
        return total
