"""Every error the router knows, one class per decision.

MediaError
├─ RequestRejected         STOP: the caller must change something
│  ├─ Invalid              400 413 422
│  ├─ Unsupported          422: every target declined, and why
│  ├─ ContentRefused       422
│  ├─ Unauthenticated      401
│  ├─ NotAllowed           403
│  ├─ OverQuota            429 402
│  ├─ NotFound             404
│  └─ Conflict             409
├─ ProviderFailed
│  ├─ Unavailable          AGAIN, then elsewhere: no connection, 5xx
│  ├─ Busy                 AGAIN when told to, if nobody else is free: 429, queue full
│  ├─ TimedOut             ELSEWHERE: no answer in time
│  ├─ Declined             ELSEWHERE: the vendor's 4xx after our own checks; our defect
│  ├─ BadOutput            ELSEWHERE: a 200 with nothing usable in it
│  ├─ Misconfigured        ELSEWHERE: 401 402 403, unknown model or voice; pages someone
│  └─ OutcomeUnknown       STOP: a paid create whose answer was lost
├─ DeadlinePassed          504
├─ Exhausted               429 502 503 504, after every target failed
└─ Truncated               the stream broke after its first bytes were sent
"""

import enum
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar


class Next(enum.StrEnum):
    """What the engine does after an error."""

    STOP = enum.auto()
    AGAIN = enum.auto()
    ELSEWHERE = enum.auto()


class MediaError(Exception):
    """An error that a caller may see: its text carries no secret and no upstream body.

    `code` is the stable string a client can switch on, `status` the HTTP status, `param` the
    request field at fault, `limit` the number or the choices that were not kept.
    """

    next: ClassVar[Next] = Next.STOP
    status: int = 500
    code: str = "internal_error"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        status: int | None = None,
        param: str | None = None,
        limit: int | float | str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.status = status or type(self).status
        self.param = param
        self.limit = limit

    def __reduce__(self) -> tuple[Any, ...]:
        # Keyword-only arguments: the default reduction would lose them between processes.
        return _revive, (type(self), self.args, self.__dict__)


def _revive(kind: type[MediaError], args: tuple[Any, ...], state: dict[str, Any]) -> MediaError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class RequestRejected(MediaError):
    """The caller must change something; no provider will be asked."""

    status = 400


class Invalid(RequestRejected):
    """A field is malformed, missing or beyond its limit."""

    code = "invalid_request"


class Unsupported(RequestRejected):
    """Every target of the route declined; `reasons` maps target to reason."""

    status = 422
    code = "unsupported"

    def __init__(self, message: str, *, reasons: Mapping[str, str] | None = None, **rest: Any) -> None:
        super().__init__(message, **rest)
        self.reasons = dict(reasons or {})


class ContentRefused(RequestRejected):
    """The content itself cannot be worked on, such as a portrait without a face."""

    status = 422
    code = "content_refused"


class Unauthenticated(RequestRejected):
    """No key, or one that is not known."""

    status = 401
    code = "invalid_api_key"


class NotAllowed(RequestRejected):
    """The key is known and may not do this."""

    status = 403
    code = "not_allowed"


class OverQuota(RequestRejected):
    """The team has used up what it may use; `retry_after` in seconds, where waiting helps."""

    status = 429
    code = "over_quota"

    def __init__(self, message: str, *, retry_after: float | None = None, **rest: Any) -> None:
        super().__init__(message, **rest)
        self.retry_after = retry_after


class NotFound(RequestRejected):
    """No such model, voice or job."""

    status = 404
    code = "not_found"


class Conflict(RequestRejected):
    """It clashes with something already there."""

    status = 409
    code = "conflict"


class ProviderFailed(MediaError):
    """One attempt at one provider failed.

    `upstream_status` is the HTTP status it answered with, if it answered. `retry_after` is how many
    seconds it asked us to stay away, already parsed.
    """

    status = 502
    code = "provider_failed"
    reason: ClassVar[str] = "failed"

    def __init__(
        self,
        message: str,
        *,
        upstream_status: int | None = None,
        retry_after: float | None = None,
        **rest: Any,
    ) -> None:
        super().__init__(message, **rest)
        self.upstream_status = upstream_status
        self.retry_after = retry_after


class Unavailable(ProviderFailed):
    """No connection, a connection that broke before its answer, or a 5xx."""

    next = Next.AGAIN
    status = 503
    code = "provider_unavailable"
    reason = "unavailable"


class Busy(ProviderFailed):
    """Asked to come back later: 429, or a 503 that says when."""

    next = Next.AGAIN
    status = 429
    code = "all_replicas_busy"
    reason = "busy"


class Shed(Busy):
    """Our own limit on calls to a provider kept it from being asked at all."""

    next = Next.ELSEWHERE
    code = "provider_saturated"
    reason = "shed"


class TimedOut(ProviderFailed):
    """Connected, but no answer in time."""

    next = Next.ELSEWHERE
    status = 504
    code = "provider_timeout"
    reason = "timed_out"


class Declined(ProviderFailed):
    """The vendor refused what passed our own checks: a defect of ours."""

    next = Next.ELSEWHERE
    code = "provider_declined"
    reason = "declined"


class BadOutput(ProviderFailed):
    """A success with nothing usable in it."""

    next = Next.ELSEWHERE
    code = "bad_output"
    reason = "bad_output"


class Misconfigured(ProviderFailed):
    """Our credential, model or voice is not accepted there."""

    next = Next.ELSEWHERE
    code = "provider_misconfigured"
    reason = "misconfigured"


class JobFailed(ProviderFailed):
    """A paid job was accepted and ended in failure; its text is fit for a caller to read."""

    next = Next.STOP
    code = "job_failed"
    reason = "job_failed"


class OutcomeUnknown(ProviderFailed):
    """A paid create whose answer was lost: it must not be repeated blindly.

    `repeatable`: it carried a key by which the same vendor tells repeats from new orders, so there it may be repeated.
    """

    next = Next.STOP
    code = "outcome_unknown"
    reason = "outcome_unknown"

    def __init__(self, message: str, *, repeatable: bool = False, **rest: Any) -> None:
        super().__init__(message, **rest)
        self.repeatable = repeatable


class DeadlinePassed(MediaError):
    """The request's own deadline passed before any provider could serve it."""

    status = 504
    code = "deadline_passed"


class Exhausted(MediaError):
    """Every target that could have served failed.

    `failures` maps target to its last failure. 429 if all were busy, with the smallest wait anyone
    asked for; 504 if all timed out; 503 if any might recover by itself, else 502.
    """

    code = "all_providers_failed"

    def __init__(self, failures: Sequence[tuple[str, ProviderFailed]]) -> None:
        kinds = {type(failure) for _, failure in failures}
        told = ", ".join(f"{target}: {failure.reason}" for target, failure in failures)
        super().__init__(f"every provider failed ({told})", status=_exhausted_status(kinds))
        self.failures = tuple(failures)
        waits = [failure.retry_after for _, failure in failures if failure.retry_after is not None]
        self.retry_after = min(waits, default=None)
        if self.status == Busy.status:
            self.code = Busy.code


def _exhausted_status(kinds: set[type[ProviderFailed]]) -> int:
    for only in (Busy, TimedOut):
        if kinds and all(issubclass(kind, only) for kind in kinds):
            return only.status
    passing = (Busy, TimedOut, Unavailable)
    return Unavailable.status if any(issubclass(kind, passing) for kind in kinds) else ProviderFailed.status


class Truncated(MediaError):
    """The stream broke after the commit point: the transfer must be aborted, never ended cleanly."""

    status = 502
    code = "truncated"
