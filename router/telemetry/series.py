"""Prometheus series, and the only module that knows prometheus_client.

Several processes share their counts through the directory that `PROMETHEUS_MULTIPROC_DIR` names, which prometheus_client
reads when it is imported. To count into its files takes 1.5 µs, so what comes with each request is counted twice a
second, and then added up first.
"""

import logging
import os
from bisect import bisect_left
from collections import Counter as Counted
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import cache
from itertools import groupby, repeat
from operator import attrgetter
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

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
BATCHES: Final[list[Batch[Any]]] = []
"""What waits to be counted."""
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


def together(counting: Callable[[Sequence[E]], None], *labels: str) -> Batch[E]:
    """Return a batch of events, of which `counting` is given at once those that are alike: there are several with each request."""

    def work(told: Sequence[E]) -> None:
        for events in alike(told, *labels):
            try:
                counting(events)
            except Exception:
                LOG.exception("a part of %s was not counted", type(events[0]).__name__)

    batch = Batch(work)
    BATCHES.append(batch)
    return batch


def alike(events: Sequence[E], *labels: str) -> Iterable[Sequence[E]]:
    """Return events by their labels, each time the latest first.

    Those that were last told of come last: a gauge stays where the latest event puts it.
    """
    found = defaultdict[object, list[E]](list)
    for said, some in groupby(reversed(events), attrgetter(*labels)):
        found[said].extend(some)
    return reversed(found.values())


def flush() -> None:
    """Count what waits."""
    for one in BATCHES:
        one.flush()


class Tally(Histogram):
    """A histogram that takes many observations at the cost of one."""

    def observe_all(self, amounts: Sequence[float]) -> None:
        """Observe each of them."""
        self._sum.inc(sum(amounts))
        for bucket, times in Counted(map(bisect_left, repeat(self._upper_bounds), amounts)).items():
            self._buckets[bucket].inc(times)


Counts = Callable[..., Counter]
Levels = Callable[..., Gauge]
Spreads = Callable[..., Tally]
"""Each finds the series of a metric by the values of its labels."""


def counter(name: str, told: str, *labels: str) -> Counts:
    """Make a counter."""
    metric = Counter(name, told, labels, namespace=PREFIX)
    return cache(metric.labels)


def gauge(name: str, told: str, *labels: str, mode: Mode) -> Levels:
    """Make a gauge; `mode` is how the values of several processes become one."""
    metric = Gauge(name, told, labels, namespace=PREFIX, multiprocess_mode=mode)
    return cache(metric.labels if labels else lambda: metric)


def histogram(name: str, told: str, *labels: str, buckets: Sequence[float] = SECONDS) -> Spreads:
    """Make a histogram."""
    metric = Tally(name, told, labels, namespace=PREFIX, buckets=buckets)
    return cache(metric.labels)


def render() -> tuple[bytes, str]:
    """Return the exposition of all processes and its content type; other processes' counts are half a second old at most."""
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
