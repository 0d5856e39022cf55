import math
from collections import Counter, deque
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from router.engine.fair_queue import FairQueue

TEAMS: Final = "abcd"
teams = st.sampled_from(TEAMS)
shares = st.floats(0.01, 100) | st.sampled_from([0.01, 0.5, 1.0, 2.0, 3.0, 100.0])
weights = st.fixed_dictionaries(dict.fromkeys(TEAMS, shares))

One = tuple[str, int]


def backlog(given: dict[str, float], many: int, absent: str = "") -> FairQueue[One]:
    """Every team but one has `many` waiting, joined team by team."""
    queue: FairQueue[One] = FairQueue(given)
    for team in set(given) - {absent}:
        for number in range(many):
            queue.push(team, (team, number))
    return queue


def test_teams_take_turns() -> None:
    """A team with a thousand waiting does not delay a team with one."""
    queue: FairQueue[One] = FairQueue()
    for number in range(1000):
        queue.push("many", ("many", number))
    queue.push("one", ("one", 0))
    assert [queue.pop() for _ in range(3)] == [("many", 0), ("one", 0), ("many", 1)]


def test_twice_the_weight() -> None:
    """Over a backlog, after any number of calls, 2:1 is kept to within one."""
    queue = backlog({"a": 2.0, "b": 1.0}, 600)
    served: Counter[str] = Counter()
    for number in range(1, 901):
        served[queue.pop()[0]] += 1
        assert abs(served["a"] - 2 * number / 3) <= 1
        assert abs(served["b"] - number / 3) <= 1


@settings(deadline=None)
@given(weights, st.integers(1, 200), st.integers(0, 50))
def test_shares_of_a_backlog(given: dict[str, float], many: int, before: int) -> None:
    """Between any two teams that both wait all the while, weighed service differs by at most one call of each.

    It is the bound that Goyal, Vin and Cheng prove, and it holds from whatever point one begins to count.
    """
    queue = backlog(given, before + many)
    for _ in range(before):
        queue.pop()
    served: Counter[str] = Counter()
    for _ in range(many):
        served[queue.pop()[0]] += 1
        weighed = {team: served[team] / weight for team, weight in given.items()}
        for one in TEAMS:
            for other in TEAMS:
                bound = 1 / given[one] + 1 / given[other]
                assert weighed[one] - weighed[other] <= bound * (1 + 1e-6)


@settings(deadline=None)
@given(weights, teams, st.integers(1, 300), st.integers(0, 300))
def test_nobody_waits_longer_than_the_share_allows(given: dict[str, float], late: str, many: int, before: int) -> None:
    """Whatever the others have waiting, a newcomer goes after at most what their weights let them have meanwhile."""
    queue = backlog(given, many, late)
    for _ in range(min(before, len(queue))):
        queue.pop()
    queue.push(late, (late, 0))
    ahead = 0
    while queue.pop() != (late, 0):
        ahead += 1
    # Due at this very moment: nobody else has more than one call due by now.
    assert ahead <= len(TEAMS) - 1


@settings(deadline=None)
@given(st.integers(1, 500), st.floats(0.01, 100), st.floats(0.01, 100))
def test_idleness_saves_up_nothing(rounds: int, regular: float, idle: float) -> None:
    """A team that was away, however long, gets from then on what it would have got had it been there as long."""
    queue: FairQueue[One] = FairQueue({"regular": regular, "idle": idle})
    queue.push("idle", ("idle", -1))
    queue.pop()
    for number in range(rounds):
        queue.push("regular", ("regular", number))
        queue.pop()
    for number in range(100):
        queue.push("regular", ("regular", rounds + number))
        queue.push("idle", ("idle", number))
    first = [queue.pop()[0] for _ in range(100)]
    served = Counter(first)
    bound = 1 / regular + 1 / idle
    assert abs(served["idle"] / idle - served["regular"] / regular) <= bound * (1 + 1e-6)


def test_emptying_the_queue_pays_no_debt() -> None:
    """A team that was just served and comes back goes behind one that was not, though nobody waited in between."""
    queue: FairQueue[str] = FairQueue()
    queue.push("a", "a1")
    queue.pop()
    queue.push("a", "a2")
    queue.push("b", "b1")
    assert [queue.pop(), queue.pop()] == ["b1", "a2"]


