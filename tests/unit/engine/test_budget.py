from hypothesis import given
from hypothesis import strategies as st

from router.engine.budget import ALWAYS, SHARE, WINDOW, RetryBudget


def taken(budget: RetryBudget, now: float, tries: int = 1000) -> int:
    return sum(budget.take(now) for _ in range(tries))


def test_without_calls() -> None:
    """Two repeats a second are always to be had."""
    assert taken(RetryBudget(), 100.0) == ALWAYS * WINDOW


def test_several_processes() -> None:
    """They have those two together."""
    assert taken(RetryBudget(4), 100.0) == ALWAYS * WINDOW / 4


def test_with_calls() -> None:
    """A fifth of the last ten seconds' calls may be repeats beside those."""
    budget = RetryBudget()
    for _ in range(500):
        budget.note(100.0)
    assert taken(budget, 105.0) == SHARE * 500 + ALWAYS * WINDOW


def test_what_is_long_past() -> None:
    """Calls and repeats of more than ten seconds ago count no more."""
    budget = RetryBudget()
    for _ in range(500):
        budget.note(100.0)
    taken(budget, 100.0)
    assert taken(budget, 100.0 + WINDOW + 1) == ALWAYS * WINDOW


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 3)), max_size=300))
def test_any_course(steps: list[tuple[bool, float]]) -> None:
    """However calls and repeats fall, no window ever holds more repeats than its calls allow."""
    budget, now, calls, repeats = RetryBudget(), 0.0, [], []
    for is_call, pause in steps:
        now += pause
        if is_call:
            budget.note(now)
            calls.append(now)
        elif budget.take(now):
            repeats.append(now)
        recent = [sum(one > now - WINDOW - 1 for one in kind) for kind in (calls, repeats)]
        assert recent[1] <= SHARE * len(calls) + ALWAYS * (WINDOW + 1)
        assert len(budget.window.seconds) <= WINDOW
