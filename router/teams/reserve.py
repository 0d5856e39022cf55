"""The door to work that costs something: a request claims what it may use before anybody is asked, and ends that claim after."""

import secrets
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

from router.contract import Outcome, Request, Task
from router.engine.billing import milliseconds
from router.engine.settings import RouterSettings, WhenAway
from router.store.counters import SLOTS, Claim, Count, Counters, CountersUnavailable, Ending, LocalCounters
from router.teams.entries import KEPT
from router.teams.estimate import Tariff, amounts_of
from router.teams.permissions import Names, restricted
from router.teams.quota import AT_ONCE, SOON, SPENT, UNITS, Amounts, Meter, OverLimit, Quota

Headers = tuple[tuple[str, str], ...]
NOTHING: Final = (0,) * len(UNITS)
UNCERTAIN: Final = frozenset({"truncated", "cancelled", "outcome_unknown"})
"""Ends of requests that a provider may have done all the same, once it was asked."""


class Hold:
    """What a request may use, until it is known what it did. `headers` tell how its team's limits stand."""

    __slots__ = ("_claim", "_counters", "headers")

    def __init__(self, claim: Claim, counters: Counters, headers: Headers = ()) -> None:
        self._claim = claim
        self._counters = counters
        self.headers = headers

    def end(self, outcome: Outcome) -> None:
        """Count what was used, now that the request is over."""
        self._counters.end(Ending(self._claim, used(outcome)))

    def release(self) -> None:
        """Count nothing, since nothing was done."""
        self._counters.end(Ending(self._claim, NOTHING))


