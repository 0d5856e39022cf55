"""JSON logs, one line an event, and the only module that knows structlog."""

import logging
import sys
from typing import Any, Final, TextIO

import structlog

from router.contract import Attempt, Outcome, hook
from router.telemetry.redact import shape_of_exception

LOG: Final = structlog.stdlib.get_logger("media_router")


@hook
def media_attempt_finished(attempt: Attempt) -> None:
    """Log a call to a provider; one that failed is worth a warning."""
    level = logging.INFO if attempt.outcome in {"ok", "cancelled", "outrun"} else logging.WARNING
    LOG.log(level, "attempt", **_told(attempt))


@hook
def media_request_finished(outcome: Outcome) -> None:
    """Log a request."""
    told = _told(outcome)
    told["attempts"] = len(outcome.attempts)
    LOG.info("request", provider=outcome.provider, **told)


def _told(event: Attempt | Outcome) -> dict[str, Any]:
    """Return an event's fields but the empty ones, times to the tenth of a millisecond."""
    fields = ((name, getattr(event, name)) for name in event.__struct_fields__)
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in fields if value is not None}


def configure(level: str = "INFO", stream: TextIO | None = None) -> None:
    """Send our events, and whatever libraries log, to `stream` (standard error) as JSON lines."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    sink = logging.StreamHandler(stream or sys.stderr)
    sink.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                shape_of_exception,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [sink]
    root.setLevel(level)
