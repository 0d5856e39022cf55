"""How long a provider asks us to stay away, in every spelling seen in the wild."""

from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from math import isfinite
from re import compile as regex

LONGEST = 3600.0
"""Seconds. A longer wait is kept as an hour: blocked targets are looked at again within one."""

RATE_LIMIT_RESET = regex(r"(?:^|[;,\s])(?:t|reset)\s*=\s*(\d+(?:\.\d+)?)")
RATE_LIMIT_LEFT = regex(r"(?:^|[;,\s])(?:r|remaining)\s*=\s*(\d+)")


def retry_after(headers: Mapping[str, str], now: float, longest: float = LONGEST) -> float | None:
    """Return the seconds to wait, or None where the answer holds no usable hint.

    Reads `retry-after-ms`, `retry-after` (seconds with decimals, or an HTTP date, taken relative to
    the answer's own `Date` so that clocks need not agree), then `RateLimit` (`r=0;t=…` of the IETF
    draft) and `RateLimit-Reset`, both only of a limit that is used up. Nonsense, negative and past
    values are no hint. `headers` must match names whatever their case; `now` is unix time, used where
    the answer has no `Date`. A longer wait than `longest` is kept as that.
    """
    told = (
        _number(headers.get("retry-after-ms"), 0.001),
        _number(headers.get("retry-after"), 1.0),
        _date(headers.get("retry-after"), headers.get("date"), now),
        _rate_limit(headers.get("ratelimit")),
        _number(headers.get("ratelimit-reset"), 1.0) if _used_up(headers.get("ratelimit-remaining")) else None,
    )
    return next((min(wait, longest) for wait in told if wait is not None), None)


def _number(text: str | None, unit: float) -> float | None:
    if text is None or not text.strip().replace(".", "", 1).isascii() or not text.strip().replace(".", "", 1).isdigit():
        return None
    wait = float(text) * unit
    return wait if isfinite(wait) and wait > 0 else None


def _date(text: str | None, sent: str | None, now: float) -> float | None:
    then = _timestamp(text)
    if then is None:
        return None
    wait = then - (_timestamp(sent) or now)
    return wait if wait > 0 else None


def _timestamp(text: str | None) -> float | None:
    try:
        moment = parsedate_to_datetime(text or "")
    except (ValueError, TypeError, OverflowError):
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _used_up(left: str | None) -> bool:
    return left is None or not left.strip().strip("0")


def _rate_limit(text: str | None) -> float | None:
    if text is None or (left := RATE_LIMIT_LEFT.search(text)) is None or not _used_up(left[1]):
        return None
    reset = RATE_LIMIT_RESET.search(text)
    return _number(reset[1], 1.0) if reset else None
