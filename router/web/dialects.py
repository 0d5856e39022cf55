"""The dialects, and how each tells an error: its status and its body. No other file renders errors.

A dialect is a family of clients: OpenAI's (and Boson's and Higgs', which share its envelope), Breeze's (with
ElevenLabs', which sends the same header to the same paths) and sync's.
"""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Final

import msgspec
from litestar.connection import ASGIConnection
from msgspec import UNSET, UnsetType

from router.contract import MediaError, OverQuota, Unsupported

TYPES: Final = {
    401: "authentication_error",
    402: "insufficient_quota",
    403: "permission_error",
    429: "rate_limit_error",
}
"""OpenAI's error types; other 4xx are `invalid_request_error`, the rest `server_error`."""

BREEZE_CODES: Final = {
    401: "AUTH_REQUIRED",
    402: "BILLING_INSUFFICIENT_CREDITS",
    403: "FORBIDDEN",
    404: "RESOURCE_NOT_FOUND",
    409: "CONFLICT",
    422: "VALIDATION_ERROR",
    429: "RATE_LIMITED",
    500: "INTERNAL_ERROR",
    502: "GENERATION_FAILED",
    503: "GENERATION_CAPACITY_EXCEEDED",
    504: "GENERATION_TIMEOUT",
    507: "GENERATION_CAPACITY_EXCEEDED",
}
"""Breeze's codes by status; the rest are `BAD_REQUEST`."""

XI_API_KEY: Final = "xi-api-key"
BREEZE_PATH: Final = "/v1/text-to-speech"
SYNC_PATH: Final = "/v2/"
SHARED_PATHS: Final = ("/v1/models", "/v1/voices")
"""Paths that OpenAI's and Breeze's clients have in common; the latter are known by their header."""


class Fault(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What went wrong: switch on `code`; `param` is the field at fault and `limit` what it had to keep to."""

    message: str
    type: str
    param: str | None = msgspec.field(default_factory=lambda: None)
    code: str
    limit: int | float | str | UnsetType = UNSET
    reasons: dict[str, str] | UnsetType = UNSET


class Problem(msgspec.Struct, frozen=True):
    """An error's body, as OpenAI's clients read it."""

    error: Fault


class Circumstances(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The router's own code, the field at fault, what it had to keep to, and why each target declined."""

    code: str
    param: str | None = None
    limit: int | float | str | None = None
    reasons: dict[str, str] | None = None


class BreezeProblem(msgspec.Struct, frozen=True, kw_only=True):
    """An error's body, as Breeze's clients read it: `code` is one of Breeze's."""

    ok: bool = False
    code: str
    detail: str
    error: str
    meta: Circumstances


class SyncProblem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An error's body, as sync's clients read it: `error` is the status in words."""

    message: str
    error: str
    status_code: int
    error_code: str


Told = tuple[int, msgspec.Struct]
"""A status and a body."""


def envelope(error: MediaError) -> Problem:
    """Return the body that tells OpenAI's clients of an error."""
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


def as_openai(error: MediaError) -> Told:
    """Tell OpenAI's clients: the router's own statuses and codes are theirs."""
    return error.status, envelope(error)


def as_breeze(error: MediaError) -> Told:
    """Tell Breeze's clients: a field at fault is 422, and 429 is said only of the caller's own limits."""
    status = error.status
    if status == 400 and error.param:
        status = 422
    if status == 429 and not isinstance(error, OverQuota):
        status = 503
    met = Circumstances(code=error.code, param=error.param, limit=error.limit, reasons=_reasons(error))
    code = BREEZE_CODES.get(status, "BAD_REQUEST")
    return status, BreezeProblem(code=code, detail=error.message, error=error.message, meta=met)


def as_sync(error: MediaError) -> Told:
    """Tell sync's clients; of its two kinds of 429, one is the caller's rate and one is that nobody is free."""
    code = error.code
    if error.status == 429:
        code = "rate_limit_exceeded" if isinstance(error, OverQuota) else "concurrency_limit_reached"
    reasons = "; ".join(f"{target}: {reason}" for target, reason in (_reasons(error) or {}).items())
    message = f"{error.message} ({reasons})" if reasons else error.message
    phrase = HTTPStatus(error.status).phrase
    return error.status, SyncProblem(message=message, error=phrase, status_code=error.status, error_code=code)


class Dialect(msgspec.Struct, frozen=True):
    """How a family of clients is told of an error and of a success.

    `body` is the type of an error's body, `made` the status of what was created, `headers` are those that its
    answers have beyond the router's own, and what they say.
    """

    name: str
    tell: Callable[[MediaError], Told]
    body: type[msgspec.Struct]
    made: int = 200
    headers: Mapping[str, str] = {}


OPENAI: Final = Dialect("openai", as_openai, Problem)
BREEZE: Final = Dialect(
    "breeze",
    as_breeze,
    BreezeProblem,
    headers={
        "history-item-id": "The request's id once more",
        "x-media-provider-item": "What the provider calls it, if it calls it anything",
    },
)
SYNC: Final = Dialect("sync", as_sync, SyncProblem, made=201)


def dialect_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Dialect:
    """Return the dialect a caller speaks, by its path, and where two share one by its header."""
    path: str = connection.scope["path"]
    if path.startswith(SYNC_PATH):
        return SYNC
    shared = path.rstrip("/") in SHARED_PATHS and XI_API_KEY in connection.headers
    return BREEZE if shared or path.startswith(BREEZE_PATH) else OPENAI


def _reasons(error: MediaError) -> dict[str, str] | None:
    return error.reasons or None if isinstance(error, Unsupported) else None
