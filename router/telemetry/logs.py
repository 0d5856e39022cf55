"""JSON logs, one line an event, and the only module that knows structlog.

Each request has two lines or more, so our own events go straight to the stream; what libraries log goes the long
way through `logging`, and both look alike.
"""

import asyncio
import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Final, TextIO

import msgspec
import structlog

from router.contract import Attempt, Outcome, Reload, TurnOutcome, hook
from router.telemetry.redact import shape_of_exception

SINK: Final = logging.StreamHandler(sys.stderr)
"""Where all of it goes."""
FINE: Final = frozenset({"ok", "cancelled", "outrun"})
HELD_FOR: Final = 0.1
"""Seconds: what is lost of the log if the machine dies."""
STAMP: Final = structlog.processors.TimeStamper(fmt="iso", utc=True)


@hook
def media_attempt_finished(attempt: Attempt) -> None:
    """Log a call to a provider; one that failed is worth a warning."""
    tell = LOG.info if attempt.outcome in FINE else LOG.warning
    tell("attempt", **_told(attempt))


@hook
def media_request_finished(outcome: Outcome) -> None:
    """Log a request."""
    told = _told(outcome)
    told["attempts"] = len(outcome.attempts)
    LOG.info("request", provider=outcome.provider, **told)


@hook
def media_configuration_read(reload: Reload) -> None:
    """Log what changed, or every problem that kept it from changing."""
    tell = LOG.warning if reload.problems else LOG.info
    tell("configuration", **_told(reload))


@hook
def media_turn_finished(turn: TurnOutcome) -> None:
    """Log a turn of a conversation."""
    LOG.info("turn", **_told(turn))


def _told(event: Attempt | Outcome | Reload | TurnOutcome) -> dict[str, Any]:
    """Return an event's fields but the empty ones, times to the tenth of a millisecond."""
    fields = msgspec.structs.asdict(event).items()
    return {name: round(value, 4) if type(value) is float else value for name, value in fields if value is not None}


class Lines:
    """What structlog hands our finished lines to: they go out ten times a second, however many requests there are.

    Each write costs 25 µs where another thread waits for the interpreter. A warning goes out at once, and all before it.
    """

    def __init__(self) -> None:
        self.held: list[bytes] = []
        self.due = 0.0

    def hold(self, line: bytes) -> None:
        """Write a line soon; at once where there is no event loop to do it later."""
        self.held.append(line)
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.flush()
            return
        now = loop.time()
        if self.due <= now:  # past too if the loop that should have written is gone
            self.due = now + HELD_FOR
            loop.call_at(self.due, self.flush)

    def write(self, line: bytes) -> None:
        """Write a line now."""
        self.held.append(line)
        self.flush()

    def flush(self) -> None:
        """Write what is held."""
        held, self.held = self.held, []
        if held:
            SINK.stream.write(b"".join(held).decode())
            SINK.stream.flush()

    info, warning = hold, write


def line_of(_: Any, __: str, event: MutableMapping[str, Any]) -> bytes:
    """Render an event; a structlog processor, ten times as fast as the `json` module."""
    return msgspec.json.encode(event) + b"\n"


LINES: Final = Lines()
LOG: Final = structlog.wrap_logger(
    LINES,
    processors=[structlog.processors.add_log_level, STAMP, line_of],
    wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
).bind(logger="media_router")


def configure(stream: TextIO | None = None) -> None:
    """Send our events, and whatever libraries log, to `stream` (standard error) as JSON lines."""
    SINK.setStream(stream or sys.stderr)
    SINK.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_log_level, structlog.stdlib.add_logger_name, STAMP],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                shape_of_exception,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [SINK]
    root.setLevel(logging.INFO)
