"""What sync says: a generation and where it stands, and what its error codes mean for us."""

from collections.abc import Mapping
from re import compile as regex
from typing import Final

import msgspec

from router.contract import (
    BadOutput,
    Busy,
    JobState,
    Misconfigured,
    OutcomeUnknown,
    ProviderFailed,
    Ticket,
)

STATES: Final[Mapping[str, JobState]] = {
    "PENDING": JobState.QUEUED,
    "PROCESSING": JobState.RUNNING,
    "COMPLETED": JobState.DONE,
    "FAILED": JobState.FAILED,
    "REJECTED": JobState.FAILED,
    "CANCELED": JobState.FAILED,
    "CANCELLED": JobState.FAILED,
    "TIMED_OUT": JobState.FAILED,
}
"""Every status ever documented, the last three before 2025. One that is not here is of a job still under way."""
FOR_GOOD: Final = frozenset({"REJECTED", "CANCELED", "CANCELLED"})

TRANSIENT: Final = frozenset(
    {
        "generation_timeout", "generation_pipeline_failed", "generation_database_error", "generation_unhandled_error",
        "generation_infra_storage_error", "generation_infra_resource_exhausted",
        "generation_infra_service_unavailable", "elevenlabs_service_unavailable",
        "rate_limit_exceeded", "concurrency_limit_reached",
    }
)  # fmt: skip
"""Failures of theirs: the same generation may well succeed another time."""
PERMANENT: Final = regex(
    r"generation_(?:input|audio|video|text|media|plan)_\w+|dialogue_edit_\w+"
    r"|generation_unsupported_model|file_size_exceeds_plan_limit"
)
"""Failures of the input or of our plan."""

MEANINGS: Final[Mapping[str, type[ProviderFailed]]] = {
    "rate_limit_exceeded": Busy,
    "concurrency_limit_reached": Busy,
    "generation_infra_resource_exhausted": Busy,
    "generation_infra_service_unavailable": Busy,
    "elevenlabs_service_unavailable": Busy,
    "generation_plan_duration_exceeded": Misconfigured,
    "file_size_exceeds_plan_limit": Misconfigured,
    "generation_unsupported_model": Misconfigured,
}
"""Of a refused request, where the code says more than the status. `Busy`: it was not even begun."""
KEY_TAKEN: Final = regex(r"IDEMPOTENCY_\w+")
"""The key has been used: something may have been made with it, and another key might pay for it again."""

ADDRESS: Final = regex(r"https?://\S+")
LONGEST: Final = 300


class Generation(msgspec.Struct, frozen=True):
    """A generation, as created and as asked for later. The error's code has been spelt both ways."""

    id: str
    status: str
    error: str | None = None
    error_code: str | None = None
    newer_code: str | None = msgspec.field(name="errorCode", default=None)
    url: str | None = msgspec.field(name="outputUrl", default=None)

    @property
    def code(self) -> str:
        """Return the error code, or an empty string."""
        return self.newer_code or self.error_code or ""

    @property
    def ticket(self) -> Ticket:
        """How it stands, in the contract's terms."""
        state = STATES.get(self.status.upper(), JobState.RUNNING)
        if state is not JobState.FAILED:
            return Ticket(self.id, state)
        return Ticket(self.id, state, error=self._told(), again=self._may_succeed())

    def _told(self) -> str:
        """Say why it failed: sync's own words, without the addresses of media, which are signed, and bounded."""
        words = ADDRESS.sub("(URL)", self.error or "")[:LONGEST].strip()
        return f"{words or self.status.lower()} ({self.code})" if self.code else words or self.status.lower()

    def _may_succeed(self) -> bool:
        if self.code in TRANSIENT:
            return True
        return not PERMANENT.fullmatch(self.code) and self.status.upper() not in FOR_GOOD


class Refusal(msgspec.Struct, frozen=True):
    """What can be relied on in an error's body; `message` is a string, or a list of them, and not for us."""

    code: str | None = msgspec.field(name="errorCode", default=None)
    older_code: str | None = msgspec.field(name="error_code", default=None)


def read(body: bytes) -> Generation:
    """Read a generation; raises BadOutput."""
    try:
        return msgspec.json.decode(body, type=Generation)
    except ValueError as error:  # msgspec's own errors, and text that is not UTF-8
        raise BadOutput("the answer holds no generation") from error


def meaning(body: bytes, otherwise: type[ProviderFailed]) -> type[ProviderFailed]:
    """Return the error that a refusal's body calls for, or the one its status calls for."""
    try:
        refusal = msgspec.json.decode(body, type=Refusal)
    except ValueError:
        return otherwise
    code = refusal.code or refusal.older_code or ""
    return OutcomeUnknown if KEY_TAKEN.fullmatch(code) else MEANINGS.get(code, otherwise)
