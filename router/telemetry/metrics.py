"""What the router's figures are, and what of each event they count.

Labels are bounded by the configuration: no key, voice, user or text is ever one.
"""

from collections.abc import Mapping
from functools import cache
from itertools import pairwise
from typing import Final

from router.contract import Attempt, LimitsTold, Load, OpenSockets, Outcome, Reload, Task, TurnOutcome, hook
from router.contract.money import MILLION
from router.telemetry.series import Level, counter, gauge, histogram, together

WAITS: Final = (0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3600)
BREAKER_STATES: Final = {"closed": 0, "half_open": 1, "open": 2}

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
COST = counter(
    "cost",
    "What calls cost in the currency of the prices, what may have been charged included.",
    "team",
    "route",
    "provider",
)
CACHE = counter("cache_requests", "Requests on routes with a cache, by what came of that.", "route", "team", "outcome")
LEDGER = counter("ledger_entries", "Entries of the ledger, by what became of them: written or lost.", "outcome")
RELOADS = counter("reloads", "Readings of the configuration while it was in force, by what came of them.", "outcome")
TURNS = counter("turns", "Turns of conversations, by how they ended.", "scenario", "kind", "team", "outcome")
TURN_STAGE = histogram("turn_stage_seconds", "What a turn's first sound waited for.", "scenario", "stage")
FIRST_AUDIO = histogram(
    "turn_first_audio_seconds", "From the end of a question to the first sound of its answer.", "scenario", "kind"
)
DELIVERIES = counter("webhook_deliveries", "Tries at webhooks, by what came of them.", "team", "outcome")
JOBS = gauge("jobs", "Videos in the making, by state.", "state", mode="livemostrecent")
JOB_AGE = gauge("job_age_seconds", "The age of the oldest video in the making.", "state", mode="livemostrecent")
RECORDS = gauge("records_available", "1 while the database of records can be used.", mode="livemostrecent")
UNFINISHED: Final = ("queued", "in_progress")
SENTENCES = counter("turn_sentences", "Sentences spoken in conversations.", "scenario")
QUOTA_USED = gauge("quota_used_ratio", "How much of a limit its team has used.", "team", "limit", mode="livemostrecent")
QUOTA_REFUSALS = counter("quota_refusals", "Requests that a team's limit was in the way of.", "team", "limit")
LIMITS_STORE = gauge(
    "limits_store_up",
    "1 while what teams use can be counted; `fail` is what becomes of requests when it cannot: open or closed.",
    "fail",
    mode="livemostrecent",
)
UNMETERED = counter("unmetered_requests", "Requests let through while what they use could not be counted.", "fail")
SOCKETS = gauge("open_sockets", "Sockets that are open.", "dialect", mode="livesum")

HEDGE_OUTCOMES: Final = {"ok": "won", "outrun": "lost", "cancelled": "cancelled"}
"""What a hedge's own outcome means for it; all else is `failed`."""
BEFORE_FIRST_BYTE: Final = "before_first_byte"
"""The only phase in which another provider may take over without splicing."""
AFTER_FIRST_BYTE: Final = "after_first_byte"


@hook
@together
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
@together
def media_request_finished(outcome: Outcome) -> None:
    """Count a request and what it delivered."""
    task, route, provider = outcome.task.value, outcome.route, outcome.provider
    REQUESTS(task, route, provider, outcome.team, outcome.outcome).inc()
    DURATION(task, route).observe(outcome.seconds)
    if outcome.first_byte is not None:
        FIRST_BYTE(task, route, provider).observe(outcome.first_byte)
    if outcome.outcome == "truncated":
        TRUNCATED(task, provider).inc()
    _count_costs(outcome)
    if outcome.cache:
        CACHE(outcome.route, outcome.team, outcome.cache).inc()
    if len(outcome.attempts) > 1:
        _count_moves(outcome)
        _count_splices(outcome)
    _count_media(outcome, task)


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
def generation() -> Level:
    """Make this process's own gauge: without labels it would be there, at 0, in processes that have no configuration."""
    told = "How many configurations were in force in a process, which counts from 1 again when it is replaced."
    return gauge("config_generation", told, mode="liveall")()


def count_entries(outcome: str, entries: int) -> None:
    """Count what became of entries of the ledger."""
    LEDGER(outcome).inc(entries)


def count_delivery(team: str, outcome: str) -> None:
    """Count a try at a webhook."""
    DELIVERIES(team, outcome).inc()


def show_jobs(unfinished: Mapping[str, tuple[int, float]] | None) -> None:
    """Show how many jobs are in which state, and the age of the oldest of each; None where that cannot be known."""
    RECORDS().set(unfinished is not None)
    for state in UNFINISHED if unfinished is not None else ():
        jobs, age = (unfinished or {}).get(state, (0, 0.0))
        JOBS(state).set(jobs)
        JOB_AGE(state).set(age)


@hook
def media_limits_changed(limits: LimitsTold) -> None:
    """Show how much of its limits each team has used, and whether they can be counted."""
    LIMITS_STORE(limits.fail).set(limits.there)
    if limits.unmetered:
        UNMETERED(limits.fail).inc(limits.unmetered)
    for one in limits.quotas:
        QUOTA_USED(one.team, one.limit).set(one.used)
        if one.refused:
            QUOTA_REFUSALS(one.team, one.limit).inc(one.refused)


def _count_costs(outcome: Outcome) -> None:
    for one in outcome.charges:
        if one.cost:
            COST(outcome.team, outcome.route, one.provider).inc(one.cost / MILLION)


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


def _count_media(outcome: Outcome, task: str) -> None:
    route, team = outcome.route, outcome.team
    if outcome.characters:
        CHARACTERS(task, route, team).inc(outcome.characters)
    if outcome.video_seconds:
        VIDEO(task, route, team).inc(outcome.video_seconds)
    if outcome.bytes_out:
        BYTES(task, route).inc(outcome.bytes_out)
    if outcome.audio_seconds:
        direction = "in" if outcome.task is Task.TRANSCRIPTION else "out"
        AUDIO(task, route, team, direction).inc(outcome.audio_seconds)
