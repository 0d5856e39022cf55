"""Traces for OpenTelemetry (extra `otel`): a span for each request and one for each attempt, drawn when all is over.

While a request is under way there is nothing of it but its ids, which are passed on: spans are drawn from the events that
the engine announces anyway, with the times in those, and exported in a thread of the SDK's. No text, no key and no path
as a caller wrote it is in any span.
"""

import secrets
from collections.abc import Callable, Mapping
from typing import Self

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import Decision, Sampler
from opentelemetry.trace import SpanKind, get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from router.contract import Outcome, TurnOutcome, hook
from router.contract.trace import Trace
from router.telemetry import drawing
from router.telemetry.arrival import Arrival
from router.telemetry.spans import Drawn


class Traces:
    """Hook implementations that draw spans; `begin` and `end` are for whoever takes requests in."""

    def __init__(
        self, sampler: Sampler, processor: SpanProcessor, resource: Resource, wall: Callable[[], float]
    ) -> None:
        self.sampler = sampler
        self.processor = processor
        self.resource = resource
        self.wall = wall
        self._propagator = TraceContextTextMapPropagator()
        self._open: dict[str, Outcome | None] = {}

    @classmethod
    def exported(cls, wall: Callable[[], float]) -> Self:
        """Return traces that go, and are sampled, as the standard `OTEL_*` variables say."""
        resource = Resource.create()
        if str(resource.attributes[SERVICE_NAME]).startswith("unknown_service"):  # what the SDK calls the nameless
            resource = resource.merge(Resource({SERVICE_NAME: "media-router"}))
        return cls(TracerProvider().sampler, BatchSpanProcessor(OTLPSpanExporter()), resource, wall)

    def begin(self, headers: Mapping[str, str], name: str) -> Trace:
        """Return a request's place: in its caller's trace if it came with one. It is sampled as its caller is."""
        above = self._propagator.extract(headers)
        caller = get_current_span(above).get_span_context()
        trace_id = f"{caller.trace_id:032x}" if caller.is_valid else secrets.token_hex(16)
        decided = self.sampler.should_sample(above, int(trace_id, 16), name, SpanKind.SERVER)
        trace = Trace(
            trace_id,
            secrets.token_hex(8),
            parent_id=f"{caller.span_id:016x}" if caller.is_valid else None,
            remote=caller.is_valid,
            sampled=decided.decision is Decision.RECORD_AND_SAMPLE,
            state=caller.trace_state.to_header(),
        )
        self._open[trace.span_id] = None
        return trace

    def end(self, arrival: Arrival) -> None:
        """Draw a request's own span, with what the engine knows of it."""
        outcome = self._open.pop(arrival.trace.span_id, None)
        drawn = Drawn(arrival.trace, arrival.name, SpanKind.SERVER, arrival.began, self.wall())
        drawn.attributes.update(arrival.attributes)
        if outcome is not None:
            drawing.request(drawn, outcome)
        elif arrival.status is not None and arrival.status >= 500:
            drawn.fail(str(arrival.status))
        self._emit(drawn)

    @hook
    def media_request_finished(self, outcome: Outcome) -> None:
        """Draw the attempts; the request too, unless it came by itself, and so has yet to end."""
        if outcome.trace is None:
            return
        began = outcome.ended_at - outcome.seconds
        for drawn in drawing.attempts(outcome, began):
            self._emit(drawn)
        if outcome.trace.span_id in self._open:
            self._open[outcome.trace.span_id] = outcome
            return
        drawn = Drawn(outcome.trace, outcome.task.value, SpanKind.INTERNAL, began, began + outcome.seconds)
        drawing.request(drawn, outcome)
        self._emit(drawn)

    @hook
    def media_turn_finished(self, turn: TurnOutcome) -> None:
        """Draw a turn of a conversation."""
        if turn.trace is None:
            return
        ended = self.wall()
        drawn = Drawn(turn.trace, "voice turn", SpanKind.INTERNAL, ended - turn.seconds, ended)
        drawing.turn(drawn, turn)
        self._emit(drawn)

    def close(self) -> None:
        """Export what waits to be."""
        self.processor.shutdown()

    def _emit(self, drawn: Drawn) -> None:
        if drawn.trace.sampled:
            self.processor.on_end(drawn.span(self.resource))
