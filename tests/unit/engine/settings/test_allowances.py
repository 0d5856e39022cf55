import re

import pytest

from router.engine.settings import Allowance, Limits, Span, Unit
from router.engine.settings.allowances import COUNTED, PRICED, TIMED, allowance


@pytest.mark.parametrize(
    ("unit", "text", "amount", "span", "currency"),
    [
        (Unit.REQUESTS, "300/min", 300, Span.MINUTE, ""),
        (Unit.CHARACTERS, "2M/day", 2_000_000, Span.DAY, ""),
        (Unit.CHARACTERS, "1.5k/hour", 1_500, Span.HOUR, ""),
        (Unit.AUDIO, "10h/day", 36_000_000, Span.DAY, ""),
        (Unit.VIDEO, "0.25s/min", 250, Span.MINUTE, ""),
        (Unit.VIDEO, "90m/month", 5_400_000, Span.MONTH, ""),
        (Unit.SPEND, "500 USD/month", 500_000_000, Span.MONTH, "USD"),
        (Unit.SPEND, "0.000001 EUR/day", 1, Span.DAY, "EUR"),
    ],
)
def test_what_is_written(unit: Unit, text: str, amount: int, span: Span, currency: str) -> None:
    """Numbers become whole units, media milliseconds, money millionths: nothing is a float that sums would blur."""
    assert allowance(unit, text) == Allowance(unit, amount, span, currency)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (COUNTED, "300"),
        (COUNTED, "-1/min"),
        (COUNTED, "300/sec"),
        (COUNTED, "1e9/day"),
        (TIMED, "10/day"),
        (TIMED, "10d/month"),
        (PRICED, "500/month"),
        (PRICED, "500USD/month"),
        (PRICED, "0.0000001 USD/day"),
    ],
)
def test_what_could_be_misread_is_not_written(pattern: str, text: str) -> None:
    """A number without its span or its unit, and money finer than can be counted, are refused."""
    assert re.search(pattern, text) is None


def test_one_unit_may_be_limited_in_several_spans() -> None:
    """A list holds as many allowances as it has entries, a plain text one, and what is left out none."""
    limits = Limits(requests=("10/min", "100/hour"), characters="5/day", concurrent=3)
    assert [(one.unit, one.amount) for one in limits.allowances] == [
        (Unit.REQUESTS, 10),
        (Unit.REQUESTS, 100),
        (Unit.CHARACTERS, 5),
    ]
    assert Limits().allowances == ()
