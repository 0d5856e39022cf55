"""Money: whole millionths of a currency, never a float, so that sums are exact."""

import re
from typing import Final

MILLION: Final = 1_000_000
AMOUNT: Final = re.compile(r"([0-9]{1,9})(?:\.([0-9]{1,6}))?")
"""At most six decimals: what is finer would have to be rounded."""


def millionths(text: str) -> int | None:
    """Return the millionths that a decimal number has; None for what is no such number."""
    parts = AMOUNT.fullmatch(text)
    return None if parts is None else int(parts[1]) * MILLION + int((parts[2] or "").ljust(6, "0"))


def written(amount: int) -> str:
    """Return millionths as a decimal number, without needless zeros."""
    whole, rest = divmod(abs(amount), MILLION)
    sign = "-" if amount < 0 else ""
    return f"{sign}{whole}.{rest:06}".rstrip("0").rstrip(".")
