"""Prometheus series, and the only module that knows prometheus_client.

Labels are bounded by the configuration: no key, voice, user or text is ever one. Several processes
share their counts through the directory that `PROMETHEUS_MULTIPROC_DIR` names, which
prometheus_client reads when it is imported.
"""

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Final, Literal, TypeVar

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
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from router.contract import Attempt, Load, OpenSockets, Outcome, Reload, Task, TurnOutcome, hook

PREFIX: Final = "media_router"
SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)
WAITS: Final = (0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3600)
BREAKER_STATES: Final = {"closed": 0, "half_open": 1, "open": 2}

Mode = Literal["livesum", "livemostrecent"]
M = TypeVar("M", bound=MetricWrapperBase)


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


def by_labels(metric: M) -> Callable[..., M]:
    """Return what finds a metric's series by the values of its labels; prometheus_client itself takes 2 µs for that."""
    return cache(metric.labels)


def counter(name: str, told: str, *labels: str) -> Callable[..., Counter]:
    """Make a counter."""
    return by_labels(Counter(name, told, labels, namespace=PREFIX))


def gauge(name: str, told: str, *labels: str, mode: Mode) -> Callable[..., Gauge]:
    """Make a gauge; `mode` is how the values of several processes become one."""
    return by_labels(Gauge(name, told, labels, namespace=PREFIX, multiprocess_mode=mode))


def histogram(name: str, told: str, *labels: str, buckets: Sequence[float] = SECONDS) -> Callable[..., Histogram]:
    """Make a histogram."""
    return by_labels(Histogram(name, told, labels, namespace=PREFIX, buckets=buckets))


REQUESTS = counter("requests", "Requests answered.", "task", "route", "provider", "team", "outcome")
DURATION = histogram("request_duration_seconds", "From arrival to the last byte.", "task", "route")
FIRST_BYTE = histogram("time_to_first_byte_seconds", "From arrival to the first byte out.", "task", "route", "provider")
ATTEMPTS = counter("attempts", "Calls to providers, by how they ended.", "task", "provider", "model", "reason")
RETRIES = counter("retries", "Calls repeated at the provider that failed.", "task", "provider", "reason")
HEDGES = counter("hedges", "Calls made because another was slow, by what became of them.", "task", "route", "outcome")
FAILOVERS = counter("failovers", "Moves to another provider.", "task", "from", "to", "reason", "phase")
RETRY_AFTER = histogram("retry_after_seconds", "How long providers asked to be left alone.", "provider", buckets=WAITS)
BREAKER = gauge(
    "breaker_state",
    "0 closed, 1 half-open, 2 open; as of the target's last call.",
    "task",
    "provider",
    mode="livemostrecent",
)
QUEUE_WAIT = histogram(
    "queue_wait_seconds",
    "How long requests waited until a provider had room for their call, those that gave up included.",
    "provider",
)
IN_FLIGHT = gauge("in_flight", "Calls to a provider under way.", "provider", mode="livesum")
QUEUE_DEPTH = gauge("queue_depth", "Requests waiting for a provider.", "provider", mode="livesum")
SPLICES = counter("splices", "Streams that broke and were resumed.", "task", "route", "provider")
TRUNCATED = counter("truncated", "Streams that broke after their first byte.", "task", "provider")
CHARACTERS = counter("characters", "Characters asked to be spoken.", "task", "route", "team")
AUDIO = counter("audio_seconds", "Seconds of audio.", "task", "route", "team", "direction")
VIDEO = counter("video_seconds", "Seconds of video delivered.", "task", "route", "team")
BYTES = counter("bytes", "Bytes of media delivered.", "task", "route")
RELOADS = counter("reloads", "Readings of the configuration while it was in force, by what came of them.", "outcome")
TURNS = counter("turns", "Turns of conversations, by how they ended.", "scenario", "kind", "team", "outcome")
TURN_STAGE = histogram("turn_stage_seconds", "What a turn's first sound waited for.", "scenario", "stage")
FIRST_AUDIO = histogram(
    "turn_first_audio_seconds", "From the end of a question to the first sound of its answer.", "scenario", "kind"
)
SENTENCES = counter("turn_sentences", "Sentences spoken in conversations.", "scenario")
SOCKETS = gauge("open_sockets", "Sockets that are open.", "dialect", mode="livesum")

