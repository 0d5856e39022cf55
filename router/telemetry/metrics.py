"""Prometheus series, and the only module that knows prometheus_client.

Labels are bounded by the configuration: no key, voice, user or text is ever one. Several processes
share their counts through the directory that `PROMETHEUS_MULTIPROC_DIR` names, which
prometheus_client reads when it is imported.
"""

import os
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Final

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from router.contract import Attempt, Load, Outcome, Task, hook

PREFIX: Final = "media_router"
SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)
WAITS: Final = (0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3600)
BREAKER_STATES: Final = {"closed": 0, "half_open": 1, "open": 2}

REQUESTS = Counter("requests", "Requests answered.", ("task", "route", "provider", "team", "outcome"), namespace=PREFIX)
DURATION = Histogram(
    "request_duration_seconds", "From arrival to the last byte.", ("task", "route"), namespace=PREFIX, buckets=SECONDS
)
FIRST_BYTE = Histogram(
    "time_to_first_byte_seconds",
    "From arrival to the first byte out.",
    ("task", "route", "provider"),
    namespace=PREFIX,
    buckets=SECONDS,
)
ATTEMPTS = Counter(
    "attempts", "Calls to providers, by how they ended.", ("task", "provider", "model", "reason"), namespace=PREFIX
)
RETRIES = Counter(
    "retries", "Calls repeated at the provider that failed.", ("task", "provider", "reason"), namespace=PREFIX
)
HEDGES = Counter(
    "hedges",
    "Calls made because another was slow, by what became of them.",
    ("task", "route", "outcome"),
    namespace=PREFIX,
)
FAILOVERS = Counter(
    "failovers", "Moves to another provider.", ("task", "from", "to", "reason", "phase"), namespace=PREFIX
)
RETRY_AFTER = Histogram(
    "retry_after_seconds", "How long providers asked to be left alone.", ("provider",), namespace=PREFIX, buckets=WAITS
)
BREAKER = Gauge(
    "breaker_state",
    "0 closed, 1 half-open, 2 open; as of the target's last call.",
    ("task", "provider"),
    namespace=PREFIX,
    multiprocess_mode="livemostrecent",
)
QUEUE_WAIT = Histogram(
    "queue_wait_seconds",
    "How long requests waited until a provider had room for their call, those that gave up included.",
    ("provider",),
    namespace=PREFIX,
    buckets=SECONDS,
)
IN_FLIGHT = Gauge(
    "in_flight", "Calls to a provider under way.", ("provider",), namespace=PREFIX, multiprocess_mode="livesum"
)
QUEUE_DEPTH = Gauge(
    "queue_depth", "Requests waiting for a provider.", ("provider",), namespace=PREFIX, multiprocess_mode="livesum"
)
SPLICES = Counter("splices", "Streams that broke and were resumed.", ("task", "route", "provider"), namespace=PREFIX)
TRUNCATED = Counter("truncated", "Streams that broke after their first byte.", ("task", "provider"), namespace=PREFIX)
CHARACTERS = Counter("characters", "Characters asked to be spoken.", ("task", "route", "team"), namespace=PREFIX)
AUDIO = Counter("audio_seconds", "Seconds of audio.", ("task", "route", "team", "direction"), namespace=PREFIX)
VIDEO = Counter("video_seconds", "Seconds of video delivered.", ("task", "route", "team"), namespace=PREFIX)
BYTES = Counter("bytes", "Bytes of media delivered.", ("task", "route"), namespace=PREFIX)

HEDGE_OUTCOMES: Final = {"ok": "won", "outrun": "lost", "cancelled": "cancelled"}
"""What a hedge's own outcome means for it; all else is `failed`."""
BEFORE_FIRST_BYTE: Final = "before_first_byte"
"""The only phase in which another provider may take over without splicing."""
AFTER_FIRST_BYTE: Final = "after_first_byte"


@hook
def media_attempt_finished(attempt: Attempt) -> None:
    """Count a call to a provider."""
    task, provider = attempt.task.value, attempt.provider
    ATTEMPTS.labels(task, provider, attempt.model, attempt.outcome).inc()
    BREAKER.labels(task, provider).set(BREAKER_STATES[attempt.breaker])
    QUEUE_WAIT.labels(provider).observe(attempt.waited)
    if attempt.hedged:
        HEDGES.labels(task, attempt.route, HEDGE_OUTCOMES.get(attempt.outcome, "failed")).inc()
    if attempt.retry_after is not None:
        RETRY_AFTER.labels(provider).observe(attempt.retry_after)


@hook
def media_load_changed(load: Load) -> None:
    """Show how much a provider has to do."""
    IN_FLIGHT.labels(load.provider).set(load.in_flight)
    QUEUE_DEPTH.labels(load.provider).set(load.queued)


@hook
def media_request_finished(outcome: Outcome) -> None:
    """Count a request and what it delivered."""
    task, route, team = outcome.task.value, outcome.route, outcome.team
    REQUESTS.labels(task, route, outcome.provider, team, outcome.outcome).inc()
    DURATION.labels(task, route).observe(outcome.seconds)
    if outcome.first_byte is not None:
        FIRST_BYTE.labels(task, route, outcome.provider).observe(outcome.first_byte)
    if outcome.outcome == "truncated":
        TRUNCATED.labels(task, outcome.provider).inc()
    _count_moves(outcome)
    _count_splices(outcome)
    _count_media(outcome)


def _count_moves(outcome: Outcome) -> None:
    # A hedge is no move: it was begun before anything had failed, and is counted by itself.
    for before, after in pairwise(one for one in outcome.attempts if not one.hedged):
        broke = before.outcome == "ok" and after.resumes
        if before.task is not after.task or (before.outcome in {"ok", "outrun"} and not broke):
            continue
        task = before.task.value
        reason, phase = ("truncated", AFTER_FIRST_BYTE) if broke else (before.outcome, BEFORE_FIRST_BYTE)
        if before.provider == after.provider:
            RETRIES.labels(task, before.provider, reason).inc()
        else:
            FAILOVERS.labels(task, before.provider, after.provider, reason, phase).inc()


def _count_splices(outcome: Outcome) -> None:
    for one in outcome.attempts:
        if one.resumes and one.outcome == "ok":
            SPLICES.labels(one.task.value, outcome.route, one.provider).inc()


def _count_media(outcome: Outcome) -> None:
    task, route, team = outcome.task.value, outcome.route, outcome.team
    CHARACTERS.labels(task, route, team).inc(outcome.characters)
    VIDEO.labels(task, route, team).inc(outcome.video_seconds)
    BYTES.labels(task, route).inc(outcome.bytes_out)
    direction = "in" if outcome.task is Task.TRANSCRIPTION else "out"
    AUDIO.labels(task, route, team, direction).inc(outcome.audio_seconds)


def render() -> tuple[bytes, str]:
    """Return the exposition of all processes and its content type."""
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
