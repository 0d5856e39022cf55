"""Where something is in a trace, as W3C Trace Context has it, and how those who work on it get to know.

Nobody sets these variables unless requests are traced: then `ARRIVED` is the caller's request that is being served, and
`CALLING` the call to a provider that is being made, which HTTP clients tell the provider.
"""

import secrets
from contextvars import ContextVar
from typing import Final

import msgspec


class Trace(msgspec.Struct, frozen=True, omit_defaults=True):
    """A span's place: ids in hex digits, what it is a part of, and `link`, the traceparent of what it came of otherwise.

    `remote`: the parent is elsewhere. `state` is the caller's `tracestate`, passed on as it came.
    """

    trace_id: str
    span_id: str
    parent_id: str | None = None
    remote: bool = False
    sampled: bool = True
    state: str = ""
    link: str | None = None

    def child(self) -> "Trace":
        """Return a place for a part of this."""
        return Trace(
            self.trace_id, secrets.token_hex(8), parent_id=self.span_id, sampled=self.sampled, state=self.state
        )

    def sequel(self) -> "Trace":
        """Return a place for what comes of this later, by itself: in a trace of its own, with a link to this."""
        return Trace(secrets.token_hex(16), secrets.token_hex(8), sampled=self.sampled, link=self.parent)

    @property
    def parent(self) -> str:
        """This as the `traceparent` of whatever is a part of it."""
        return f"00-{self.trace_id}-{self.span_id}-{'01' if self.sampled else '00'}"

    @property
    def headers(self) -> dict[str, str]:
        """This as the headers of a request that is a part of it."""
        return {"traceparent": self.parent} | ({"tracestate": self.state} if self.state else {})


ARRIVED: Final[ContextVar[Trace | None]] = ContextVar("arrived", default=None)
CALLING: Final[ContextVar[Trace | None]] = ContextVar("calling", default=None)
