"""What must not be in a log: a caller's words, and keys. Exceptions quote both, so only their shape is kept."""

import traceback
from collections.abc import MutableMapping
from types import TracebackType
from typing import Any, Final

from router.contract import MediaError

DEEPEST: Final = 30
"""Frames kept of a stack, the innermost."""


def shape_of_exception(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace `exc_info` by the exception's type and where it came from; a structlog processor.

    The message is kept only for our own errors, whose text is fit for a caller to see.
    """
    caught = event.pop("exc_info", None)
    if isinstance(caught, tuple):
        caught = caught[1]
    if isinstance(caught, BaseException):
        event["exception"] = type(caught).__name__
        event["stack"] = frames(caught.__traceback__)
        if isinstance(caught, MediaError):
            event["error"] = caught.message
    return event


def frames(trace: TracebackType | None) -> list[str]:
    """Return a stack as `file:line function`, without source lines or values."""
    found = traceback.extract_tb(trace)[-DEEPEST:]
    return [f"{one.filename}:{one.lineno} {one.name}" for one in found]
