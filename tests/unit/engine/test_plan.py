from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.contract import (
    BadOutput,
    Busy,
    Declined,
    Misconfigured,
    OutcomeUnknown,
    ProviderFailed,
    TimedOut,
    Unavailable,
)
from router.engine.breaker import IN_A_ROW, Verdict
from router.engine.plan import BASE, Plan, Step
from router.engine.policy import Candidate
from tests.unit.engine.making import candidate

NOW = 100.0


def plan(*names: str, attempts: int = 3, deadline: float = NOW + 60) -> Plan:
    return Plan(tuple(candidate(name) for name in names), attempts, deadline, lambda: NOW, Random(1))


def failing(plan: Plan, *failures: ProviderFailed) -> list[str]:
    """Whom the plan asks when each answer in turn is one of these failures."""
    step, asked = plan.first(), []
    for failure in failures:
        if step is None:
            break
        asked.append(step.candidate.provider)
        step.candidate.health.learn(failure, NOW)
        step = plan.after(step.candidate, failure)
    return asked + ([step.candidate.provider] if step else [])


@pytest.mark.parametrize(
    ("targets", "failures", "asked"),
    [
        ("ab", [Unavailable("")], "aa"),
        ("ab", [Unavailable(""), Unavailable("")], "aab"),
        ("abc", [Unavailable("")], "ab"),
        ("abc", [Unavailable(""), Unavailable("")], "abc"),
        ("abc", [Unavailable("")] * 3, "abc"),
        ("a", [Unavailable("")] * 3, "aaa"),
        ("ab", [TimedOut("")], "ab"),
        ("ab", [Declined("")], "ab"),
        ("ab", [Misconfigured("", upstream_status=401)], "ab"),
        ("ab", [Busy("", retry_after=5)], "ab"),
        ("ab", [Busy("", retry_after=5), Busy("", retry_after=2)], "abb"),
        ("a", [TimedOut("")], "a"),
        ("abc", [BadOutput("")], "ab"),
        ("abc", [BadOutput(""), BadOutput("")], "abc"),
        ("ab", [BadOutput(""), BadOutput("")], "ab"),
        ("ab", [OutcomeUnknown("")], "a"),
    ],
)
def test_each_class_of_error(targets: str, failures: list[ProviderFailed], asked: str) -> None:
    """The error's class alone decides who is asked next."""
    assert "".join(failing(plan(*targets), *failures)) == asked


def test_a_transient_fault() -> None:
    """The same target is asked again only after a jittered pause, the next one at once."""
    walk = plan("a", "b")
    again = walk.after(walk.candidates[0], Unavailable(""))
    assert again is not None
    assert 0 < again.wait <= BASE * 2
    elsewhere = walk.after(walk.candidates[0], Unavailable(""))
    assert elsewhere == Step(walk.candidates[1], 0.0)


def test_a_target_that_is_not_free_yet() -> None:
    """It keeps its share of the budget: the one that is free is asked rather than the failed one again."""
    walk = plan("a", "b", "c")
    walk.candidates[1].health.learn(Busy("", retry_after=1), NOW)
    step = walk.after(walk.candidates[0], Unavailable(""))
    assert step is not None
    assert (step.candidate.provider, step.wait) == ("c", 0.0)


def test_everybody_busy() -> None:
    """With nobody free the soonest is asked at the time it named, to the second."""
    walk = plan("a", "b")
    for one, wait in zip(walk.candidates, (9.0, 4.0), strict=True):
        one.health.learn(Busy("", retry_after=wait), NOW)
    step = walk.first()
    assert step is not None
    assert (step.candidate.provider, step.wait) == ("b", 4.0)


def test_busy_beyond_the_deadline() -> None:
    """A wait that does not fit the deadline is not begun, and not shortened."""
    walk = plan("a", deadline=NOW + 3)
    walk.candidates[0].health.learn(Busy("", retry_after=5), NOW)
    assert walk.first() is None


def test_every_breaker_open() -> None:
    """The last targets are never ejected: with all breakers open the first is asked all the same."""
    walk = plan("a", "b")
    for one in walk.candidates:
        for _ in range(IN_A_ROW):
            one.health.leave(one.health.enter(NOW), Verdict.BAD, NOW)
        assert not one.health.free(NOW)
    step = walk.first()
    assert step is not None
    assert step.candidate.provider == "a"


def test_open_breaker_beside_a_healthy_target() -> None:
    """A target whose breaker is open is passed over while another is healthy."""
    walk = plan("a", "b")
    for _ in range(IN_A_ROW):
        walk.candidates[0].health.leave(walk.candidates[0].health.enter(NOW), Verdict.BAD, NOW)
    step = walk.first()
    assert step is not None
    assert step.candidate.provider == "b"


Failures = st.lists(
    st.one_of(
        st.sampled_from([Unavailable, TimedOut, Declined, BadOutput]).map(lambda kind: kind("")),
        st.floats(0.1, 100).map(lambda wait: Busy("", retry_after=wait)),
        st.just(Busy("")),
    ),
    min_size=1,
    max_size=20,
)


@given(failures=Failures, targets=st.integers(1, 5), attempts=st.integers(1, 6), deadline=st.floats(0, 120))
def test_any_failures(failures: list[ProviderFailed], targets: int, attempts: int, deadline: float) -> None:
    """However providers fail, the budget holds, nobody is asked before the time it named, nor after the deadline."""
    walk = plan(*"abcde"[:targets], attempts=attempts, deadline=NOW + deadline)
    step, asked = walk.first(), 0
    for failure in failures:
        if step is None:
            break
        asked += 1
        _respects(step.candidate, step.wait)
        assert step.wait == 0 or step.wait < deadline
        step.candidate.health.learn(failure, NOW)
        step = walk.after(step.candidate, failure)
    assert asked <= attempts


def _respects(one: Candidate, wait: float) -> None:
    assert NOW + wait >= one.health.blocked_until - 1e-9
