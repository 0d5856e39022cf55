import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.contract.money import millionths, written


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("15", 15_000_000),
        ("0.006", 6000),
        ("0.000001", 1),
        ("1.50", 1_500_000),
        ("0", 0),
        ("999999999", 10**15 - 10**6),
    ],
)
def test_an_amount_is_read_exactly(text: str, amount: int) -> None:
    """A decimal number is held as whole millionths."""
    assert millionths(text) == amount


@pytest.mark.parametrize("text", ["", "-1", "+1", "1.", ".5", "1e3", "0.0000001", "1,5", "1 ", "1000000000", "\u0661"])
def test_anything_else_is_no_amount(text: str) -> None:
    """What would have to be rounded, or could be read in two ways, is refused."""
    assert millionths(text) is None


@given(st.integers(0, 10**15 - 1))
def test_what_is_written_is_read_again(amount: int) -> None:
    """An amount in words is the same amount."""
    assert millionths(written(amount)) == amount


@pytest.mark.parametrize(("amount", "text"), [(0, "0"), (10_000_000, "10"), (1, "0.000001"), (-2_500_000, "-2.5")])
def test_amounts_have_no_needless_zeros(amount: int, text: str) -> None:
    """Whole amounts have no point; a correction may be negative."""
    assert written(amount) == text
