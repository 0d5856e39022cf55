"""Prometheus series, and the only module that knows prometheus_client.

Several processes share their counts through the directory that `PROMETHEUS_MULTIPROC_DIR` names, which prometheus_client
reads when it is imported. What is counted goes into its files twenty times a second, whatever is asked for meanwhile.
"""

import logging
import os
from bisect import bisect_left
from collections import Counter as Counted
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache, wraps
from pathlib import Path
from typing import Any, Final, Literal, Protocol, TypeVar

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    values,
)
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from router.telemetry.batch import Batch

LOG: Final = logging.getLogger(__name__)
PREFIX: Final = "media_router"
SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)

Mode = Literal["liveall", "livesum", "livemostrecent"]
E = TypeVar("E")


class Own:
    """This process's number, for which prometheus_client would ask the system at every count."""

    pid = os.getpid()

    @classmethod
    def learn(cls) -> None:
        """Ask the system, in a process that was just forked."""
        cls.pid = os.getpid()


os.register_at_fork(after_in_child=Own.learn)
if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
    values.ValueClass = values.MultiProcessValue(lambda: Own.pid)  # type: ignore[no-untyped-call]  # untyped there


class Waiting(Protocol):
    """A series with something to be written."""

    def settle(self) -> None:
        """Write it."""


def settle(waiting: Sequence[Waiting]) -> None:
    """Write what several series have."""
    for one in waiting:
        one.settle()


WAITING: Final[Batch[Waiting]] = Batch(settle)


def count(told: Sequence[tuple[Callable[[Any], None], Any]]) -> None:
    """Count events that waited, and write what comes of it."""
    for counting, event in told:
        try:
            counting(event)
        except Exception:
            LOG.exception("a part of %s was not counted", type(event).__name__)
    WAITING.flush()


TOLD: Final[Batch[tuple[Callable[[Any], None], Any]]] = Batch(count)


def together(counting: Callable[[E], None]) -> Callable[[E], None]:
    """Have what counts an event count it soon, with all that came meanwhile: there are several with each request."""

    @wraps(counting)
    def told(event: E) -> None:
        TOLD.hold((counting, event))

    return told


def flush() -> None:
    """Count and write what waits."""
    TOLD.flush()
    WAITING.flush()


class Count:
    """A counter of one set of labels: it adds up here, where that is 20 times as quick as in the shared file."""

    def __init__(self, series: Counter) -> None:
        self._series = series
        self._more = 0.0

    def inc(self, amount: float = 1.0) -> None:
        """Count."""
        waits = self._more
        self._more += amount
        if not waits:
            WAITING.hold(self)

    def settle(self) -> None:
        """Write what was added."""
        more, self._more = self._more, 0.0
        self._series.inc(more)


class Level:
    """A gauge of one set of labels."""

    def __init__(self, series: Gauge) -> None:
        self._series = series
        self._latest: float | None = None

    def set(self, value: float) -> None:
        """Put it at a value."""
        waits = self._latest is not None
        self._latest = value
        if not waits:
            WAITING.hold(self)

    def settle(self) -> None:
        """Write where it was put last."""
        latest, self._latest = self._latest, None
        if latest is not None:
            self._series.set(latest)


class Spread:
    """A histogram of one set of labels."""

    def __init__(self, series: "Tally") -> None:
        self._series = series
        self._seen: list[float] = []

    def observe(self, amount: float) -> None:
        """Take note of one observation."""
        self._seen.append(amount)
        if len(self._seen) == 1:
            WAITING.hold(self)

    def settle(self) -> None:
        """Write those that were noted."""
        seen, self._seen = self._seen, []
        self._series.observe_all(seen)


class Tally(Histogram):
    """A histogram that takes many observations at the cost of one."""

    def observe_all(self, amounts: Sequence[float]) -> None:
        """Observe each of them."""
        self._sum.inc(sum(amounts))
        for bucket, times in Counted(bisect_left(self._upper_bounds, amount) for amount in amounts).items():
            self._buckets[bucket].inc(times)


def counter(name: str, told: str, *labels: str) -> Callable[..., Count]:
    """Make a counter; what is returned finds its series by the values of the labels."""
    metric = Counter(name, told, labels, namespace=PREFIX)
    return cache(lambda *values: Count(metric.labels(*values)))


def gauge(name: str, told: str, *labels: str, mode: Mode) -> Callable[..., Level]:
    """Make a gauge; `mode` is how the values of several processes become one."""
    metric = Gauge(name, told, labels, namespace=PREFIX, multiprocess_mode=mode)
    return cache(lambda *values: Level(metric.labels(*values) if labels else metric))


def histogram(name: str, told: str, *labels: str, buckets: Sequence[float] = SECONDS) -> Callable[..., Spread]:
    """Make a histogram."""
    metric = Tally(name, told, labels, namespace=PREFIX, buckets=buckets)
    return cache(lambda *values: Spread(metric.labels(*values)))


def render() -> tuple[bytes, str]:
    """Return the exposition of all processes and its content type; other processes' counts are 50 ms old at most."""
    flush()
    registry = REGISTRY
    if shared := os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        forget_the_dead(Path(shared))
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # untyped in prometheus_client
    return generate_latest(registry), CONTENT_TYPE_LATEST


def forget_the_dead(shared: Path) -> None:
    """Drop the gauges of processes that are gone: what was in flight there no longer is. Their counts stay."""
    for pid in {int(file.stem.rpartition("_")[2]) for file in shared.glob("gauge_live*_*.db")}:
        if not alive(pid):
            with suppress(FileNotFoundError):  # another process was just asked for the same page
                mark_process_dead(pid, str(shared))  # type: ignore[no-untyped-call]  # untyped in prometheus_client


def alive(pid: int) -> bool:
    """Whether a process runs."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # the number is somebody else's by now; the gauges stay until that one ends
        return True
    return True
