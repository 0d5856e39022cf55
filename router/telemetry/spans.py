"""What spans are made of: OpenTelemetry's types, and times, from ours."""

from collections.abc import Mapping, Sequence
from typing import Final

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, TraceFlags, TraceState
from opentelemetry.trace.status import Status, StatusCode

from router.contract.trace import Trace

SCOPE: Final = InstrumentationScope("media_router")
NANO: Final = 1_000_000_000
Value = str | int | float | bool


class Drawn:
    """A span in the making: a name, a kind, and seconds of unix time from when to when."""

    def __init__(self, trace: Trace, name: str, kind: SpanKind, began: float, ended: float) -> None:
        self.trace = trace
        self.name = name
        self.kind = kind
        self.began = began
        self.ended = max(ended, began)
        self.attributes: dict[str, Value] = {}
        self.events: list[Event] = []
        self.failed: str | None = None

    def tell(self, prefix: str, told: Mapping[str, Value | None]) -> None:
        """Say what is known, leaving out what is None or an empty text."""
        self.attributes.update({f"{prefix}{name}": value for name, value in told.items() if value not in (None, "")})

    def at(self, name: str, seconds: float) -> None:
        """Mark a moment, so many seconds after the beginning."""
        self.events.append(Event(name, timestamp=nanoseconds(self.began + seconds)))

    def fail(self, reason: str) -> None:
        """Say that it went wrong, by a word of a bounded set."""
        self.failed = reason
        self.attributes["error.type"] = reason

    def span(self, resource: Resource) -> ReadableSpan:
        """Return it as the SDK's processors take it."""
        trace = self.trace
        return ReadableSpan(
            self.name,
            context=context_of(trace, trace.span_id),
            parent=context_of(trace, trace.parent_id, remote=trace.remote) if trace.parent_id else None,
            resource=resource,
            attributes=self.attributes,
            events=self.events,
            links=links_of(trace),
            kind=self.kind,
            status=Status(StatusCode.UNSET) if self.failed is None else Status(StatusCode.ERROR, self.failed),
            start_time=nanoseconds(self.began),
            end_time=nanoseconds(self.ended),
            instrumentation_scope=SCOPE,
        )


def context_of(trace: Trace, span_id: str, *, remote: bool = False) -> SpanContext:
    """Return the SDK's name for a span of this trace."""
    flags = TraceFlags(TraceFlags.SAMPLED if trace.sampled else TraceFlags.DEFAULT)
    state = TraceState.from_header([trace.state]) if trace.state else None
    return SpanContext(int(trace.trace_id, 16), int(span_id, 16), remote, flags, state)


def links_of(trace: Trace) -> Sequence[Link]:
    """Return what a span came of that it is no part of."""
    if trace.link is None:
        return ()
    _, trace_id, span_id, flags = trace.link.split("-")
    return (
        Link(SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=False, trace_flags=TraceFlags(int(flags)))),
    )


def nanoseconds(seconds: float) -> int:
    """Return unix time as OpenTelemetry counts it."""
    return round(seconds * NANO)
