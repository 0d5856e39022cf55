"""JSON logs: a line for each request, which tells of the attempt that served it as well, and for whatever else there is to tell.

Our own events are written by msgspec, many at a time; what libraries log goes the long way through `logging` and
structlog, and both look alike.
"""

import logging
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any, Final, Literal, TextIO

import msgspec

from router.contract import Attempt, Outcome, Reload, TurnOutcome, hook
from router.contract.money import written
from router.telemetry.batch import Batch
from router.telemetry.sink import Sink
from router.telemetry.structured import formatter

SINK: Final = logging.StreamHandler(sys.stderr)
"""Where what libraries log goes."""
FINE: Final = frozenset({"ok", "cancelled", "outrun"})
LOGGER: Final = "media_router"
PLACE: Final = ("trace_id", "span_id")
NOWHERE: Final = (None, None)

Level = Literal["info", "warning"]
Write = Callable[[Any, Level, float], msgspec.Struct]
"""Returns the line of an event, of a level, at a time in unix seconds."""
Told = tuple[Write, msgspec.Struct, Level, float]
ENCODE: Final = msgspec.json.Encoder().encode_lines
TIMES: Final = (float, float | None)
"""Types of fields that are seconds."""
TOLD_OTHERWISE: Final = frozenset({"trace", "served", "choices", "ended_at"})
"""Fields that hold events themselves: of these a line has what `writing` or its `told` picks out, if anything. The time is its own."""
More = tuple[tuple[object, ...], tuple[float | None, ...]]
"""What is said of an event beside its own fields: first what is no time, then seconds."""


def nothing(_: object) -> More:
    """Return no more than an event's own fields."""
    return (), ()


def writing(
    kind: type[msgspec.Struct],
    name: str,
    more: Sequence[str] = (),
    more_times: Sequence[str] = (),
    told: Callable[[Any], More] = nothing,
) -> Write:
    """Return what makes the lines of an event: its fields, and more, which `told` returns, but the empty ones.

    Times are to 0.1 ms.
    """
    fields = [one for one in msgspec.structs.fields(kind) if one.name not in TOLD_OTHERWISE.union(more)]
    texts = [one.name for one in fields if one.type not in TIMES]
    times = [one.name for one in fields if one.type in TIMES]
    names = ("logger", "event", "level", "timestamp", *PLACE, *texts, *more, *times, *more_times)
    line = msgspec.defstruct("Line", [(one, Any, None) for one in names], omit_defaults=True)
    read, first = attrgetter(*texts, *times), len(texts)

    def write(event: Any, level: Level, at: float) -> msgspec.Struct:
        own, (said, spans), trace = read(event), told(event), getattr(event, "trace", None)
        place = NOWHERE if trace is None else (trace.trace_id, trace.span_id)
        passed = [one and (one * 1e4 + 0.5) // 1 / 1e4 for one in own[first:] + spans]  # `round` takes twice as long
        return line(LOGGER, name, level, datetime.fromtimestamp(at, UTC), *place, *own[:first], *said, *passed)

    return write


SERVED: Final = ("target", "kind", "model", "number", "breaker", "attempt_span_id")
SERVED_TIMES: Final = ("started", "waited", "upstream_first_byte")
"""What a request's line says of the attempt that served it. The last two count from `started`, that from the arrival."""
NOBODY: Final = (None,) * len(SERVED)
UNSPENT: Final = (None, None)
NEVER: Final = (None,) * len(SERVED_TIMES)


def of_request(outcome: Outcome) -> More:
    """Return what is said of a request beside its own fields: what it cost, and what is known of who served it."""
    served, cost, attempts = outcome.served, outcome.cost, len(outcome.attempts)
    spent = (written(cost), outcome.currency) if cost else UNSPENT
    if served is None:
        return (attempts, len(outcome.charges), "", *spent, *NOBODY), NEVER
    who = (
        served.target,
        served.kind,
        served.model,
        served.number if attempts > 1 else None,
        None if served.breaker == "closed" else served.breaker,
        served.trace and served.trace.span_id,
    )
    times = (served.started, served.waited or None, served.first_byte)
    return (attempts, len(outcome.charges), served.provider, *spent, *who), times


ATTEMPT: Final = writing(Attempt, "attempt")
REQUEST: Final = writing(
    Outcome, "request", ("attempts", "charges", "provider", "cost", "currency", *SERVED), SERVED_TIMES, of_request
)
CONFIGURATION: Final = writing(Reload, "configuration")
TURN: Final = writing(TurnOutcome, "turn")


class Lines:
    """Our own lines. They wait for one another for a moment; a warning goes out at once, and all before it.

    Each write costs 25 µs where another thread waits for the interpreter.
    """

    def __init__(self) -> None:
        self.sink = Sink(sys.stderr)
        self.lost = 0
        self._batch: Batch[Told] = Batch(self._write)

    def tell(self, write: Write, event: msgspec.Struct, at: float | None = None) -> None:
        """Write a line soon, of what was at that time, or is now."""
        self._batch.hold((write, event, "info", time.time() if at is None else at))

    def warn(self, write: Write, event: msgspec.Struct) -> None:
        """Write a line now."""
        self._batch.hold((write, event, "warning", time.time()))
        self._batch.flush()

    def flush(self) -> None:
        """Write what is held."""
        self._batch.flush()

    def _write(self, held: Sequence[Told]) -> None:
        lost = self.sink.write(ENCODE([write(event, level, at) for write, event, level, at in held]))
        if self.lost and not lost:
            self.lost, missed = 0, self.lost
            logging.getLogger(__name__).warning("%d lines could not be written", missed)
        self.lost += lost


LINES: Final = Lines()


HOW_IT_WENT: Final = attrgetter("number", "outcome", "hedged", "resumes")
PLAIN: Final = (1, "ok", False, False)


def is_plain(attempt: Attempt) -> bool:
    """Whether all there is to tell of an attempt can be told with its request: it went well, and none was before it."""
    return HOW_IT_WENT(attempt) == PLAIN


@hook
def media_attempt_finished(attempt: Attempt) -> None:
    """Log a call to a provider that was not simply the first and answered; one that failed is worth a warning."""
    if not is_plain(attempt):
        tell = LINES.tell if attempt.outcome in FINE else LINES.warn
        tell(ATTEMPT, attempt)


@hook
def media_request_finished(outcome: Outcome) -> None:
    """Log a request; before it a first attempt that went well and was not what served it, of which nothing was said yet."""
    for first in outcome.attempts[:1]:
        if first is not outcome.served and is_plain(first):
            LINES.tell(ATTEMPT, first)
    LINES.tell(REQUEST, outcome, outcome.ended_at)


@hook
def media_configuration_read(reload: Reload) -> None:
    """Log what changed, or every problem that kept it from changing."""
    tell = LINES.warn if reload.problems else LINES.tell
    tell(CONFIGURATION, reload)


@hook
def media_turn_finished(turn: TurnOutcome) -> None:
    """Log a turn of a conversation."""
    LINES.tell(TURN, turn)


def configure(stream: TextIO | None = None) -> None:
    """Send our events, and whatever libraries log, to `stream` (standard error) as JSON lines."""
    SINK.setStream(stream or sys.stderr)
    LINES.sink = Sink(SINK.stream)
    SINK.setFormatter(formatter())
    root = logging.getLogger()
    root.handlers[:] = [SINK]
    root.setLevel(logging.INFO)
