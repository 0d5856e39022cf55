from random import Random

import pytest

from router.contract import Busy, Exhausted, Invalid, OutcomeUnknown, ProviderFailed, TimedOut, Unavailable
from router.engine.plan import Plan
from router.engine.policy import Candidate
from router.engine.retry import persist
from router.testing.clock import FakeClock
from tests.unit.engine.making import candidate


class Asking:
    """Answers each ask with the next of the given outcomes."""

    def __init__(self, clock: FakeClock, *outcomes: Exception | str) -> None:
        self.clock = clock
        self.outcomes = list(outcomes)
        self.asked: list[tuple[str, float]] = []

    async def __call__(self, one: Candidate) -> str:
        self.asked.append((one.provider, round(self.clock.now(), 6)))
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, ProviderFailed):
            one.health.learn(outcome, self.clock.now())
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


async def persisted(clock: FakeClock, asking: Asking, names: str = "ab") -> str:
    plan = Plan(tuple(map(candidate, names)), 3, clock.now() + 60, clock.now, Random(1))
    first = plan.first()
    assert first is not None
    return await persist(asking, first, plan, clock)


async def test_a_first_success() -> None:
    """A request that just works is asked once and never waits."""
    clock = FakeClock()
    asking, start = Asking(clock, "audio"), clock.now()
    assert await persisted(clock, asking) == "audio"
    assert asking.asked == [("a", start)]


async def test_two_failures_then_success() -> None:
    """It goes on from provider to provider until one answers."""
    clock = FakeClock()
    asking = Asking(clock, TimedOut(""), Unavailable(""), "audio")
    assert await persisted(clock, asking) == "audio"
    assert [name for name, _ in asking.asked] == ["a", "b", "b"]


async def test_the_wait_a_provider_named() -> None:
    """It waits as long as it was told, on the clock it was given."""
    clock = FakeClock()
    asking = Asking(clock, Busy("", retry_after=7), "audio")
    await persisted(clock, asking, "a")
    assert asking.asked[1][1] - asking.asked[0][1] == pytest.approx(7)


async def test_each_answer_names_its_own_wait() -> None:
    """A later Retry-After replaces the earlier one; a stale hint is never read again."""
    clock = FakeClock()
    asking = Asking(clock, Busy("", retry_after=7), Busy("", retry_after=2), "audio")
    await persisted(clock, asking, "a")
    assert asking.asked[2][1] - asking.asked[1][1] == pytest.approx(2)


async def test_nobody_answers() -> None:
    """Every failure is told once the budget is spent."""
    clock = FakeClock()
    asking = Asking(clock, TimedOut("first"), TimedOut("second"))
    with pytest.raises(Exhausted) as raised:
        await persisted(clock, asking)
    assert [(target, str(failure)) for target, failure in raised.value.failures] == [("a", "first"), ("b", "second")]
    assert str(raised.value.__cause__) == "second"


async def test_nothing_may_follow() -> None:
    """After an order that may have been taken nobody else is asked: that is what comes out, and not that all failed."""
    clock = FakeClock()
    asking = Asking(clock, TimedOut("first"), OutcomeUnknown("second"))
    with pytest.raises(OutcomeUnknown, match="second"):
        await persisted(clock, asking)


@pytest.mark.parametrize("before", [[], [TimedOut("")]])
async def test_an_error_of_the_request(before: list[Exception]) -> None:
    """What the caller must mend is raised at once, before or after a failure of a provider."""
    clock = FakeClock()
    asking = Asking(clock, *before, Invalid("no"), "audio")
    with pytest.raises(Invalid):
        await persisted(clock, asking)
    assert asking.outcomes == ["audio"]
