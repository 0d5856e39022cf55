"""What must not be in a log: a caller's words, and keys. Exceptions quote both, so only their shape is kept."""

import traceback
from types import TracebackType
from typing import Any, Final

from router.contract import MediaError

DEEPEST: Final = 30
"""Frames kept of a stack, the innermost."""


def shape(caught: BaseException | None) -> dict[str, Any]:
    """Return an exception's type and where it came from. The message is kept only for our own: it is fit for a caller to see."""
    if caught is None:
        return {}
    shown = {"exception": type(caught).__name__, "stack": frames(caught.__traceback__)}
    return shown | {"error": caught.message} if isinstance(caught, MediaError) else shown


def frames(trace: TracebackType | None) -> list[str]:
    """Return a stack as `file:line function`, without source lines or values."""
    found = traceback.extract_tb(trace)[-DEEPEST:]
    return [f"{one.filename}:{one.lineno} {one.name}" for one in found]