HEDGE_OUTCOMES: Final = {"ok": "won", "outrun": "lost", "cancelled": "cancelled"}
"""What a hedge's own outcome means for it; all else is `failed`."""
BEFORE_FIRST_BYTE: Final = "before_first_byte"
"""The only phase in which another provider may take over without splicing."""
AFTER_FIRST_BYTE: Final = "after_first_byte"


@hook
def media_attempt_finished(attempt: Attempt) -> None:
    """Count a call to a provider."""
    task, provider = attempt.task.value, attempt.provider
    ATTEMPTS(task, provider, attempt.model, attempt.outcome).inc()
    BREAKER(task, provider).set(BREAKER_STATES[attempt.breaker])
    QUEUE_WAIT(provider).observe(attempt.waited)
    if attempt.hedged:
        HEDGES(task, attempt.route, HEDGE_OUTCOMES.get(attempt.outcome, "failed")).inc()
    if attempt.retry_after is not None:
        RETRY_AFTER(provider).observe(attempt.retry_after)


@hook
def media_load_changed(load: Load) -> None:
    """Show how much a provider has to do."""
    IN_FLIGHT(load.provider).set(load.in_flight)
    QUEUE_DEPTH(load.provider).set(load.queued)


@hook
def media_request_finished(outcome: Outcome) -> None:
    """Count a request and what it delivered."""
    task, route, provider = outcome.task.value, outcome.route, outcome.provider
    REQUESTS(task, route, provider, outcome.team, outcome.outcome).inc()
    DURATION(task, route).observe(outcome.seconds)
    if outcome.first_byte is not None:
        FIRST_BYTE(task, route, provider).observe(outcome.first_byte)
    if outcome.outcome == "truncated":
        TRUNCATED(task, provider).inc()
    _count_moves(outcome)
    _count_splices(outcome)
    _count_media(outcome)


@hook
def media_configuration_read(reload: Reload) -> None:
    """Count what came of reading the configuration again, and show how often it changed."""
    generation().set(reload.generation)
    if reload.outcome != "started":
        RELOADS(reload.outcome).inc()


@hook
def media_turn_finished(turn: TurnOutcome) -> None:
    """Count a turn, and what its first sound waited for."""
    TURNS(turn.scenario, turn.kind, turn.team, turn.outcome).inc()
    SENTENCES(turn.scenario).inc(turn.sentences)
    for stage in ("hearing", "thinking", "speaking"):
        seconds = getattr(turn, stage)
        if seconds is not None:
            TURN_STAGE(turn.scenario, stage).observe(seconds)
    if turn.first_audio is not None:
        FIRST_AUDIO(turn.scenario, turn.kind).observe(turn.first_audio)


@hook
def media_sockets_changed(sockets: OpenSockets) -> None:
    """Show how many sockets are open."""
    SOCKETS(sockets.dialect).set(sockets.open)


@cache
def generation() -> Gauge:
    """Make this process's own gauge: without labels it would be there, at 0, in processes that have no configuration."""
    told = "How many configurations were in force in a process, which counts from 1 again when it is replaced."
    return Gauge("config_generation", told, namespace=PREFIX, multiprocess_mode="liveall")


def _count_moves(outcome: Outcome) -> None:
    # A hedge is no move: it was begun before anything had failed, and is counted by itself.
    for before, after in pairwise(one for one in outcome.attempts if not one.hedged):
        broke = before.outcome == "ok" and after.resumes
        if before.task is not after.task or (before.outcome in {"ok", "outrun"} and not broke):
            continue
        task = before.task.value
        reason, phase = ("truncated", AFTER_FIRST_BYTE) if broke else (before.outcome, BEFORE_FIRST_BYTE)
        if before.provider == after.provider:
            RETRIES(task, before.provider, reason).inc()
        else:
            FAILOVERS(task, before.provider, after.provider, reason, phase).inc()


def _count_splices(outcome: Outcome) -> None:
    for one in outcome.attempts:
        if one.resumes and one.outcome == "ok":
            SPLICES(one.task.value, outcome.route, one.provider).inc()


def _count_media(outcome: Outcome) -> None:
    task, route, team = outcome.task.value, outcome.route, outcome.team
    if outcome.characters:
        CHARACTERS(task, route, team).inc(outcome.characters)
    if outcome.video_seconds:
        VIDEO(task, route, team).inc(outcome.video_seconds)
    if outcome.bytes_out:
        BYTES(task, route).inc(outcome.bytes_out)
    if outcome.audio_seconds:
        direction = "in" if outcome.task is Task.TRANSCRIPTION else "out"
        AUDIO(task, route, team, direction).inc(outcome.audio_seconds)


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
