import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.engine.settings.durations import seconds, written


@pytest.mark.parametrize(
    ("text", "length"), [("500ms", 0.5), ("1.5s", 1.5), ("60s", 60.0), ("2m", 120.0), ("1h", 3600.0), ("0.1s", 0.1)]
)
def test_a_duration_is_a_number_and_a_unit(text: str, length: float) -> None:
    """Milliseconds, seconds, minutes and hours, with decimals, come out as seconds."""
    assert seconds(text) == pytest.approx(length)


@pytest.mark.parametrize(
    "text", ["", "60", "s", "0s", "0.0ms", "-1s", "1 s", "1.s", ".5s", "1e3s", "1w", "1s\n", "\u0661s"]
)
def test_anything_else_is_no_duration(text: str) -> None:
    """A missing or unknown unit, no time at all, signs and blanks are refused."""
    assert seconds(text) is None


@given(st.floats(min_value=0.001, max_value=86_400))
def test_a_duration_can_be_written_and_read_again(length: float) -> None:
    """What is written for the schema's defaults reads as the same time, to six digits."""
    assert seconds(written(length)) == pytest.approx(length, rel=1e-5)