@pytest.mark.parametrize(("weight", "ahead"), [(1.0, 3), (4.0, 2), (0.25, 6)])
def test_how_many_are_ahead(weight: float, ahead: int) -> None:
    """It goes by the newcomer's share, not by how many wait: its own one, and what the other is due until then."""
    queue: FairQueue[One] = FairQueue({"few": weight})
    for number in range(1000):
        queue.push("many", ("many", number))
    queue.push("few", ("few", 0))
    assert queue.ahead("few") == ahead
    assert queue.ahead("many") == 1001
    assert queue.ahead("nobody") == 2


@settings(deadline=None)
@given(weights, st.lists(teams, max_size=60), teams, st.integers(0, 30))
def test_ahead_is_how_many_go_first(given: dict[str, float], joined: list[str], team: str, served: int) -> None:
    """If nobody else comes, as many as were said to be ahead go first, give or take ties between teams."""
    queue: FairQueue[One] = FairQueue(given)
    for number, one in enumerate(joined):
        queue.push(one, (one, number))
    for _ in range(min(served, len(queue))):
        queue.pop()
    said = queue.ahead(team)
    queue.push(team, (team, -1))
    went = 0
    while queue.pop() != (team, -1):
        went += 1
    assert went <= said <= went + len(TEAMS) - 1


def test_nobody_waits() -> None:
    """There is nobody to take, also after the last has left."""
    queue: FairQueue[str] = FairQueue()
    queue.push("a", "a1")
    queue.discard("a", "a1")
    queue.discard("a", "a1")
    with pytest.raises(KeyError):
        queue.pop()
    assert len(queue) == 0


class Waiter:
    """Counts how often it was compared with another."""

    compared = 0

    def __eq__(self, other: object) -> bool:
        self.compared += 1
        return self is other

    __hash__ = object.__hash__


def test_thousands_who_leave() -> None:
    """Nobody who leaves is looked for along the line: leaving it from anywhere costs the same."""
    queue: FairQueue[Waiter] = FairQueue()
    waiters = [Waiter() for _ in range(2000)]
    for one in waiters:
        queue.push("a", one)
    for one in waiters[1500:0:-1]:
        queue.discard("a", one)
    assert [queue.pop(), queue.pop()] == [waiters[0], waiters[1501]]
    assert sum(one.compared for one in waiters) == 0


class Queue(RuleBasedStateMachine):
    """Any order of joining, going and leaving, beside plain lines."""

    def __init__(self) -> None:
        super().__init__()
        self.queue: FairQueue[One] = FairQueue({"a": 1.0, "b": 2.0, "c": 0.5})
        self.lines: dict[str, deque[One]] = {team: deque() for team in TEAMS}
        self.passed_over: Counter[str] = Counter()
        self.number = 0

    @rule(team=teams)
    def join(self, team: str) -> None:
        self.number += 1
        one = (team, self.number)
        self.queue.push(team, one)
        self.lines[team].append(one)

    @precondition(lambda self: any(self.lines.values()))
    @rule()
    def go(self) -> None:
        one = self.queue.pop()
        assert self.lines[one[0]].popleft() == one
        self.passed_over[one[0]] = 0
        for team, line in self.lines.items():
            self.passed_over[team] += bool(line) and team != one[0]
            # The lightest, weight 0.5, is due every 2 of virtual time, in which the others get 2 + 4 + 2 calls.
            assert self.passed_over[team] <= math.ceil(2 * (1 + 2 + 1)) + len(TEAMS)

    @precondition(lambda self: any(self.lines.values()))
    @rule(choose=st.data())
    def leave(self, choose: st.DataObject) -> None:
        team = choose.draw(st.sampled_from([team for team, line in self.lines.items() if line]))
        one = choose.draw(st.sampled_from(list(self.lines[team])))
        self.queue.discard(team, one)
        self.lines[team].remove(one)

    @invariant()
    def nobody_is_lost(self) -> None:
        assert len(self.queue) == sum(map(len, self.lines.values()))
        assert {team: self.queue.waiting(team) for team in TEAMS} == {
            team: len(line) for team, line in self.lines.items()
        }


def test_any_order() -> None:
    """Nobody is lost or served twice, a team's are served in order, someone always goes, and no team is starved."""
    run_state_machine_as_test(Queue)
