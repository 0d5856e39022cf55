"""What its errors mean, whether they come as an answer or in the middle of a stream."""

from collections.abc import Mapping
from typing import Final

import msgspec

from router.contract import Busy, Declined, Event, Misconfigured, ProviderFailed, Unavailable

MEANINGS: Final[Mapping[str, type[ProviderFailed]]] = {
    "account_deactivated": Misconfigured,
    "billing_hard_limit_reached": Misconfigured,
    "billing_not_active": Misconfigured,
    "content_filter": Declined,
    "content_policy_violation": Declined,
    "context_length_exceeded": Declined,
    "insufficient_quota": Misconfigured,
    "invalid_api_key": Misconfigured,
    "model_decommissioned": Misconfigured,
    "model_not_found": Misconfigured,
    "rate_limit_exceeded": Busy,
}
"""By `code`, else `type`. Waiting does not bring a quota back, so it is no `Busy` although it comes as 429."""
OURS: Final = frozenset({"model", "voice"})
"""Fields that are filled from the configuration: if one of them is declined, that is wrong."""


class Fault(msgspec.Struct, frozen=True):
    """What is inside the error envelope; vLLM's `code` is the status."""

    code: str | int | None = None
    sort: str | None = msgspec.field(default=None, name="type")
    param: str | None = None

    @property
    def meaning(self) -> type[ProviderFailed] | None:
        """What it comes to, if its code says."""
        return MEANINGS.get(self.name)

    @property
    def name(self) -> str:
        """Its code, if it is one that we know: anything else may quote the caller."""
        return next((str(word) for word in (self.code, self.sort) if str(word) in MEANINGS), "")


class Envelope(msgspec.Struct, frozen=True):
    """An error, or an event that may be one."""

    error: Fault | str | None = None
    type: str | None = None


def fault_in(body: bytes) -> Fault | None:
    """Return the fault in a body or an event, one that says nothing where it is a bare text, or None."""
    try:
        said = msgspec.json.decode(body, type=Envelope)
    except ValueError:  # msgspec's own errors, and text that is not UTF-8
        return None
    if isinstance(said.error, Fault):
        return said.error
    return Fault() if said.error or said.type == "error" else None


def raise_fault(event: Event) -> None:
    """Raise what an event in a stream says went wrong, if it says so."""
    named = event.name == "error"
    fault = fault_in(event.data) if named or b'"error"' in event.data else None
    if fault or named:
        fault = fault or Fault()
        raise (fault.meaning or Unavailable)(f"the stream ended in an error {fault.name}".rstrip())
