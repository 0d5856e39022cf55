import logging
from collections.abc import Mapping, Sequence
from itertools import pairwise

import msgspec
import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.sampling import DEFAULT_ON
from opentelemetry.trace import SpanKind
from opentelemetry.trace.status import StatusCode

from router.contract import Attempt, Outcome, Task, TurnOutcome, serving
from router.contract.trace import Trace
from router.telemetry.arrival import Arrival
from router.telemetry.traces import Traces
from router.telemetry.tracing import tracing, wanted

ROOT = Trace("a" * 32, "b" * 16)
NOW = 1_700_000_000.0


class Kept(SpanProcessor):
    """Keeps spans."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    def on_end(self, span: ReadableSpan) -> None:
        self.spans.append(span)


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def traces(kept: Kept) -> Traces:
    return Traces(DEFAULT_ON, kept, Resource({}), lambda: NOW)


def attempt(outcome: str, started: float, seconds: float, provider: str = "a", **more: object) -> Attempt:
    first = Attempt(
        request_id="r", task=Task.SPEECH, route="speech", target=provider, provider=provider, kind="boson", model="m",
        team="ads", number=1, started=started, seconds=seconds, outcome=outcome, trace=ROOT.child(),
    )  # fmt: skip
    return msgspec.structs.replace(first, **more)


def outcome(*attempts: Attempt, ended: str = "ok", status: int = 200) -> Outcome:
    return Outcome(
        request_id="r", task=Task.SPEECH, route="speech", team="ads", outcome=ended, status=status, attempts=attempts,
        seconds=10.0, trace=ROOT, served=serving(Task.SPEECH, attempts), ended_at=NOW,
    )  # fmt: skip


def reasons(spans: Sequence[ReadableSpan]) -> list[object]:
    return [(one.attributes or {}).get("media_router.reason") for one in spans if one.kind is SpanKind.CLIENT]


@pytest.mark.parametrize(
    ("attempts", "told"),
    [
        ([attempt("busy", 0, 1), attempt("ok", 2, 1)], ["first", "retry"]),
        ([attempt("busy", 0, 1), attempt("ok", 2, 1, "b")], ["first", "failover"]),
        ([attempt("ok", 1, 1, "b", hedged=True), attempt("outrun", 0, 2)], ["hedge", "first"]),
        ([attempt("ok", 0, 1), attempt("ok", 5, 1, "b", resumes=True)], ["first", "resume"]),
        ([attempt("ok", 0, 1, task=Task.CHAT), attempt("ok", 5, 1, "b")], ["first", "first"]),
    ],
)
def test_why_attempts_were_made(traces: Traces, kept: Kept, attempts: list[Attempt], told: list[str]) -> None:
    """Each says whether it was the first, or came of a failure, of slowness or of a stream that broke."""
    traces.media_request_finished(outcome(*attempts))
    assert reasons(kept.spans) == told


def test_times(traces: Traces, kept: Kept) -> None:
    """Spans have the times of the events: attempts begin where they began, and the one that served lasts to the end."""
    traces.media_request_finished(outcome(attempt("busy", 0, 1), attempt("ok", 2, 1, first_byte=0.5)))
    spans = [(one.start_time, one.end_time) for one in kept.spans]
    began = NOW - 10
    assert spans == [tuple(round((began + at) * 1e9) for at in pair) for pair in ((0, 1), (2, 10), (0, 10))]
    assert [event.timestamp for event in kept.spans[1].events] == [round((began + 2.5) * 1e9)]


@pytest.mark.parametrize(
    ("ended", "status", "told"),
    [
        ("ok", 200, (StatusCode.UNSET, None)),
        ("cancelled", 499, (StatusCode.UNSET, None)),
        ("empty_input", 422, (StatusCode.UNSET, "empty_input")),
        ("truncated", 200, (StatusCode.ERROR, "truncated")),
        ("exhausted", 502, (StatusCode.ERROR, "exhausted")),
    ],
)
def test_errors(traces: Traces, kept: Kept, ended: str, status: int, told: tuple[StatusCode, str | None]) -> None:
    """What the router could not do is an error of its span; what its caller did wrong, or called off, is not."""
    traces.media_request_finished(outcome(ended=ended, status=status))
    (span,) = kept.spans
    assert (span.status.status_code, (span.attributes or {}).get("error.type")) == told


def test_a_request_that_came_by_itself(traces: Traces, kept: Kept) -> None:
    """Its one span is drawn when its answer has been sent, by HTTP's name, with what the engine knew of it."""
    place = traces.begin({}, "POST")
    traces.media_request_finished(msgspec.structs.replace(outcome(), trace=place))
    assert kept.spans == []
    traces.end(Arrival(place, NOW - 11, "POST", "1.1", "/v1/audio/speech", 200))
    (span,) = kept.spans
    assert (span.name, span.kind) == ("POST /v1/audio/speech", SpanKind.SERVER)
    assert (span.attributes or {})["media_router.route"] == "speech"


def test_an_answer_that_failed_before_the_engine_was_asked(traces: Traces, kept: Kept) -> None:
    """It is an error by its status."""
    place = traces.begin({}, "GET")
    traces.end(Arrival(place, NOW, "GET", "1.1", "/v1/voices", 500))
    assert kept.spans[0].status.status_code is StatusCode.ERROR


def test_what_is_not_traced(traces: Traces, kept: Kept) -> None:
    """Events without a place, and places that are not sampled, leave no span."""
    dark = msgspec.structs.replace(ROOT, sampled=False)
    for trace in (None, dark):
        children = attempt("ok", 0, 1, trace=trace and trace.child())
        traces.media_request_finished(msgspec.structs.replace(outcome(children), trace=trace))
        turn = TurnOutcome(request_id="r", scenario="s", team="t", kind="typed", outcome="ok", seconds=1, trace=trace)
        traces.media_turn_finished(turn)
    assert kept.spans == []


def test_places() -> None:
    """Each part names what it is a part of, and a sequel what it came of; no two have the same id."""
    chain = [ROOT]
    for _ in range(3):
        chain.append(chain[-1].child())
    assert all(after.parent_id == before.span_id for before, after in pairwise(chain))
    assert {one.trace_id for one in chain} == {ROOT.trace_id}
    assert len({one.span_id for one in chain}) == 4
    sequel = ROOT.sequel()
    assert (sequel.link, sequel.parent_id) == (f"00-{'a' * 32}-{'b' * 16}-01", None)
    assert sequel.trace_id != ROOT.trace_id


RECEIVER = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}


@pytest.mark.parametrize(
    ("environ", "traced"),
    [
        ({}, False),
        (RECEIVER, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4318/v1/traces"}, True),
        ({**RECEIVER, "OTEL_SDK_DISABLED": "true"}, False),
        ({**RECEIVER, "OTEL_TRACES_EXPORTER": "none"}, False),
    ],
)
def test_when_requests_are_traced(environ: Mapping[str, str], *, traced: bool) -> None:
    """When the environment names a receiver and does not say no."""
    assert wanted(environ) is traced


def test_without_the_extra(caplog: pytest.LogCaptureFixture) -> None:
    """A router without the packages says what to install, and serves without traces."""

    def load() -> type[Traces]:
        raise ModuleNotFoundError("No module named 'opentelemetry'", name="opentelemetry")

    with caplog.at_level(logging.WARNING):
        assert tracing(RECEIVER, lambda: NOW, load) is None
    assert "pip install 'media-router[otel]'" in caplog.text
