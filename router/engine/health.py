"""What is known of each target: its breaker, until when it asked to be left alone, its load and its pace."""

from collections import defaultdict
from random import Random
from typing import Final

from router.contract import (
    BadOutput,
    Busy,
    Misconfigured,
    ProviderFailed,
    Task,
    TimedOut,
    Unavailable,
)
from router.engine.breaker import Breaker, Permit, Verdict

REFUSED_PAUSE: Final = 30.0
"""Seconds a target is passed over after it refused our credential: only a person can mend that."""
HINTLESS_PAUSE: Final = 1.0
"""Seconds a busy target is left alone when it does not say for how long."""
SMOOTHING: Final = 0.2
"""Weight of the newest first-byte time in the moving average."""
TARGETS_FAULT: Final = (Unavailable, TimedOut, BadOutput)


class TargetHealth:
    """One provider doing one task."""

    def __init__(self, random: Random) -> None:
        self.breaker = Breaker(random)
        self.blocked_until = 0.0
        self.refused_until = 0.0
        self.in_flight = 0
        self.first_byte: float | None = None

    def free(self, now: float) -> bool:
        """Whether it may be asked now: not blocked, credential not refused, breaker willing."""
        return now >= self.blocked_until and now >= self.refused_until and self.breaker.allows(now)

    def enter(self, now: float) -> Permit:
        """Begin a call."""
        self.in_flight += 1
        return self.breaker.enter(now)

    def leave(self, permit: Permit, verdict: Verdict, now: float) -> None:
        """End a call, whichever way it went."""
        self.in_flight -= 1
        self.breaker.settle(permit, verdict, now)

    def learn(self, failure: ProviderFailed, now: float) -> Verdict:
        """Take in what a failure says; 429 blocks by time and never counts against the breaker."""
        if isinstance(failure, Busy):
            wait = HINTLESS_PAUSE if failure.retry_after is None else failure.retry_after
            self.blocked_until = max(self.blocked_until, now + wait)
        if isinstance(failure, Misconfigured) and failure.upstream_status in {401, 402, 403}:
            self.refused_until = now + REFUSED_PAUSE
        return Verdict.BAD if isinstance(failure, TARGETS_FAULT) else Verdict.NEITHER

    def saw_first_byte(self, seconds: float) -> None:
        """Fold a first-byte time into the moving average."""
        known = self.first_byte
        self.first_byte = seconds if known is None else known + SMOOTHING * (seconds - known)


class Health:
    """The health of every target, by provider and task."""

    def __init__(self, random: Random) -> None:
        self.targets: defaultdict[tuple[str, Task], TargetHealth] = defaultdict(lambda: TargetHealth(random))

    def of(self, provider: str, task: Task) -> TargetHealth:
        """Return what is known of a provider doing a task."""
        return self.targets[provider, task]
