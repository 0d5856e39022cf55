"""Who goes next when many wait: each team in proportion to its weight, whatever the others have waiting.

Start-time fair queueing (Goyal, Vin and Cheng, 1996), every call counting as one. A team's n-th in line is
due at virtual time `start + n / weight`; whoever is due soonest goes, and virtual time is when the last one
to go was due. Pure: no clock, no event loop.
"""

import math
from collections import OrderedDict
from collections.abc import Hashable, Mapping
from heapq import heappop, heappush
from itertools import count
from types import MappingProxyType
from typing import Final, Generic, TypeVar

import msgspec

T = TypeVar("T", bound=Hashable)

EVEN: Final[Mapping[str, float]] = MappingProxyType({})
USUAL_WEIGHT: Final = 1.0
"""Of a team that none is given for."""
ROUNDING: Final = 1e-9
"""Of a call: virtual times closer than this are the same."""


class Lane(msgspec.Struct, Generic[T]):
    """One team's line: `start` is when its first is due, `lined_up` whether the team is among those to choose from."""

    weight: float
    start: float = 0.0
    lined_up: bool = False
    waiting: OrderedDict[T, None] = msgspec.field(default_factory=OrderedDict)

    def due(self, number: int) -> float:
        """Return when the one behind `number` others is due."""
        return self.start + number / self.weight

    def due_by(self, time: float) -> int:
        """Return how many of those waiting are due by a virtual time."""
        return max(0, min(len(self.waiting), math.floor((time - self.start) * self.weight + ROUNDING) + 1))


class FairQueue(Generic[T]):
    """Those who wait, by team. Going, leaving and joining cost O(log teams), however many wait."""

    def __init__(self, weights: Mapping[str, float] = EVEN) -> None:
        self.weights = weights
        self.lanes: dict[str, Lane[T]] = {}
        self.time = 0.0
        self._size = 0
        self._line: list[tuple[float, int, str]] = []
        self._order = count()

    def __len__(self) -> int:
        return self._size

    def waiting(self, team: str) -> int:
        """Return how many of a team wait."""
        return len(self._lane(team).waiting)

    def ahead(self, team: str) -> int:
        """Return how many would go before a newcomer of a team if nobody else came: O(teams)."""
        lane = self._lane(team)
        due = max(lane.due(len(lane.waiting)), self.time)
        return sum(other.due_by(due) for other in self.lanes.values())

    def push(self, team: str, one: T) -> None:
        """Join the end of a team's line."""
        lane = self._lane(team)
        lane.waiting[one] = None
        self._size += 1
        if not lane.lined_up:
            # Virtual time has gone on while nobody of the team waited: idleness saves up nothing.
            lane.start = max(lane.start, self.time)
            self._line_up(team, lane)

    def pop(self) -> T:
        """Return whose turn it is. Raises `KeyError` when nobody waits."""
        while self._line:
            _, _, team = heappop(self._line)
            lane = self.lanes[team]
            lane.lined_up = False
            if lane.waiting:
                return self._go(team, lane)
        raise KeyError("nobody waits")

    def discard(self, team: str, one: T) -> None:
        """Take out one who waits no longer, and those behind move up; nothing happens if it is not there."""
        waiting = self._lane(team).waiting
        if one in waiting:
            del waiting[one]
            self._size -= 1

    def weigh(self, weights: Mapping[str, float]) -> None:
        """Give the teams other weights; nobody loses the place they have reached."""
        self.weights = weights
        for team, lane in self.lanes.items():
            lane.weight = weights.get(team, USUAL_WEIGHT)

    def _go(self, team: str, lane: Lane[T]) -> T:
        one, _ = lane.waiting.popitem(last=False)
        self._size -= 1
        self.time, lane.start = lane.start, lane.due(1)
        if lane.waiting:
            self._line_up(team, lane)
        return one

    def _line_up(self, team: str, lane: Lane[T]) -> None:
        # A lane that empties keeps its place until it comes up: never before virtual time, so nothing is gained.
        lane.lined_up = True
        heappush(self._line, (lane.start, next(self._order), team))

    def _lane(self, team: str) -> Lane[T]:
        lane = self.lanes.get(team)
        if lane is None:
            lane = self.lanes[team] = Lane(self.weights.get(team, USUAL_WEIGHT))
        return lane
