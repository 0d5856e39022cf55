from hypothesis import given
from hypothesis import strategies as st

from router.engine.window import Window

SPAN = 5
Steps = st.lists(st.tuples(st.floats(0, 3), st.booleans()), max_size=200)


@given(steps=Steps, begun=st.floats(0, 1e6))
def test_any_course(steps: list[tuple[float, bool]], begun: float) -> None:
    """It holds exactly the calls of the second under way and of the ones before it, `span` in all, and is never longer than they."""
    window, now, calls = Window(SPAN), begun, []
    for pause, marked in steps:
        now += pause
        window.reach(now)
        window.calls += 1
        window.marked += marked
        calls.append((int(now), marked))
        recent = [is_marked for second, is_marked in calls if second > int(now) - SPAN]
        assert (window.calls, window.marked) == (len(recent), sum(recent))
        assert len(window.seconds) <= SPAN


def test_forgetting_all() -> None:
    """What was counted before it was cleared is not there later, nor taken off twice."""
    window = Window(SPAN)
    window.reach(10.0)
    window.calls += 3
    window.clear()
    window.calls += 1
    window.reach(12.0)
    assert window.calls == 1
    window.reach(10.0 + SPAN)
    assert window.calls == 0
