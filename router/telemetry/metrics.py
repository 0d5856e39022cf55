"""What the router's figures are, and what of each event they count.

Labels are bounded by the configuration: no key, voice, user or text is ever one.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache, partial
from itertools import chain, pairwise
from operator import attrgetter, is_not
from typing import Final

from router.contract import Attempt, LimitsTold, Load, OpenSockets, Outcome, Reload, Task, TurnOutcome, hook
from router.contract.money import MILLION
from router.telemetry.series import Counts, Levels, Spreads, alike, counter, gauge, histogram, together

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
HOW_IT_ENDED: Final = attrgetter("route", "model", "outcome", "hedged")
"""Of an attempt."""
WHAT_CAME: Final = attrgetter("outcome", "cache")
"""Of a request."""
KNOWN: Final = partial(is_not, None)


@hook
def media_attempt_finished(attempt: Attempt) -> None:
    """Count a call to a provider, soon."""
    ATTEMPTS_TOLD.hold(attempt)


@hook
def media_load_changed(load: Load) -> None:
    """Show how much a provider has to do."""
    IN_FLIGHT(load.provider).set(load.in_flight)
    QUEUE_DEPTH(load.provider).set(load.queued)


@hook
def media_request_finished(outcome: Outcome) -> None:
    """Count a request and what it delivered, soon."""
    REQUESTS_TOLD.hold(outcome)


@hook
def media_configuration_read(reload: Reload) -> None:
    """Count what came of reading the configuration again, and show how often it changed."""
    generation()().set(reload.generation)
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
def generation() -> Levels:
    """Make this process's own gauge: without labels it would be there, at 0, in processes that have no configuration."""
    told = "How many configurations were in force in a process, which counts from 1 again when it is replaced."
    return gauge("config_generation", told, mode="liveall")


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


def _count_attempts(attempts: Sequence[Attempt]) -> None:
    """Count calls of a task to a provider, whose breaker they left alike."""
    task, provider = attempts[0].task.value, attempts[0].provider
    for (route, model, outcome, is_hedge), times in Counter(map(HOW_IT_ENDED, attempts)).items():
        ATTEMPTS(task, provider, model, outcome).inc(times)
        if is_hedge:
            HEDGES(task, route, HEDGE_OUTCOMES.get(outcome, "failed")).inc(times)
    BREAKER(task, provider).set(BREAKER_STATES[attempts[0].breaker])
    _observe(attempts, "waited", QUEUE_WAIT, provider)
    _observe(attempts, "retry_after", RETRY_AFTER, provider)


def _count_requests(outcomes: Sequence[Outcome]) -> None:
    """Count requests of a task and a route that one provider served."""
    task, route, provider = outcomes[0].task.value, outcomes[0].route, outcomes[0].provider
    _observe(outcomes, "seconds", DURATION, task, route)
    _observe(outcomes, "first_byte", FIRST_BYTE, task, route, provider)
    _add_up(outcomes, "bytes_out", BYTES, task, route)
    for some in alike(outcomes, "team"):
        _count_teams(some, task, route, provider)
    for one in outcomes:
        if len(one.attempts) > 1:
            _count_moves(one)
            _count_splices(one)


def _count_teams(outcomes: Sequence[Outcome], task: str, route: str, provider: str) -> None:
    """Count what is told by team, of one team's requests."""
    team = outcomes[0].team
    for (outcome, from_cache), times in Counter(map(WHAT_CAME, outcomes)).items():
        REQUESTS(task, route, provider, team, outcome).inc(times)
        if outcome == "truncated":
            TRUNCATED(task, provider).inc(times)
        if from_cache:
            CACHE(route, team, from_cache).inc(times)
    _add_up(outcomes, "characters", CHARACTERS, task, route, team)
    _add_up(outcomes, "video_seconds", VIDEO, task, route, team)
    _add_up(outcomes, "audio_seconds", AUDIO, task, route, team, "in" if task == Task.TRANSCRIPTION else "out")
    _count_costs(outcomes)


def _observe(events: Sequence[Attempt | Outcome], seconds: str, series: Spreads, *labels: str) -> None:
    """Observe one of the times that events tell of, if any does."""
    if told := list(filter(KNOWN, map(attrgetter(seconds), events))):
        series(*labels).observe_all(told)


def _add_up(outcomes: Sequence[Outcome], amount: str, series: Counts, *labels: str) -> None:
    """Count one of the amounts that requests tell of; there is no series where it is always 0."""
    if total := sum(map(attrgetter(amount), outcomes)):
        series(*labels).inc(total)


def _count_costs(outcomes: Sequence[Outcome]) -> None:
    for charges in alike(list(chain.from_iterable(map(attrgetter("charges"), outcomes))), "provider"):
        if cost := sum(map(attrgetter("cost"), charges)):
            COST(outcomes[0].team, outcomes[0].route, charges[0].provider).inc(cost / MILLION)


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


ATTEMPTS_TOLD: Final = together(_count_attempts, "task", "provider", "breaker")
REQUESTS_TOLD: Final = together(_count_requests, "task", "route", "provider")
