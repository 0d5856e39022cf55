import msgspec
import pytest

from router.contract import Task
from router.engine.settings import PACES, Route, Target, Tier

TIERS = (Tier(targets=(Target(provider="a"),)),)


@pytest.mark.parametrize("task", list(Task))
def test_a_route_without_limits_has_its_tasks(task: Task) -> None:
    """Every task has a pace, and a route takes it whole."""
    route = Route(name="r", task=task, tiers=TIERS)

    assert (route.deadline, route.first_byte, route.gap, route.total) == msgspec.structs.astuple(PACES[task])


def test_a_short_deadline_shortens_what_was_not_said() -> None:
    """The task's first-byte limit never outlasts the route's own deadline."""
    route = Route(name="r", task=Task.SPEECH, tiers=TIERS, deadline=2.0)

    assert (route.first_byte, route.gap) == (2.0, 2.0)


def test_a_long_deadline_lengthens_what_was_not_said() -> None:
    """A stream may take at least as long in all as its answer may take to begin."""
    assert Route(name="r", task=Task.SPEECH, tiers=TIERS, deadline=3600.0).total == 3600.0


def test_the_tree_is_frozen() -> None:
    """Nobody changes a configuration that requests are running on."""
    route = Route(name="r", task=Task.SPEECH, tiers=TIERS)

    with pytest.raises(AttributeError, match="immutable"):
        route.attempts = 9  # type: ignore[misc]
