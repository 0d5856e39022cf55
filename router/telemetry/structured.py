"""How what libraries log becomes JSON, and the only module that knows structlog."""

import logging
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

from router.contract.trace import ARRIVED
from router.telemetry.redact import shape


@contextmanager
def absent(package: str) -> Iterator[None]:
    """Let a package look as if it were not installed while something is imported that can do without."""
    there = package in sys.modules
    if not there:
        sys.modules[package] = None  # type: ignore[assignment]  # so the language says that there is no such module
    try:
        yield
    finally:
        if not there:
            del sys.modules[package]


with absent("rich"):  # for colours on a terminal: four fifths of what structlog takes to import
    import structlog

Event = MutableMapping[str, Any]


def traced(_: Any, __: str, event: Event) -> Event:
    """Name the trace that a line belongs to; a structlog processor."""
    trace = ARRIVED.get()
    return event if trace is None else {**event, "trace_id": trace.trace_id, "span_id": trace.span_id}


def shape_of_exception(_: Any, __: str, event: Event) -> Event:
    """Replace `exc_info` by the exception's type and where it came from; a structlog processor."""
    caught = event.pop("exc_info", None)
    error = caught[1] if isinstance(caught, tuple) else caught
    return {**event, **shape(error if isinstance(error, BaseException) else None)}


def formatter() -> logging.Formatter:
    """Return what writes a library's line as one like ours, half characters, as names of files may hold, escaped."""
    stamp = structlog.processors.TimeStamper(fmt="iso", utc=True)
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.add_log_level, structlog.stdlib.add_logger_name, stamp, traced],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            shape_of_exception,
            structlog.processors.JSONRenderer(),
        ],
    )
