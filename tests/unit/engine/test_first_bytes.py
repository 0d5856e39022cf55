import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.engine.first_bytes import FEWEST, LONGEST, QUANTILE, SHORTEST, WINDOW, FirstBytes

SECONDS = st.floats(0, 10)


def after(*seconds: float) -> FirstBytes:
    seen = FirstBytes()
    for one in seconds:
        seen.note(one)
    return seen


@pytest.mark.parametrize("calls", [0, 1, FEWEST - 1])
def test_too_few_to_tell(calls: int) -> None:
    """Until a target has been asked a few times it is slow at the upper bound only."""
    assert after(*[0.3] * calls).usual() == LONGEST


def test_one_slow_call_in_twenty() -> None:
    """What one call in twenty takes is not usual; what two in twenty take is."""
    assert after(*[0.3] * 19, 1.5).usual() == 0.3
    assert after(*[0.3] * 18, 1.5, 1.5).usual() == 1.5


def test_what_is_long_past() -> None:
    """Only the latest calls count."""
    assert after(*[1.5] * WINDOW, *[0.3] * WINDOW).usual() == 0.3


@settings(deadline=None)
@given(st.lists(SECONDS, max_size=3 * WINDOW))
def test_any_course(seconds: list[float]) -> None:
    """It is always within its bounds, and between them at least 95 % of the latest calls took no longer."""
    usual, latest = after(*seconds).usual(), seconds[-WINDOW:]
    assert SHORTEST <= usual <= LONGEST
    if len(latest) >= FEWEST and usual < LONGEST:
        assert sum(one <= usual for one in latest) >= QUANTILE * len(latest)
    if len(latest) >= FEWEST and usual > SHORTEST:
        assert sum(one >= usual for one in latest) >= (1 - QUANTILE) * len(latest)