class Admission:
    """Who may ask for what, and how much of it; made of one configuration, over counters that outlive it.

    `refusals` are how often each team's limits were in the way, `unmetered` how many requests were let through uncounted:
    whoever announces them takes them away. `new_id` gives claims their names.
    """

    def __init__(
        self,
        settings: RouterSettings,
        counters: Counters,
        wall: Callable[[], float],
        new_id: Callable[[], str] = lambda: secrets.token_hex(12),
    ) -> None:
        self.names = Names(settings.routes)
        self.permissions = restricted(settings.teams, self.names)
        self.quotas = {team.name: Quota(team.name, team.limits) for team in settings.teams if team.limits}
        self.tariff = Tariff(self.names, settings.prices)
        self.counters = counters
        self.wall = wall
        self.new_id = new_id
        self.open = settings.storage.limits_fail is WhenAway.OPEN
        self.refusals: Counter[tuple[str, str]] = Counter()
        self.unmetered = 0

    def check(self, team: str, request: Request) -> None:
        """Refuse what a team may not ask for at all. Raises `NotAllowed`."""
        permission = self.permissions.get(team)
        if permission is not None:
            permission.check(request)

    def may(self, team: str, task: Task, model: str | None) -> bool:
        """Whether a team may name a model, or none, for a task."""
        permission = self.permissions.get(team)
        return permission is None or permission.may(task, model)

    def reaches(self, team: str, provider: str, task: Task) -> bool:
        """Whether a provider may do a task for a team."""
        permission = self.permissions.get(team)
        return permission is None or permission.reaches(provider, task)

    async def admit(self, team: str, request: Request) -> Hold | None:
        """Let a request through that its team may make now; None where nothing of it is limited.

        Whoever made it must end the hold. Raises `NotAllowed`, `OverLimit` or `CountersUnavailable`.
        """
        self.check(team, request)
        quota = self.quotas.get(team)
        if quota is None:
            return None
        return await self._hold(quota, self._amounts(quota, request), self.new_id(), quota.most)

    async def admit_job(self, team: str, request: Request, job: str) -> Hold | None:
        """Do the same for work that goes on in the background under an id, which does not count as under way.

        Nor does a part of something that was let in as a whole, whose id is a new one.
        """
        self.check(team, request)
        quota = self.quotas.get(team)
        if quota is None:
            return None
        return await self._hold(quota, self._amounts(quota, request), job, None)

    async def enter(self, team: str) -> Hold | None:
        """Let something in that will ask for several things, and counts as one under way until its hold is released.

        None where any number may be. Raises `OverLimit` or `CountersUnavailable`.
        """
        quota = self.quotas.get(team)
        if quota is None or quota.most is None:
            return None
        return await self._hold(quota, NOTHING, self.new_id(), quota.most)

    def end_job(self, team: str, job: str, begun: float, amounts: tuple[int | None, ...]) -> None:
        """Count what a job has used that was let through at unix time `begun`, maybe by another process."""
        quota = self.quotas.get(team)
        if quota is not None:
            entries = tuple(meter.entry_of(0, begun) for meter in quota.meters)
            self.counters.end(Ending(Claim(job, team, entries), amounts))

    def _amounts(self, quota: Quota, request: Request) -> Amounts:
        return self.tariff.amounts_of(request) if quota.spends else amounts_of(request)

    async def _hold(self, quota: Quota, amounts: Amounts, name: str, most: int | None) -> Hold:
        now = self.wall()
        meters = quota.meters_of(amounts)
        claim = Claim(name, quota.team, tuple(one.entry(amounts[one.unit], now) for one in meters), most)
        try:
            count = await self.counters.claim(claim)
        except CountersUnavailable as error:
            if self.open:
                self.unmetered += 1
                return Hold(claim, self.counters)
            if error.asked:
                self.counters.end(Ending(claim, NOTHING))
            raise
        except BaseException:  # the caller left while it was counted
            self.counters.end(Ending(claim, NOTHING))
            raise
        for meter, stands in zip(meters, count.used, strict=True):
            meter.used = stands
        headers = quota.headers(meters, count, now)
        if count.refused is not None:
            raise self._refused(quota, meters, count, claim, dict(headers))
        return Hold(claim, self.counters, headers)

    def _refused(
        self, quota: Quota, meters: Sequence[Meter], count: Count, claim: Claim, headers: dict[str, str]
    ) -> OverLimit:
        if count.refused is None or count.refused == SLOTS:
            self.refusals[quota.team, AT_ONCE] += 1
            told = f"this team has {count.running} requests under way, and may have {quota.most} at once"
            return OverLimit(told, AT_ONCE, headers, limit=f"{quota.most} at once", retry_after=SOON)
        meter, entry = meters[count.refused], claim.entries[count.refused]
        self.refusals[quota.team, meter.name] += 1
        fits = entry.amount <= entry.limit
        return OverLimit(
            f"this request needs {meter.told(entry.amount)}, and this team has {meter.told(entry.limit - meter.used)} "
            f"left of {meter.told(entry.limit)} a {meter.allowance.span.value}",
            meter.name, headers, limit=f"{meter.told(entry.limit)}/{meter.allowance.span.value}",
            retry_after=max(entry.until - self.wall(), SOON) if fits else None,
            status=SPENT if meter.allowance.currency else None,
        )  # fmt: skip


def unlimited() -> Admission:
    """Return the door that lets everything pass."""
    return Admission(RouterSettings(providers={}, routes=()), LocalCounters(time.time), time.time)


def used(outcome: Outcome) -> tuple[int | None, ...]:
    """Return what a request used of each unit, None where that is what it claimed.

    What failed used nothing but the money that its calls may have cost; what may have been done counts as done. An answer
    that was there already is a request, and nothing else.
    """
    spent = outcome.cost
    if outcome.outcome == "ok" and outcome.cache in KEPT:
        return None, 0, 0, 0, spent
    if outcome.outcome == "ok":
        return None, None, None, milliseconds(outcome.video_seconds) or None, spent
    if outcome.outcome in UNCERTAIN and outcome.attempts:
        return None, None, None, None, spent
    return 0, 0, 0, 0, spent
