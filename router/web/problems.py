"""Every failure becomes one of ours, and an answer: one status, one body, whatever went wrong."""

import logging
import math
import traceback
from collections.abc import Callable
from typing import Any, Final

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException

from router.contract import Conflict, Invalid, MediaError, NotFound
from router.web.dialects import OPENAI, Dialect, dialect_of

BODY_LIMIT: Final = 30 * 1024 * 1024
"""Bytes of a request's body: room for an inline picture and inline audio of 10 MB each, in base64."""

log = logging.getLogger(__name__)


class Refusal(msgspec.Struct, frozen=True):
    """An error ready to be sent."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def known(error: Exception, request_id: str) -> MediaError:
    """Return the error as one of ours. What nobody foresaw is logged by place alone: its text may quote the caller."""
    if isinstance(error, MediaError):
        return error
    if isinstance(error, HTTPException):
        return _ours(error)
    log.error("unexpected %s in request %s\n%s", type(error).__name__, request_id, _places(error))
    return MediaError(f"an unexpected error in the router; please report request id {request_id}")


def refusal(error: MediaError, request_id: str, dialect: Dialect = OPENAI) -> Refusal:
    """Render an error as the dialect tells it; a wait worth telling (409, 429, 503, 507) is rounded up to whole seconds."""
    status, body = dialect.tell(error)
    headers = [("content-type", "application/json"), ("x-request-id", request_id)]
    wait: float | None = getattr(error, "retry_after", None)
    if wait is not None and status in {409, 429, 503, 507}:
        headers.append(("retry-after", str(math.ceil(wait))))
    headers += (getattr(error, "headers", None) or {}).items()
    return Refusal(status, tuple(headers), msgspec.json.encode(body))


def rendering(
    id_of: Callable[[Request[Any, Any, Any]], str],
) -> Callable[[Request[Any, Any, Any], Exception], Response[bytes]]:
    """Return litestar's way into this file, for what fails before an `Answer` exists."""

    def render(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
        request_id = id_of(request)
        told = refusal(known(error, request_id), request_id, dialect_of(request))
        allow = getattr(error, "headers", None) or {}
        return Response(told.body, status_code=told.status, headers={**dict(told.headers), **allow})

    return render


def _ours(error: HTTPException) -> MediaError:
    """Translate litestar's errors: what it says itself is for developers, not for callers."""
    if error.status_code == 404:
        return NotFound("there is nothing at this path; GET /schema lists what there is", code="unknown_url")
    if error.status_code == 405:
        return Conflict(
            "this path does not take that method; see the Allow header", code="method_not_allowed", status=405
        )
    if error.status_code == 413:
        return Invalid(
            f"the request is larger than {BODY_LIMIT} bytes", status=413, code="payload_too_large", limit=BODY_LIMIT
        )
    if error.status_code >= 500:
        return Invalid("the request ended before its body was complete", code="incomplete_body")
    return Invalid(error.detail, code="malformed_request", status=error.status_code)


def _places(error: BaseException | None) -> str:
    parts: list[str] = []
    while error is not None:
        parts += [f"{type(error).__name__}:\n", *traceback.format_list(traceback.extract_tb(error.__traceback__))]
        error = error.__cause__ or error.__context__
    return "".join(parts)
