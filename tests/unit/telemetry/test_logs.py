import asyncio
import errno
import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from router.contract import Attempt, Charge, Invalid, Outcome, Reload, Task, serving
from router.contract.trace import Trace
from router.telemetry import logs
from router.telemetry.batch import HELD_FOR


@pytest.fixture
def sink() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level, stream = root.handlers[:], root.level, io.StringIO()
    logs.configure(stream)
    yield stream
    root.handlers[:], root.level = handlers, level


def lines(sink: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in sink.getvalue().splitlines()]


def fail_with(error: Exception) -> None:
    raise error


ATTEMPT = Attempt(
    request_id="req_1",
    task=Task.SPEECH,
    route="r",
    target="a/m",
    provider="a",
    kind="k",
    model="m",
    team="ads",
    number=1,
    started=0.0,
    seconds=0.123456,
    outcome="busy",
    retry_after=7.0,
)

SERVED = msgspec.structs.replace(ATTEMPT, outcome="ok", retry_after=None, started=0.2, waited=0.05, first_byte=0.123456)


def request(*attempts: Attempt, **rest: Any) -> Outcome:
    return Outcome(
        "req_1", Task.SPEECH, "r", "ads", "ok", 200, attempts, 1.0, served=serving(Task.SPEECH, attempts), **rest
    )


def test_an_attempt(sink: io.StringIO) -> None:
    """One JSON line, a failure as a warning, times in tenths of a millisecond, nothing that is not known."""
    logs.media_attempt_finished(ATTEMPT)
    (line,) = lines(sink)
    assert line["event"] == "attempt"
    assert line["level"] == "warning"
    assert (line["provider"], line["outcome"], line["seconds"], line["retry_after"]) == ("a", "busy", 0.1235, 7.0)
    assert "first_byte" not in line
    assert line["timestamp"].endswith("Z")


def test_a_request(sink: io.StringIO) -> None:
    """One JSON line with the request id, how many attempts it took and its media units, and when it ended."""
    logs.media_request_finished(request(ATTEMPT, characters=11, ended_at=1_700_000_000.25))
    (line,) = lines(sink)
    assert (line["event"], line["request_id"], line["attempts"], line["characters"]) == ("request", "req_1", 1, 11)
    assert not {"cost", "target", "started", "number", "ended_at"} & line.keys()
    assert (line["provider"], line["timestamp"]) == ("", "2023-11-14T22:13:20.250000Z")


def test_an_ordinary_request(sink: io.StringIO) -> None:
    """Of one that the first target served there is one line, with all that there is to tell of the attempt."""
    traced = msgspec.structs.replace(SERVED, trace=Trace("1" * 32, "2" * 16))
    logs.media_attempt_finished(traced)
    logs.media_request_finished(request(traced, first_byte=0.4, trace=Trace("1" * 32, "3" * 16)))
    (line,) = lines(sink)
    assert (line["event"], line["trace_id"], line["span_id"]) == ("request", "1" * 32, "3" * 16)
    assert (line["provider"], line["target"], line["kind"], line["model"]) == ("a", "a/m", "k", "m")
    assert (line["started"], line["waited"], line["upstream_first_byte"], line["first_byte"]) == (
        0.2,
        0.05,
        0.1235,
        0.4,
    )
    assert line["attempt_span_id"] == "2" * 16
    assert {name for name, value in line.items() if isinstance(value, dict | list)} == set()
    assert not {"number", "breaker"} & line.keys()


def test_a_breaker_that_is_not_closed_yet(sink: io.StringIO) -> None:
    """The request's line says so."""
    logs.media_request_finished(request(msgspec.structs.replace(SERVED, breaker="half_open")))
    assert lines(sink)[0]["breaker"] == "half_open"


@pytest.mark.parametrize(
    "fields",
    [{"number": 2}, {"hedged": True}, {"resumes": True}, {"outcome": "outrun"}, {"outcome": "cancelled"}],
    ids=str,
)
def test_what_is_out_of_the_ordinary(sink: io.StringIO, fields: dict[str, Any]) -> None:
    """An attempt that was not simply the first and answered has its line, whatever the request's will say."""
    logs.media_attempt_finished(msgspec.structs.replace(SERVED, **fields))
    (line,) = lines(sink)
    assert (line["event"], line["level"]) == ("attempt", "info")
    assert fields.items() <= line.items()


FAILED = msgspec.structs.replace(ATTEMPT, number=1)
SECOND = msgspec.structs.replace(SERVED, number=2, target="b/m", provider="b")
RESUMED = msgspec.structs.replace(SECOND, resumes=True)
SPOKEN = msgspec.structs.replace(SERVED, task=Task.TRANSCRIPTION)
OUTRUN = msgspec.structs.replace(SECOND, outcome="outrun")


