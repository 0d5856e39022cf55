from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.engine.breaker import (
    FEWEST_CALLS,
    FIRST_PAUSE,
    IN_A_ROW,
    JITTER,
    LONGEST_PAUSE,
    PROBES,
    WINDOW,
    Breaker,
    State,
    Verdict,
)


def fail(breaker: Breaker, times: int, now: float = 0.0) -> None:
    for _ in range(times):
        breaker.settle(breaker.enter(now), Verdict.BAD, now)


def opened(now: float = 0.0) -> Breaker:
    breaker = Breaker(Random(1))
    fail(breaker, IN_A_ROW, now)
    return breaker


def probe(breaker: Breaker, verdict: Verdict, now: float) -> None:
    breaker.settle(breaker.enter(now), verdict, now)


def test_some_failures_in_a_row() -> None:
    """Five failures in a row open it, four do not."""
    breaker = Breaker(Random(1))
    fail(breaker, IN_A_ROW - 1)
    assert breaker.allows(0.0)
    fail(breaker, 1)
    assert breaker.state is State.OPEN


def test_half_of_ten_calls_fail() -> None:
    """Half of at least ten calls failing opens it, though never five in a row."""
    breaker = Breaker(Random(1))
    for number in range(FEWEST_CALLS):
        assert breaker.state is State.CLOSED
        probe(breaker, Verdict.BAD if number % 2 else Verdict.GOOD, now=number / 100)
    assert breaker.state is State.OPEN


def test_failures_spread_beyond_the_window() -> None:
    """Failures older than the window are forgotten."""
    breaker = Breaker(Random(1))
    for number in range(100):
        probe(breaker, Verdict.BAD if number % 2 else Verdict.GOOD, now=number * WINDOW / 5)
    assert breaker.state is State.CLOSED


def test_callers_who_leave() -> None:
    """A call that says nothing of its target never opens it, nor mends a bad run."""
    breaker = Breaker(Random(1))
    fail(breaker, IN_A_ROW - 1)
    for _ in range(50):
        probe(breaker, Verdict.NEITHER, now=1.0)
    assert breaker.allows(1.0)
    fail(breaker, 1, now=1.0)
    assert breaker.state is State.OPEN


def test_pause_and_its_jitter() -> None:
    """An open breaker allows nothing for five seconds, give or take the jitter."""
    breaker = opened()
    assert not breaker.allows(FIRST_PAUSE * (1 - JITTER) - 0.01)
    assert breaker.allows(FIRST_PAUSE * (1 + JITTER) + 0.01)


def test_one_probe_then_three() -> None:
    """After the pause one call goes through, after its success three at once, then all."""
    breaker, now = opened(), 10.0
    first = breaker.enter(now)
    assert first.probe
    assert not breaker.allows(now)
    breaker.settle(first, Verdict.GOOD, now)
    several = [breaker.enter(now) for _ in range(PROBES[1])]
    assert all(permit.probe for permit in several)
    assert not breaker.allows(now)
    for permit in several:
        breaker.settle(permit, Verdict.GOOD, now)
    assert breaker.state is State.CLOSED


def test_probe_abandoned() -> None:
    """A probe whose caller leaves gives its place back: the target is not lost for good."""
    breaker, now = opened(), 10.0
    for _ in range(10):
        assert breaker.allows(now)
        probe(breaker, Verdict.NEITHER, now)
    assert breaker.state is State.HALF_OPEN


def test_probe_fails() -> None:
    """Each failed probe doubles the pause, up to five minutes."""
    breaker, now = opened(), 0.0
    pauses = []
    for _ in range(10):
        now = breaker.open_until
        probe(breaker, Verdict.BAD, now)
        pauses.append(breaker.pause)
    assert pauses[:4] == [10, 20, 40, 80]
    assert pauses[-1] == LONGEST_PAUSE


def test_news_from_before_the_opening() -> None:
    """A call begun before the breaker opened neither closes it nor frees a probe's place."""
    breaker = Breaker(Random(1))
    old = [breaker.enter(0.0) for _ in range(3)]
    fail(breaker, IN_A_ROW)
    for permit in old:
        breaker.settle(permit, Verdict.GOOD, 1.0)
    assert breaker.state is State.OPEN
    assert breaker.probing == 0


Steps = st.lists(
    st.tuples(st.sampled_from(["enter", "leave"]), st.sampled_from(list(Verdict)), st.floats(0, 20)), max_size=200
)


@given(steps=Steps, seed=st.integers(0, 1000))
def test_any_sequence_of_calls(steps: list[tuple[str, Verdict, float]], seed: int) -> None:
    """Whatever happens, probes under way stay within the stage's bound and all places come back."""
    breaker, now, held = Breaker(Random(seed)), 0.0, []
    for action, verdict, pause in steps:
        now += pause
        if action == "enter" and breaker.allows(now):
            held.append(breaker.enter(now))
        elif action == "leave" and held:
            breaker.settle(held.pop(0), verdict, now)
        assert 0 <= breaker.probing <= max(PROBES)
        assert 0 <= breaker.window.marked <= breaker.window.calls
    for permit in held:
        breaker.settle(permit, Verdict.NEITHER, now)
    assert breaker.probing == 0
    assert breaker.allows(now + 2 * LONGEST_PAUSE)


@pytest.mark.parametrize("verdict", [Verdict.GOOD, Verdict.NEITHER])
def test_good_calls_for_ever(verdict: Verdict) -> None:
    """It counts no more than the window's calls, and keeps no more than its seconds, however many calls there were."""
    breaker = Breaker(Random(1))
    for call in range(2000):
        probe(breaker, verdict, call / 2)
    assert breaker.window.calls <= 2 * WINDOW
    assert len(breaker.window.seconds) <= WINDOW
