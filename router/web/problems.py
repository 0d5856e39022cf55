"""Every failure as the caller sees it: OpenAI's envelope, one status, one code. No other file renders errors."""

import logging
import math
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException
from msgspec import UNSET, UnsetType

from router.contract import Conflict, Invalid, MediaError, NotFound, Unsupported

BODY_LIMIT: Final = 30 * 1024 * 1024
"""Bytes of a request's body: room for an inline picture and inline audio of 10 MB each, in base64."""

TYPES: Final = {
    401: "authentication_error",
    402: "insufficient_quota",
    403: "permission_error",
    429: "rate_limit_error",
}
"""OpenAI's error types; other 4xx are `invalid_request_error`, the rest `server_error`."""

log = logging.getLogger(__name__)


class Fault(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What went wrong: switch on `code`; `param` is the field at fault and `limit` what it had to keep to."""

    message: str
    type: str
    param: str | None = msgspec.field(default_factory=lambda: None)
    code: str
    limit: int | float | str | UnsetType = UNSET
    reasons: dict[str, str] | UnsetType = UNSET


class Problem(msgspec.Struct, frozen=True):
    """An error's body."""

    error: Fault


@dataclass(frozen=True, slots=True)
class Refusal:
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


def refusal(error: MediaError, request_id: str) -> Refusal:
    """Render an error; a wait worth telling (429, 503) is rounded up to whole seconds."""
    headers = [("content-type", "application/json"), ("x-request-id", request_id)]
    wait: float | None = getattr(error, "retry_after", None)
    if wait is not None and error.status in {429, 503}:
        headers.append(("retry-after", str(math.ceil(wait))))
    return Refusal(error.status, tuple(headers), msgspec.json.encode(envelope(error)))


def envelope(error: MediaError) -> Problem:
    """Return the body that tells of an error."""
    return Problem(
        Fault(
            message=error.message,
            type=TYPES.get(error.status, "invalid_request_error" if error.status < 500 else "server_error"),
            param=error.param,
            code=error.code,
            limit=UNSET if error.limit is None else error.limit,
            reasons=error.reasons if isinstance(error, Unsupported) and error.reasons else UNSET,
        )
    )


def rendering(
    id_of: Callable[[Request[Any, Any, Any]], str],
) -> Callable[[Request[Any, Any, Any], Exception], Response[bytes]]:
    """Return litestar's way into this file, for what fails before an `Answer` exists."""

    def render(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
        request_id = id_of(request)
        told = refusal(known(error, request_id), request_id)
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
