"""Durations as people write them, `500ms`, `1.5s`, `2m`, `1h`, `30d`, held as seconds."""

import re
from typing import Annotated, Final

from msgspec import Meta

PARTS: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)")
PATTERN: Final = f"^{PARTS.pattern}$"
UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}

Seconds = Annotated[float, Meta(extra={"duration": True}, extra_json_schema={"pattern": PATTERN})]
"""A setting that is written as a duration; the schema makes it a string of this pattern."""


def seconds(text: str) -> float | None:
    """Return the seconds a duration lasts; None for what is not one, or does not last at all."""
    parts = PARTS.fullmatch(text)
    if parts is None:
        return None
    return float(parts[1]) * UNITS[parts[2]] or None


def written(length: float) -> str:
    """Return a duration as it would be written in the YAML."""
    return f"{length:.10g}s" if length >= 1 else f"{length * 1000:g}ms"
