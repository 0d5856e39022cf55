"""What is known of each target: its breaker, until when it asked to be left alone, its load and its pace."""

import math
from collections.abc import Mapping
from random import Random
from types import MappingProxyType
from typing import Final

from router.contract import (
    BadOutput,
    Busy,
    Misconfigured,
    ProviderFailed,
    Shed,
    Task,
    TimedOut,
    Unavailable,
)
from router.engine.breaker import BAD, FIRST_PAUSE, NEITHER, Breaker, Permit, Verdict
from router.engine.budget import RetryBudget
from router.engine.first_bytes import FirstBytes
from router.engine.slots import Slots

REFUSED_PAUSE: Final = 30.0
"""Seconds a target is passed over after it refused our credential: only a person can mend that."""
CREDENTIAL_REFUSED: Final = frozenset({401, 402, 403, 429})
"""429 too: some vendors say so, as `insufficient_quota`, that the account has nothing left."""
HINTLESS_PAUSE: Final = 1.0
"""Seconds a busy target is left alone when it does not say for how long."""
SMOOTHING: Final = 0.2
"""Weight of the newest first-byte time in the moving average."""
SHORTEST_PROBE: Final = 1.0
PROBE_FACTOR: Final = 4.0
"""A probe may take so much longer than first bytes take there on average, and a second in any case."""
TARGETS_FAULT: Final = (Unavailable, TimedOut, BadOutput)


class TargetHealth:
    """One provider doing one task."""

    def __init__(self, random: Random, slots: Slots | None = None, processes: int = 1) -> None:
        self.breaker = Breaker(random)
        self.budget = RetryBudget(processes)
        self.slots = slots or Slots(None)
        self.blocked_until = 0.0
        self.refused_until = 0.0
        self.first_byte: float | None = None
        self.first_bytes = FirstBytes()

    def free(self, now: float) -> bool:
        """Whether it may be asked now: not blocked, credential not refused, breaker willing."""
        return now >= self.blocked_until and now >= self.refused_until and self.breaker.allows(now)

    @property
    def has_room(self) -> bool:
        """Whether a call would have a slot at once."""
        return self.slots.limit is None or self.load < self.slots.limit

    @property
    def load(self) -> int:
        """Calls under way and waiting."""
        return self.slots.taken + len(self.slots.queue)

    def patience(self) -> float:
        """Return the seconds that a probe's first byte may take: a caller should not pay for our curiosity.

        It grows with the breaker's pause, so that a target which has become slow for good is let in again in the end.
        """
        if self.first_byte is None:
            return math.inf
        return max(SHORTEST_PROBE, PROBE_FACTOR * self.first_byte) * self.breaker.pause / FIRST_PAUSE

    def enter(self, now: float) -> Permit:
        """Begin a call for which a slot was taken."""
        self.budget.note(now)
        return self.breaker.enter(now)

    def leave(self, permit: Permit, verdict: Verdict, now: float) -> None:
        """End a call, whichever way it went."""
        self.slots.give_back(now - permit.began)
        self.breaker.settle(permit, verdict, now)

    def learn(self, failure: ProviderFailed, now: float) -> Verdict:
        """Take in what a failure says; 429 blocks by time and never counts against the breaker."""
        if isinstance(failure, Busy) and not isinstance(failure, Shed):
            wait = HINTLESS_PAUSE if failure.retry_after is None else failure.retry_after
            self.blocked_until = max(self.blocked_until, now + wait)
        if isinstance(failure, Misconfigured) and failure.upstream_status in CREDENTIAL_REFUSED:
            self.refused_until = now + REFUSED_PAUSE
        return BAD if isinstance(failure, TARGETS_FAULT) else NEITHER

    def saw_first_byte(self, seconds: float) -> None:
        """Remember a first-byte time, and fold it into the moving average."""
        self.first_bytes.note(seconds)
        known = self.first_byte
        self.first_byte = seconds if known is None else known + SMOOTHING * (seconds - known)


Targets = Mapping[tuple[str, Task], TargetHealth]
UNKNOWN: Final[Targets] = MappingProxyType({})


class Health:
    """The health of every target, by provider and task.

    `slots` are those of the providers whose calls are counted; `known` is what is known of some targets already. Each of
    several processes has its own.
    """

    def __init__(
        self, random: Random, slots: Mapping[str, Slots] | None = None, known: Targets = UNKNOWN, processes: int = 1
    ) -> None:
        self.random = random
        self.processes = processes
        self.slots = slots or {}
        self.targets = dict(known)

    def of(self, provider: str, task: Task) -> TargetHealth:
        """Return what is known of a provider doing a task; its slots are one account's, whatever the task."""
        known = self.targets.get((provider, task))
        if known is None:
            known = self.targets[provider, task] = TargetHealth(self.random, self.slots.get(provider), self.processes)
        return known
