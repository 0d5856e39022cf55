"""What was used and paid for, summed up by what one wants to know, and told as people and spreadsheets read it."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from router.contract import Invalid
from router.contract.money import written
from router.store.ledger import Span, Total

DAYS: Final = 30
"""Days that are told of where nobody says from when."""
LONGEST: Final = 3660
"""Days that can be asked for at once."""
EPOCH: Final = date(1970, 1, 1)
AMOUNTS: Final = (
    "requests", "calls", "hedges", "cached", "characters", "audio_seconds", "video_seconds", "cost", "doubtful", "currency",
)  # fmt: skip
"""What a line says beside what it is summed up by; money is a decimal number as text, so that nothing rounds it."""

Line = dict[str, Any]


def spanning(first: date | None, last: date | None, now: float, team: str | None, by: Sequence[str]) -> Span:
    """Return what to sum up: days of UTC, both included, the last thirty unless said otherwise. Raises `Invalid`."""
    until = last or datetime.fromtimestamp(now, UTC).date()
    since = first or until - timedelta(days=min(DAYS - 1, (until - EPOCH).days))
    if since > until:
        raise Invalid(f"`from` is {since}, after `to`, {until}", code="invalid_value", param="from")
    if (until - since).days >= LONGEST:
        raise Invalid(
            f"at most {LONGEST} days can be asked for at once", code="out_of_range", param="from", limit=LONGEST
        )
    if len(set(by)) != len(by):
        raise Invalid("`group_by` names something twice", code="duplicate_field", param="group_by")
    return Span(first=(since - EPOCH).days, last=(until - EPOCH).days, team=team, by=tuple(by))


def dates_of(span: Span) -> tuple[date, date]:
    """Return the first and the last day of a span."""
    return EPOCH + timedelta(days=span.first), EPOCH + timedelta(days=span.last)


def lines_of(span: Span, totals: Iterable[Total]) -> list[Line]:
    """Return a line for each total: what it is of, then `AMOUNTS`."""
    return [_line(span, one) for one in totals]


def as_csv(span: Span, lines: Iterable[Line]) -> str:
    """Return lines as a spreadsheet reads them, with a heading."""
    page = io.StringIO(newline="")
    table = csv.DictWriter(page, (*span.by, *AMOUNTS), lineterminator="\r\n")
    table.writeheader()
    table.writerows(lines)
    return page.getvalue()


def _line(span: Span, total: Total) -> Line:
    keys = {name: _key(name, value) for name, value in zip(span.by, total.key, strict=True)}
    return keys | {
        "requests": total.requests,
        "calls": total.calls,
        "hedges": total.hedges,
        "cached": total.cached,
        "characters": total.characters,
        "audio_seconds": total.audio_ms / 1000,
        "video_seconds": total.video_ms / 1000,
        "cost": written(total.cost),
        "doubtful": written(total.doubtful),
        "currency": total.currency,
    }


def _key(name: str, value: str | int) -> str:
    return str(EPOCH + timedelta(days=int(value))) if name == "day" else str(value)
