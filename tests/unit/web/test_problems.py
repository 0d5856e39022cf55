import logging
from typing import Any

import pytest

from router.contract import (
    Busy,
    ContentRefused,
    DeadlinePassed,
    Exhausted,
    MediaError,
    Misconfigured,
    NotAllowed,
    NotFound,
    OverQuota,
    TimedOut,
    Unavailable,
    Unsupported,
)
from tests.unit.web.making import StubEngine, client_of, failing

PATH = "/v1/audio/speech"
SECRET = "words of the caller's"

CASES: list[tuple[MediaError, int, str, str, str | None]] = [
    (
        NotFound("no model", code="model_not_found", param="model"),
        404,
        "invalid_request_error",
        "model_not_found",
        None,
    ),
    (NotAllowed("not you"), 403, "permission_error", "not_allowed", None),
    (OverQuota("too much", retry_after=1.2), 429, "rate_limit_error", "over_quota", "2"),
    (OverQuota("no money", status=402), 402, "insufficient_quota", "over_quota", None),
    (ContentRefused("no face", code="no_face"), 422, "invalid_request_error", "no_face", None),
    (Exhausted([("a", Busy("b", retry_after=7)), ("c", Busy("d"))]), 429, "rate_limit_error", "all_replicas_busy", "7"),
    (Exhausted([("a", Unavailable("b", retry_after=0.1))]), 503, "server_error", "all_providers_failed", "1"),
    (Exhausted([("a", Misconfigured("b", retry_after=5))]), 502, "server_error", "all_providers_failed", None),
    (Exhausted([("a", TimedOut("b"))]), 504, "server_error", "all_providers_failed", None),
    (DeadlinePassed("late"), 504, "server_error", "deadline_passed", None),
]


@pytest.mark.parametrize(
    ("error", "status", "kind", "code", "wait"), CASES, ids=[type(case[0]).__name__ + case[3] for case in CASES]
)
def test_each_class(error: MediaError, status: int, kind: str, code: str, wait: str | None) -> None:
    """Each class of error has its status, type and code; a wait is told on 429 and 503, in whole seconds rounded up."""
    engine = StubEngine(failing(error))
    with client_of(engine) as client:
        answer = client.post(PATH, json={"input": "x"})
    told = answer.json()["error"]
    assert (answer.status_code, told["type"], told["code"], told["message"]) == (status, kind, code, error.message)
    assert (told["param"], answer.headers.get("retry-after")) == (error.param, wait)
    assert answer.headers["x-request-id"] == "req_1"
    assert answer.headers["x-media-attempts"] == "0"
    assert [(one.outcome, one.status) for one in engine.outcomes] == [(code, status)]


def test_why_each_target_declined() -> None:
    """What no target can serve says why each declined."""
    engine = StubEngine(failing(Unsupported("nobody can", reasons={"a": "does not speak xx"})))
    with client_of(engine) as client:
        answer = client.post(PATH, json={"input": "x"})
    assert answer.json()["error"]["reasons"] == {"a": "does not speak xx"}


def test_what_nobody_foresaw(caplog: pytest.LogCaptureFixture) -> None:
    """An unexpected error is a 500 with the request id and nothing of the inside; the log has its place, not its text."""
    engine = StubEngine(failing(ValueError(f"the caller said: {SECRET}")))
    with caplog.at_level(logging.ERROR), client_of(engine) as client:
        answer = client.post(PATH, json={"input": SECRET})
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "internal_error")
    assert "req_1" in answer.json()["error"]["message"]
    assert "ValueError" not in answer.text
    assert "ValueError" in caplog.text
    assert "making.py" in caplog.text
    assert SECRET not in caplog.text + answer.text
    assert [one.outcome for one in engine.outcomes] == ["internal_error"]


def broken_page() -> Any:
    raise RuntimeError(SECRET)


def test_what_nobody_foresaw_outside_of_work(caplog: pytest.LogCaptureFixture) -> None:
    """Pages that fail do so in the same way."""
    with caplog.at_level(logging.ERROR), client_of(StubEngine(), metrics=broken_page) as client:
        answer = client.get("/metrics")
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "internal_error")
    assert "RuntimeError" in caplog.text
    assert SECRET not in caplog.text + answer.text


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/nothing", 404, "unknown_url"),
        ("GET", "/", 404, "unknown_url"),
        ("GET", PATH, 405, "method_not_allowed"),
        ("DELETE", "/v1/models", 405, "method_not_allowed"),
        ("GET", "/v1/models/", 200, ""),
    ],
)
def test_paths_and_methods(method: str, path: str, status: int, code: str) -> None:
    """An unknown path or method is told in the same envelope; 405 says what is allowed."""
    with client_of(StubEngine()) as client:
        answer = client.request(method, path)
    assert answer.status_code == status
    if status >= 400:
        assert answer.json()["error"]["code"] == code
        assert answer.headers["x-request-id"]
    if status == 405:
        assert "OPTIONS" in answer.headers["allow"]