@pytest.mark.parametrize(
    ("attempts", "told", "served"),
    [
        ((FAILED, SECOND), [1, 2], 2),
        ((SERVED, RESUMED), [2, 1], 2),
        ((SPOKEN, SECOND), [2, 1], 2),
        ((SERVED, OUTRUN), [2], 1),
        ((SPOKEN,), [1], None),
    ],
    ids=["failover", "a break that was mended", "work on the way", "a hedge that lost", "nobody to do the rest"],
)
def test_every_attempt_is_told(
    sink: io.StringIO, attempts: tuple[Attempt, ...], told: list[int], served: int | None
) -> None:
    """Each has a line of its own, but the first where the request's line tells of it, which names the one that served."""
    for one in attempts:
        logs.media_attempt_finished(one)
    logs.media_request_finished(request(*attempts))
    *before, last = lines(sink)
    assert [line["number"] for line in before] == told
    assert {line["event"] for line in before} == {"attempt"}
    assert (last["event"], last["attempts"]) == ("request", len(attempts))
    assert last.get("target") == (None if served is None else attempts[served - 1].target)
    assert last.get("number") == served


def test_what_a_request_cost(sink: io.StringIO) -> None:
    """The line says how many calls were made and what they cost, exactly, and in which currency."""
    call = Charge(task=Task.SPEECH, provider="a", target="a", outcome="ok", cost=2_500_001)
    logs.media_request_finished(request(charges=(call, call), currency="EUR"))
    (line,) = lines(sink)
    assert (line["charges"], line["cost"], line["currency"]) == (2, "5.000002", "EUR")


async def test_many_requests(sink: io.StringIO) -> None:
    """While the event loop runs, lines wait for one another for half a second; none is lost, and none overtakes."""
    for number in range(3):
        logs.media_request_finished(request(characters=number))
    assert lines(sink) == []
    await asyncio.sleep(2 * HELD_FOR)
    assert [line["characters"] for line in lines(sink)] == [0, 1, 2]


async def test_a_warning_does_not_wait(sink: io.StringIO) -> None:
    """It goes out at once, behind what was held before it."""
    logs.media_request_finished(request())
    logs.media_attempt_finished(ATTEMPT)
    assert [line["event"] for line in lines(sink)] == ["request", "attempt"]


def test_a_loop_that_is_gone(sink: io.StringIO) -> None:
    """What it should have written goes out with the next."""

    async def log() -> None:
        logs.media_request_finished(request())

    asyncio.run(log())
    assert lines(sink) == []
    logs.media_request_finished(request())
    assert len(lines(sink)) == 2


def test_a_configuration_that_was_read(sink: io.StringIO) -> None:
    """What changed is in the line; a refused one is a warning with every problem in it, placed."""
    logs.media_configuration_read(Reload(outcome="applied", generation=2, changes=("added routes[a]",)))
    logs.media_configuration_read(Reload(outcome="refused", generation=2, problems=("router.yaml:3:1: x", "y")))
    applied, refused = lines(sink)
    assert (applied["level"], applied["changes"]) == ("info", ["added routes[a]"])
    assert (refused["level"], refused["problems"]) == ("warning", ["router.yaml:3:1: x", "y"])


def test_an_exception_that_quotes_a_caller(sink: io.StringIO) -> None:
    """A library's stack trace keeps its type and places; the message, which may hold text or keys, is dropped."""
    try:
        fail_with(ValueError("the caller's words"))
    except ValueError:
        logging.getLogger("some.library").exception("failed")
    (line,) = lines(sink)
    assert (line["event"], line["exception"], line["logger"]) == ("failed", "ValueError", "some.library")
    assert line["stack"][-1].endswith("fail_with")
    assert "caller's words" not in sink.getvalue()


def test_an_error_of_ours(sink: io.StringIO) -> None:
    """Our own errors are written for callers to read, so their text is kept."""
    try:
        fail_with(Invalid("`speed` must be at most 4"))
    except Invalid:
        logging.getLogger("router").exception("failed")
    assert lines(sink)[0]["error"] == "`speed` must be at most 4"


class Full(io.StringIO):
    """A stream that takes nothing while it is `full`."""

    full = True

    def write(self, text: str) -> int:
        if self.full:
            raise OSError(errno.ENOSPC, "no space left on device")
        return super().write(text)


def test_a_log_that_cannot_be_written(sink: io.StringIO) -> None:
    """It hurts nobody, and when it can be written again it says how many lines are missing."""
    stream = Full()
    logs.configure(stream)
    logs.media_attempt_finished(ATTEMPT)
    logs.media_attempt_finished(ATTEMPT)
    stream.full = False
    logs.media_attempt_finished(ATTEMPT)
    attempt, missing = lines(stream)
    assert attempt["event"] == "attempt"
    assert (missing["event"], missing["level"]) == ("2 lines could not be written", "warning")
    assert sink.getvalue() == ""


def test_all_that_is_known(sink: io.StringIO) -> None:
    """A line holds every field of its event that is not empty, beside who says it, what, how grave it is, and when."""
    full = msgspec.structs.replace(ATTEMPT, first_byte=0.5, upstream_status=503)
    logs.media_attempt_finished(full)
    (line,) = lines(sink)
    assert set(line) == {*full.__struct_fields__, "logger", "event", "level", "timestamp"} - {"trace"}
    assert line["logger"] == "media_router"
