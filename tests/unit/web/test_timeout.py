from collections.abc import Mapping
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from router.contract import DeadlinePassed
from tests.unit.web.making import PNG, WAV, StubEngine, client_of, failing

Asked = Mapping[str, Any]
WORK: Mapping[str, tuple[str, Asked]] = {
    "speech": ("/v1/audio/speech", {"json": {"input": "hi"}}),
    "transcription": ("/v1/audio/transcriptions", {"files": {"file": ("a.wav", WAV)}}),
    "video": ("/v1/videos/stream", {"files": {"ref_image": ("a.png", PNG), "input": ("a.wav", WAV)}}),
    "breeze": ("/v1/text-to-speech/alloy", {"json": {"text": "hi"}}),
    "times": ("/v1/text-to-speech/alloy/with-timestamps", {"json": {"text": "hi"}}),
}


def saying(*seconds: str) -> list[tuple[str, str]]:
    return [("X-Request-Timeout", one) for one in seconds]


@pytest.mark.parametrize("work", WORK)
def test_every_task(work: str, engine: StubEngine, client: TestClient[Litestar]) -> None:
    """Whatever is asked for, in whichever dialect, the engine learns how long the caller waits."""
    path, body = WORK[work]
    assert client.post(path, **body, headers=saying("2.5")).status_code == 200
    assert engine.within == [2.5]


@pytest.mark.parametrize(("given", "seconds"), [("7", 7.0), ("0.05", 0.05), ("86400", 86400.0), ("", None)])
def test_seconds(given: str, seconds: float | None, engine: StubEngine, client: TestClient[Litestar]) -> None:
    """Whole or with decimals; nothing said is no limit of the caller's."""
    client.post("/v1/audio/speech", json={"input": "hi"}, headers=saying(given))
    assert engine.within == [seconds]


NONSENSE = [
    "0",
    "0.0",
    "-1",
    "+1",
    "500ms",
    "1e3",
    "1e-9",
    "nan",
    "inf",
    "soon",
    "1,5",
    "1 2",
    "٣",
    ".5",
    "5.",
    "9" * 400,
]


@pytest.mark.parametrize("given", NONSENSE)
def test_nonsense(given: str, engine: StubEngine, client: TestClient[Litestar]) -> None:
    """It is refused, naming the header and showing how it is spelled, before anything is done."""
    headers = [(b"X-Request-Timeout", given.encode())]
    answer = client.post("/v1/audio/speech", json={"input": "hi"}, headers=headers)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (400, "invalid_timeout", "X-Request-Timeout")
    assert "such as 2.5" in error["message"]
    assert len(error["message"]) < 120
    assert engine.requests == []


def test_said_twice(client: TestClient[Litestar]) -> None:
    """Two limits are no limit to go by."""
    answer = client.post("/v1/audio/speech", json={"input": "hi"}, headers=saying("1", "2"))
    assert answer.status_code == 400


def test_in_the_callers_dialect(client: TestClient[Litestar]) -> None:
    """Breeze's clients are told in their own words."""
    answer = client.post("/v1/text-to-speech/alloy", json={"text": "hi"}, headers=saying("soon"))
    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_ERROR")


def test_who_it_is_comes_first(client: TestClient[Litestar]) -> None:
    """A stranger learns nothing but that it is one."""
    headers = [*saying("soon"), ("authorization", "Bearer wrong")]
    assert client.post("/v1/audio/speech", json={"input": "hi"}, headers=headers).status_code == 401


def test_a_look_up_has_no_deadline(client: TestClient[Litestar]) -> None:
    """Lists are answered at once, whatever a client sends with everything it asks."""
    assert client.get("/v1/models", headers=saying("soon")).status_code == 200


def test_too_late() -> None:
    """What the engine could not do in time is 504."""
    with client_of(StubEngine(answer=failing(DeadlinePassed("no provider could serve this in time")))) as client:
        answer = client.post("/v1/audio/speech", json={"input": "hi"}, headers=saying("0.1"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (504, "deadline_passed")


@pytest.mark.parametrize(
    ("path", "method", "told"),
    [
        ("/v1/audio/speech", "post", True),
        ("/v1/text-to-speech/{voice_id}", "post", True),
        ("/v1/videos", "post", False),
        ("/v1/models", "get", False),
    ],
)
def test_it_is_documented(path: str, method: str, *, told: bool, client: TestClient[Litestar]) -> None:
    """Where a provider is waited for, the document says how to wait less."""
    operation = client.get("/schema/openapi.json").json()["paths"][path][method]
    headers = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "header"}
    assert ("X-Request-Timeout" in headers) is told
