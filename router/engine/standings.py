"""How every target stands at this moment, for those who watch over the router."""

from collections.abc import Iterable, Mapping

import msgspec

from router.contract import Task
from router.engine.budget import RetryBudget
from router.engine.health import Health


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """Of the last ten seconds' calls: how many were repeats, and how many may be."""

    calls: int
    repeats: int
    allowed: float


class TargetState(msgspec.Struct, frozen=True, kw_only=True):
    """A provider doing a task; seconds. Slots are one account's: its calls under way and waiting are of all its tasks.

    `open_for` is how long its breaker stays open, `blocked_for` how long it asked to be left alone, `refused_for` how long it is
    passed over since it refused our credential. First bytes are of its last hundred calls.
    """

    provider: str
    kind: str
    task: Task
    breaker: str
    open_for: float
    blocked_for: float
    refused_for: float
    first_byte_p50: float | None
    first_byte_p95: float | None
    in_flight: int
    queued: int
    limit: int | None
    budget: Budget


def standings(
    targets: Iterable[tuple[str, Task]], kinds: Mapping[str, str], health: Health, now: float
) -> tuple[TargetState, ...]:
    """Return the targets in the order given, as they stand now."""
    return tuple(state(provider, task, kinds[provider], health, now) for provider, task in targets)


def state(provider: str, task: Task, kind: str, health: Health, now: float) -> TargetState:
    """Return how one target stands."""
    known = health.of(provider, task)
    return TargetState(
        provider=provider,
        kind=kind,
        task=task,
        breaker=known.breaker.state.value,
        open_for=max(known.breaker.open_until - now, 0.0),
        blocked_for=max(known.blocked_until - now, 0.0),
        refused_for=max(known.refused_until - now, 0.0),
        first_byte_p50=known.first_bytes.quantile(0.5),
        first_byte_p95=known.first_bytes.quantile(0.95),
        in_flight=known.slots.taken,
        queued=len(known.slots.queue),
        limit=known.slots.limit,
        budget=spent(known.budget, now),
    )


def spent(budget: RetryBudget, now: float) -> Budget:
    """Return how much of a retry budget is used."""
    return Budget(calls=budget.calls_of(now), repeats=budget.repeats, allowed=budget.allowed)
