import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.engine.hedge_budget import MOST_SAVED, REQUESTS_EACH, HedgeBudget


def test_every_request_is_slow() -> None:
    """Though each of 1,000 requests would like to, 50 are hedged: one in twenty, from the twentieth on."""
    budget, hedged = HedgeBudget(), []
    for number in range(1, 1001):
        budget.note()
        if budget.take():
            hedged.append(number)
    assert hedged == list(range(REQUESTS_EACH, 1001, REQUESTS_EACH))


def test_what_is_saved_up() -> None:
    """However many requests needed none, only so many hedges can follow one another."""
    budget = HedgeBudget()
    for _ in range(100_000):
        budget.note()
    assert sum(budget.take() for _ in range(1000)) == MOST_SAVED


@pytest.mark.parametrize(("processes", "most"), [(3, 3), (20, 1)])
def test_what_several_processes_save_up(processes: int, most: int) -> None:
    """Each saves up its part of it, and one in any case."""
    budget = HedgeBudget(processes)
    for _ in range(100_000):
        budget.note()
    assert sum(budget.take() for _ in range(1000)) == most


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 30)), max_size=50))
def test_any_course(steps: list[tuple[int, int]]) -> None:
    """From the start there are never more than 5 %; within any run of requests, never more than 5 % and what was saved."""
    budget, totals = HedgeBudget(), [(0, 0)]
    for requests, wishes in steps:
        for _ in range(requests):
            budget.note()
        taken = sum(budget.take() for _ in range(wishes))
        totals.append((totals[-1][0] + requests, totals[-1][1] + taken))
    for at, (requests, hedges) in enumerate(totals):
        assert hedges * REQUESTS_EACH <= requests
        for later_requests, later_hedges in totals[at:]:
            assert later_hedges - hedges <= (later_requests - requests) / REQUESTS_EACH + MOST_SAVED
