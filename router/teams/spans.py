"""Spans of time that begin with the calendar, in UTC."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from router.engine.settings import Span

LENGTHS: Final[Mapping[Span, int]] = {Span.MINUTE: 60, Span.HOUR: 3600, Span.DAY: 86_400}
"""Seconds; months differ."""


def begun_and_ends(span: Span, now: float) -> tuple[int, int]:
    """Return when the span began that unix time `now` is in, and when the next begins."""
    length = LENGTHS.get(span)
    if length is not None:
        begun = int(now // length) * length
        return begun, begun + length
    first = datetime.fromtimestamp(now, UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    year, month = divmod(first.year * 12 + first.month, 12)
    return int(first.timestamp()), int(first.replace(year=year, month=month + 1).timestamp())
