"""What teams have used, as counters that are raised before the work and put right after it.

A claim raises several counters, or none if one of them would come above its limit. Its end says what was used indeed. Both
name the claim, so either may be repeated when its answer was lost. Amounts are whole numbers; times are unix seconds.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Final, Protocol, Self

import msgspec

from router.contract import MediaError

TIDY: Final = 4096
"""Counters in memory above which those are forgotten whose time is over."""
LATEST: Final = 10_000
"""Ends of claims in memory that are remembered, so that the same one, said again, changes nothing."""
SLOTS: Final = -1
"""In place of an entry's number: it was the requests at once that were too many."""


class CountersUnavailable(MediaError):
    """Nobody can say what was used; `retry_after` in seconds. `asked`: the claim may have been granted all the same."""

    status = 503
    code = "limits_unavailable"
    retry_after = 2.0

    def __init__(self, message: str, *, asked: bool = False, **rest: Any) -> None:
        super().__init__(message, **rest)
        self.asked = asked


class Entry(msgspec.Struct, frozen=True):
    """A counter to be raised, and not above `limit`. It counts amounts of number `unit`, and is forgotten at `until`."""

    key: str
    unit: int
    amount: int
    limit: int
    until: int


class Claim(msgspec.Struct, frozen=True):
    """Something that is about to be used. `most` requests of a `team` may be under way at once, None being any number."""

    id: str
    team: str
    entries: tuple[Entry, ...]
    most: int | None = None


class Count(msgspec.Struct, frozen=True):
    """How its entries' counters and the requests at once stand, with a claim that was granted, or without one refused.

    `refused` is the number of the first entry that does not fit, or `SLOTS`.
    """

    used: Sequence[int]
    running: int = 0
    refused: int | None = None


class Ending(msgspec.Struct, frozen=True):
    """What of a claim was used, by the number of its unit; None where that is what was claimed.

    The claim may be one made anew by its id: what was claimed is known to whoever granted it.
    """

    claim: Claim
    amounts: tuple[int | None, ...]


class Counters(Protocol):
    """Whoever counts, while it is entered. `there` says whether it can, as far as is known."""

    there: bool

    async def __aenter__(self) -> Self:
        """Begin."""

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave nothing uncounted."""

    async def claim(self, claim: Claim) -> Count:
        """Raise every counter of a claim, or none. Raises `CountersUnavailable`."""

    def end(self, ending: Ending) -> None:
        """Put the counters right, now or soon, also those of a claim that was never granted."""


class LocalCounters:
    """Counters of this process, which begin at nothing; `wall` gives unix time."""

    def __init__(self, wall: Callable[[], float]) -> None:
        self.wall = wall
        self.there = True
        self._used: dict[str, int] = {}
        self._until: dict[str, int] = {}
        self._running: dict[str, int] = {}
        self._granted: dict[str, Claim] = {}
        self._ended: OrderedDict[str, None] = OrderedDict()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is held open."""

    async def claim(self, claim: Claim) -> Count:
        """Raise every counter of a claim, or none."""
        stood = [self._used.get(one.key, 0) for one in claim.entries]
        running = self._running.get(claim.team, 0)
        if claim.id in self._granted:
            return Count(stood, running)
        for number, (entry, used) in enumerate(zip(claim.entries, stood, strict=True)):
            if used + entry.amount > entry.limit:
                return Count(stood, running, number)
        if claim.most is not None and running >= claim.most:
            return Count(stood, running, SLOTS)
        self._grant(claim)
        return Count([self._used[one.key] for one in claim.entries], running + (claim.most is not None))

    def end(self, ending: Ending) -> None:
        """Put the counters right. What was claimed in the process before, or of nobody, is booked by what was used."""
        name = ending.claim.id
        if name in self._ended:
            return
        self._ended[name] = None
        if len(self._ended) > LATEST:
            self._ended.popitem(last=False)
        granted = self._granted.pop(name, None)
        for entry in (granted or ending.claim).entries:
            used = ending.amounts[entry.unit]
            change = (entry.amount if used is None else used) - (entry.amount if granted else 0)
            if change:
                self._used[entry.key] = self._used.get(entry.key, 0) + change
                self._until[entry.key] = entry.until
        if granted and granted.most is not None:
            self._running[granted.team] -= 1

    def _grant(self, claim: Claim) -> None:
        if len(self._used) > TIDY:
            self._tidy()
        self._granted[claim.id] = claim
        for one in claim.entries:
            self._used[one.key] = self._used.get(one.key, 0) + one.amount
            self._until[one.key] = one.until
        if claim.most is not None:
            self._running[claim.team] = self._running.get(claim.team, 0) + 1

    def _tidy(self) -> None:
        now = self.wall()
        for key in [key for key, until in self._until.items() if until <= now]:
            del self._used[key], self._until[key]
