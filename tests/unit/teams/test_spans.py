from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.engine.settings import Span
from router.teams.spans import begun_and_ends


@pytest.mark.parametrize(
    ("now", "begun", "ends"),
    [
        ("2027-01-31T23:59:59", "2027-01-01T00:00:00", "2027-02-01T00:00:00"),
        ("2027-12-31T23:59:59", "2027-12-01T00:00:00", "2028-01-01T00:00:00"),
        ("2028-02-29T12:00:00", "2028-02-01T00:00:00", "2028-03-01T00:00:00"),
        ("2027-06-01T00:00:00", "2027-06-01T00:00:00", "2027-07-01T00:00:00"),
    ],
)
def test_months_begin_on_the_first(now: str, begun: str, ends: str) -> None:
    """A month is the calendar's, in UTC, whatever its length."""
    times = [datetime.fromisoformat(one).replace(tzinfo=UTC).timestamp() for one in (now, begun, ends)]
    assert begun_and_ends(Span.MONTH, times[0]) == (times[1], times[2])


@given(st.floats(0, 4e9), st.sampled_from(Span))
def test_spans_meet_and_hold_their_time(now: float, span: Span) -> None:
    """Every moment is in one span, whose end is the next one's beginning."""
    begun, ends = begun_and_ends(span, now)
    assert begun <= now < ends
    assert begun_and_ends(span, ends)[0] == ends
    assert timedelta(seconds=ends - begun) <= timedelta(days=31)
