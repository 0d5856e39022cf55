"""What a team may use in a span of time, as it is written in the YAML: `300/min`, `2M/day`, `10h/day`, `500 USD/month`."""

import enum
import re
from decimal import Decimal
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from router.engine.settings.branch import Branch

SPANS: Final = "(min|hour|day|month)"
COUNTED: Final = rf"^[0-9]{{1,9}}(\.[0-9]{{1,3}})?[kM]?/{SPANS}$"
TIMED: Final = rf"^[0-9]{{1,9}}(\.[0-9]{{1,3}})?(s|m|h)/{SPANS}$"
PRICED: Final = rf"^[0-9]{{1,9}}(\.[0-9]{{1,6}})? [A-Z]{{3}}/{SPANS}$"
PARTS: Final = re.compile(r"([0-9.]+) ?([A-Za-z]*)/([a-z]+)")
SIZES: Final = {"": 1, "k": 1_000, "M": 1_000_000, "s": 1_000, "m": 60_000, "h": 3_600_000}
"""What a number's suffix makes of it; media is counted in milliseconds."""
MICRO: Final = 1_000_000
"""Money is counted in millionths of its currency."""


def _written(pattern: str, expected: str) -> Meta:
    """Return what a text must look like. msgspec must not know: it frees a pattern beside a list twice (its issue 717)."""
    return Meta(extra={"pattern": pattern, "expected": expected}, extra_json_schema={"pattern": pattern})


Counted = Annotated[str, _written(COUNTED, "a number per min, hour, day or month, such as 300/min or 2M/day")]
Timed = Annotated[str, _written(TIMED, "a length per min, hour, day or month, such as 10h/day or 90m/hour")]
Priced = Annotated[str, _written(PRICED, "money per min, hour, day or month, such as 500 USD/month")]

LimitsUrl = Annotated[
    str,
    Meta(pattern=r"^(redis|rediss|valkey|valkeys)://\S+$", extra={"expected": "redis://host, or valkey://host"}),
]


class Span(enum.StrEnum):
    """How long an allowance lasts. Spans begin on the minute, the hour, at midnight and on the first, in UTC."""

    MINUTE = "min"
    HOUR = "hour"
    DAY = "day"
    MONTH = "month"


class Unit(enum.StrEnum):
    """What is counted: whole requests and characters, milliseconds of media, and millionths of the currency."""

    REQUESTS = "requests"
    CHARACTERS = "characters"
    AUDIO = "audio_seconds"
    VIDEO = "video_seconds"
    SPEND = "spend"


class Allowance(msgspec.Struct, frozen=True):
    """So much of a unit in a span of time; `currency` is that of money alone."""

    unit: Unit
    amount: int
    span: Span
    currency: str = ""


def allowance(unit: Unit, text: str) -> Allowance:
    """Return what a text that has the unit's pattern says."""
    parts = PARTS.fullmatch(text)
    if parts is None:
        raise ValueError(f"{text!r} is no allowance")
    number, suffix, span = Decimal(parts[1]), parts[2], Span(parts[3])
    if unit is Unit.SPEND:
        return Allowance(unit, int(number * MICRO), span, suffix)
    return Allowance(unit, int(number * SIZES[suffix]), span)


class Limits(Branch, frozen=True, kw_only=True):
    """What a team may use, in each unit as one allowance or a list of them, and how many requests it may have at once.

    Speech is counted in characters, transcription in the seconds that are heard, talking heads in seconds of video and in
    the characters that are spoken for them.
    """

    requests: Counted | tuple[Counted, ...] = ()
    characters: Counted | tuple[Counted, ...] = ()
    audio_seconds: Timed | tuple[Timed, ...] = ()
    video_seconds: Timed | tuple[Timed, ...] = ()
    spend: Priced | tuple[Priced, ...] = ()
    concurrent: Annotated[int, Meta(ge=1)] | None = None

    @property
    def allowances(self) -> tuple[Allowance, ...]:
        """All of them but `concurrent`, by unit."""
        return tuple(allowance(unit, text) for unit in Unit for text in _listed(getattr(self, unit.value)))


def _listed(given: str | tuple[str, ...] | None) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(filter(None, given or ()))


class WhenAway(enum.StrEnum):
    """What becomes of requests of teams with limits while nobody can count: refused, or served and counted afterwards."""

    CLOSED = "closed"
    OPEN = "open"
