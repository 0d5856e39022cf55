"""What to do after a failure: whom to ask next, and when. It decides by the error's class alone."""

from collections.abc import Callable
from random import Random
from typing import Final

import msgspec

from router.contract import Busy, Next, ProviderFailed
from router.engine.policy import Candidate

BASE: Final = 0.05
"""Seconds: the first upper bound of the full jitter after a fault of transport (AWS SDK's figure)."""
LONGEST: Final = 20.0
TRIES_BEFORE_ELSEWHERE: Final = 2
"""A passing fault is worth a second try at the same place, while the budget still covers all the others."""


class Step(msgspec.Struct, frozen=True):
    """Ask `candidate`, after `wait` seconds."""

    candidate: Candidate
    wait: float = 0.0


class Plan(msgspec.Struct, eq=False):
    """One request's way through its candidates: with so many `attempts` over all of them, and a `deadline` in clock time."""

    candidates: tuple[Candidate, ...]
    attempts: int
    deadline: float
    now: Callable[[], float]
    random: Random
    tries: dict[Candidate, int] = {}
    failures: list[tuple[Candidate, ProviderFailed]] = []

    def first(self) -> Step | None:
        """Return the first step: somebody free, or whoever will be soonest if it is in time.

        When breakers would eject everybody, the best of them is asked all the same.
        """
        return self._free() or self._soonest() or self._spite_breaker()

    def after(self, candidate: Candidate, failure: ProviderFailed) -> Step | None:
        """Return the step after a failure, or None when the request is lost."""
        self.failed(candidate, failure)
        if failure.next is Next.STOP or self._left() <= 0:
            return None
        if failure.next is not Next.AGAIN or isinstance(failure, Busy):
            return self._free() or self._soonest()
        if self.tried(candidate) >= TRIES_BEFORE_ELSEWHERE:
            return self._free() or self._soonest() or self._again(candidate)
        if self._left() > self._untried() and candidate.health.free(self.now()):
            return self._again(candidate) or self._free() or self._soonest()
        return self._free() or self._again(candidate) or self._soonest()

    def failed(self, candidate: Candidate, failure: ProviderFailed) -> None:
        """Take in the failure of a call that was not the plan's own step."""
        self.tries[candidate] = self.tried(candidate) + 1
        self.failures.append((candidate, failure))

    def beside(self, candidate: Candidate) -> Candidate | None:
        """Return whom to ask as well while `candidate` is at work: somebody of another provider, free, with room.

        None when there is nobody, or when the budget covers no further attempt.
        """
        if self._left() <= 1:
            return None
        now = self.now()
        others = (one for one in self.candidates if one.provider != candidate.provider and one not in self.tries)
        return next((one for one in others if one.health.free(now) and one.health.has_room), None)

    def tried(self, candidate: Candidate) -> int:
        """Return how often a candidate has failed."""
        return self.tries.get(candidate, 0)

    def _left(self) -> int:
        return self.attempts - len(self.failures)

    def _untried(self) -> int:
        """Return how many have not been asked, those who are not free now included: they may be, one attempt later."""
        return sum(one not in self.tries for one in self.candidates)

    def _free(self) -> Step | None:
        now = self.now()
        for one in self.candidates:
            if one not in self.tries and one.health.free(now):
                return Step(one)
        return None

    def _soonest(self) -> Step | None:
        """Wait for a target that named its time, never less than it asked, if that is before the deadline."""
        now = self.now()
        blocked = [one for one in self.candidates if one.health.blocked_until > now and self._patient(one)]
        soonest = min(blocked, key=lambda one: one.health.blocked_until, default=None)
        if soonest is None or soonest.health.blocked_until >= self.deadline:
            return None
        return Step(soonest, soonest.health.blocked_until - now)

    def _patient(self, candidate: Candidate) -> bool:
        """A blocked target is worth waiting for unless it failed this request in another way than being busy."""
        return all(isinstance(failure, Busy) for one, failure in self.failures if one is candidate)

    def _spite_breaker(self) -> Step | None:
        now = self.now()
        asked = (one for one in self.candidates if one.health.blocked_until <= now)
        return next((Step(one) for one in asked), None)

    def _again(self, candidate: Candidate) -> Step | None:
        now = self.now()
        bound = min(BASE * 2 ** self.tried(candidate), LONGEST)
        wait = max(self.random.uniform(0, bound), candidate.health.blocked_until - now)
        in_time = now + wait < self.deadline
        return Step(candidate, wait) if in_time and candidate.health.budget.take(now) else None
