"""What is told of requests and attempts in spans: OpenTelemetry's names where it has one, ours under `media_router`."""

from collections.abc import Iterator
from typing import Final

from opentelemetry.trace import SpanKind

from router.contract import Attempt, Outcome, TurnOutcome
from router.telemetry.spans import Drawn, Value

FINE: Final = frozenset({"ok", "cancelled", "outrun", "interrupted"})
"""Outcomes that are nobody's fault."""
OURS: Final = "media_router."


def request(drawn: Drawn, outcome: Outcome) -> None:
    """Tell of a request what its record says."""
    told: dict[str, Value | None] = {
        "request_id": outcome.request_id, "task": outcome.task.value, "route": outcome.route, "team": outcome.team,
        "provider": outcome.provider, "outcome": outcome.outcome, "cache": outcome.cache,
        "attempts": len(outcome.attempts), "first_byte": outcome.first_byte, "bytes_out": outcome.bytes_out or None,
        "characters": outcome.characters or None, "audio_seconds": outcome.audio_seconds or None,
        "video_seconds": outcome.video_seconds or None,
    }  # fmt: skip
    drawn.tell(OURS, told)
    drawn.attributes["gen_ai.operation.name"] = outcome.task.value
    if outcome.first_byte is not None:
        drawn.at("first_byte", outcome.first_byte)
    if outcome.outcome not in FINE:
        drawn.attributes["error.type"] = outcome.outcome
        # By OpenTelemetry's rules what the caller did wrong is no error of the server's.
        if outcome.outcome == "truncated" or outcome.status >= 500:
            drawn.fail(outcome.outcome)


def attempts(outcome: Outcome, began: float) -> Iterator[Drawn]:
    """Yield a request's attempts. The one that served lasts until the request's end, up to which it was streamed."""
    served = outcome.served
    for at, one in enumerate(outcome.attempts):
        if one.trace is None:
            continue
        ended = outcome.seconds if one is served else one.started + one.seconds
        name = f"{one.task.value} {one.model or one.provider}"
        drawn = Drawn(one.trace, name, SpanKind.CLIENT, began + one.started, began + ended)
        attempt(drawn, one, outcome.attempts[:at])
        if one.outcome not in FINE:
            drawn.fail(one.outcome)
        elif one is served and outcome.outcome == "truncated":
            drawn.fail("truncated")
        yield drawn


def attempt(drawn: Drawn, one: Attempt, before: tuple[Attempt, ...]) -> None:
    """Tell of an attempt whom it asked, what for, and what came before it."""
    last = next((other for other in reversed(before) if other.task is one.task and other.outcome != "outrun"), None)
    told: dict[str, Value | None] = {
        "request_id": one.request_id, "route": one.route, "target": one.target, "provider": one.provider,
        "outcome": one.outcome, "attempt": one.number, "reason": reason(one, last), "after": None if last is None else last.outcome,
        "hedged": one.hedged or None, "outrun": (one.outcome == "outrun") or None, "waited": one.waited or None,
        "retry_after": one.retry_after, "breaker": one.breaker,
    }  # fmt: skip
    drawn.tell(OURS, told)
    resent = sum(other.target == one.target for other in before)
    drawn.tell("", {
        "gen_ai.operation.name": one.task.value, "gen_ai.provider.name": one.kind,
        "gen_ai.request.model": one.model or None, "http.response.status_code": one.upstream_status,
        "http.request.resend_count": resent or None,
    })  # fmt: skip
    if one.first_byte is not None:
        drawn.at("first_byte", one.first_byte)


def reason(one: Attempt, last: Attempt | None) -> str:
    """Return why an attempt was made: `first`, `hedge`, `resume`, `retry` of the same provider, or `failover` to another."""
    if one.hedged:
        return "hedge"
    if one.resumes:
        return "resume"
    if last is None or last.outcome == "ok" or one.started < last.started + last.seconds:
        return "first"
    return "retry" if last.provider == one.provider else "failover"


def turn(drawn: Drawn, one: TurnOutcome) -> None:
    """Tell of a turn of a conversation what it was, and when it got where."""
    told: dict[str, Value | None] = {
        "request_id": one.request_id, "scenario": one.scenario, "team": one.team, "turn": one.kind,
        "outcome": one.outcome, "partials": one.partials, "sentences": one.sentences, "first_audio": one.first_audio,
    }  # fmt: skip
    drawn.tell(OURS, told)
    passed = 0.0
    for name, seconds in (("heard", one.hearing), ("thought", one.thinking), ("sounded", one.speaking)):
        if seconds is not None:
            passed += seconds
            drawn.at(name, passed)
    if one.outcome not in FINE:
        drawn.fail(one.outcome)
