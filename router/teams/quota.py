"""A team's allowances: which counters a request raises, and what the team is told of them.

`RateLimit` and `RateLimit-Policy` are those of draft-ietf-httpapi-ratelimit-headers-10. Media is told in whole seconds and
money in whole units of its currency.
"""

from collections.abc import Sequence
from math import ceil
from typing import Any, Final

from router.contract import OverQuota
from router.engine.settings import Allowance, Limits, Unit
from router.engine.settings.allowances import MICRO
from router.store.counters import Count, Entry
from router.teams.spans import LENGTHS, begun_and_ends

UNITS: Final = tuple(Unit)
"""The order of amounts: every tuple of them has one for each unit."""
Amounts = tuple[int, ...]
DIVISORS: Final = {Unit.AUDIO: 1000, Unit.VIDEO: 1000, Unit.SPEND: MICRO}
NAMES: Final = {Unit.AUDIO: "seconds", Unit.VIDEO: "seconds"}
AT_ONCE: Final = "concurrent"
SOON: Final = 1.0
"""Seconds after which one of the requests at once may have ended."""
SPENT: Final = 402
"""Money that is gone does not come back by waiting a moment: callers should not try by themselves."""


class Meter:
    """One allowance of one team. Its counter is another one in every span; `used` is how that stood when last seen."""

    def __init__(self, team: str, allowance: Allowance) -> None:
        self.allowance = allowance
        self.team = team
        self.unit = UNITS.index(allowance.unit)
        self.name = f"{allowance.unit.value}-{allowance.span.value}"
        self.divisor = DIVISORS.get(allowance.unit, 1)
        self.ends = 0
        self.key = ""
        self.used = 0

    def entry(self, amount: int, now: float) -> Entry:
        """Return what an amount raises now."""
        if now >= self.ends:
            begun, self.ends = self._span(now)
            self.key = f"{{{self.team}}}:{self.name}:{begun}"
        return Entry(self.key, self.unit, amount, self.allowance.amount, self.ends)

    def entry_of(self, amount: int, then: float) -> Entry:
        """Return what an amount raised at another time than now."""
        begun, ends = self._span(then)
        return Entry(f"{{{self.team}}}:{self.name}:{begun}", self.unit, amount, self.allowance.amount, ends)

    def share(self, now: float) -> float:
        """Return how much of it was used when it was last seen: nothing in a new span."""
        return self.used / self.allowance.amount if now < self.ends and self.allowance.amount else 0.0

    def policy(self) -> str:
        """Return how `RateLimit-Policy` tells it."""
        allowed = self.allowance
        window = LENGTHS.get(allowed.span)
        length = f";w={window}" if window else ""
        unit = allowed.currency or NAMES.get(allowed.unit, allowed.unit.value)
        return f'"{self.name}";q={allowed.amount // self.divisor}{length};qu="{unit}"'

    def told(self, amount: int) -> str:
        """Return an amount as people read it."""
        named = self.allowance.currency or NAMES.get(self.allowance.unit, self.allowance.unit.value)
        return (
            f"{round(max(amount, 0) / self.divisor, 3):g} {named}" if self.divisor > 1 else f"{max(amount, 0)} {named}"
        )

    def standing(self, used: int, now: float) -> str:
        """Return how `RateLimit` tells it."""
        left = max(self.allowance.amount - used, 0) // self.divisor
        return f'"{self.name}";r={left};t={ceil(self.ends - now)}'

    def _span(self, time: float) -> tuple[int, int]:
        return begun_and_ends(self.allowance.span, time)


class Quota:
    """All allowances of a team; `most` requests at once, or any number."""

    def __init__(self, team: str, limits: Limits) -> None:
        self.team = team
        self.meters = tuple(Meter(team, one) for one in limits.allowances)
        self.most = limits.concurrent
        self.spends = any(one.allowance.unit is Unit.SPEND for one in self.meters)
        told = [meter.policy() for meter in self.meters]
        if self.most is not None:
            told.append(f'"{AT_ONCE}";q={self.most};qu="concurrent-requests"')
        self.policy = ", ".join(told)

    def meters_of(self, amounts: Amounts) -> Sequence[Meter]:
        """Return those that these amounts raise."""
        return [meter for meter in self.meters if amounts[meter.unit]]

    def headers(self, meters: Sequence[Meter], count: Count, now: float) -> tuple[tuple[str, str], ...]:
        """Return the two headers, with how the meters stand."""
        told = [meter.standing(used, now) for meter, used in zip(meters, count.used, strict=True)]
        if self.most is not None:
            told.append(f'"{AT_ONCE}";r={max(self.most - count.running, 0)}')
        return ("ratelimit-policy", self.policy), ("ratelimit", ", ".join(told))


class OverLimit(OverQuota):
    """One of a team's limits is reached; `name` is the limit's, `headers` say how all of them stand."""

    def __init__(self, message: str, name: str, headers: dict[str, str], **rest: Any) -> None:
        super().__init__(message, **rest)
        self.name = name
        self.headers = headers
