"""All that is measured: what each figure is called, its unit, and which way is better."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

CONNECTIONS: Final = (1, 16, 64, 256)
UPLOADS: Final = ((1, 16), (1, 64), (25, 16), (25, 64))
"""Megabytes, and how many at once."""
TIMES: Final = "x"
"""The unit of what is a ratio already."""


@dataclass(frozen=True)
class Measure:
    """A figure's meaning. `over_direct`: what asking the vendor itself took has been taken off."""

    title: str
    unit: str
    less_is_better: bool = True
    over_direct: bool = False


def _whole(count: int) -> Mapping[str, Measure]:
    what = f"whole speech, {count} at once"
    return {
        f"whole-{count}/cpu": Measure(f"{what}: CPU per request", "µs"),
        f"whole-{count}/rate": Measure(f"{what}: requests per second", "/s", less_is_better=False),
        f"whole-{count}/p50": Measure(f"{what}: added p50", "ms", over_direct=True),
        f"whole-{count}/p99": Measure(f"{what}: added p99", "ms", over_direct=True),
    }


def _uploads(size: int, count: int) -> Mapping[str, Measure]:
    what = f"transcription of {size} MB, {count} at once"
    return {
        f"upload-{size}-{count}/rate": Measure(f"{what}: rate", "MB/s", less_is_better=False),
        f"upload-{size}-{count}/cpu": Measure(f"{what}: CPU per request", "µs"),
        f"upload-{size}-{count}/grown": Measure(f"{what}: memory grows by", "MB"),
    }


MEASURES: Final[Mapping[str, Measure]] = {
    **{key: one for count in CONNECTIONS for key, one in _whole(count).items()},
    "stream/first-p50": Measure("streamed speech, 50 at once: added to the first byte, p50", "ms", over_direct=True),
    "stream/first-p99": Measure("streamed speech, 50 at once: added to the first byte, p99", "ms", over_direct=True),
    "paced/most": Measure("paced real-time streams on one core, p99 late by under 20 ms", "", less_is_better=False),
    "paced/cpu": Measure("paced streams: CPU per second of one stream", "µs"),
    "bulk/rate": Measure("5 MB streams, 8 at once", "MB/s", less_is_better=False),
    **{key: one for size, count in UPLOADS for key, one in _uploads(size, count).items()},
    "film/first-p50": Measure("live fMP4, 16 at once: added to the first byte, p50", "ms", over_direct=True),
    "film/late-p99": Measure("live fMP4, 16 at once: fragments late, p99", "ms"),
    "film/cpu": Measure("live fMP4, 16 at once: CPU per request", "µs"),
    "start/cold": Measure("from start to the first 200", "s"),
    "start/idle": Measure("idle memory of a worker", "MB"),
    "embedded/first": Measure("embedded voice: first PCM byte, p50 at 1 connection", "ms"),
    "embedded/portrait": Measure("embedded portrait: seconds of film per second", TIMES, less_is_better=False),
    "scale/routes": Measure("CPU per request, 1,000 routes to 10", TIMES),
    "scale/teams": Measure("CPU per request, 10,000 teams to 10", TIMES),
    "scale/streams": Measure("CPU per request, 2,000 open streams to 1", TIMES),
    "scale/ledger": Measure("CPU per request, 3,000,000 of the day written down to 1", TIMES),
    "noise/again": Measure("whole speech, 64 at once: CPU per request, a second time in the round", "µs"),
}
