from typing import Any, NamedTuple

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from router.contract import (
    Busy,
    Conflict,
    DeadlinePassed,
    Exhausted,
    MediaError,
    Misconfigured,
    NotAllowed,
    NotFound,
    OverQuota,
    TimedOut,
    Unavailable,
)
from router.web.breeze import REASONS
from tests.unit.web.making import StubEngine, client_of, failing

PATH = "/v1/text-to-speech/voc_1"
FORMATS = "mp3, opus, aac, flac, wav, pcm"


class Refused(NamedTuple):
    """What the answer must say."""

    status: int
    code: str
    ours: str
    param: str | None
    limit: Any = None


BODIES: list[tuple[str, Any, Refused]] = [
    ("empty text", {"text": ""}, Refused(422, "VALIDATION_ERROR", "empty_input", "text", 1)),
    ("blank text", {"text": " \n"}, Refused(422, "VALIDATION_ERROR", "empty_input", "text", 1)),
    ("long text", {"text": "x" * 5001}, Refused(422, "VALIDATION_ERROR", "input_too_long", "text", 5000)),
    ("no text", {}, Refused(422, "VALIDATION_ERROR", "missing_field", "text")),
    ("a number", {"text": 7}, Refused(422, "VALIDATION_ERROR", "wrong_type", "text", "str")),
    ("not an object", [], Refused(400, "BAD_REQUEST", "wrong_type", None, "object")),
    ("unknown field", {"text": "x", "modelid": "m"}, Refused(422, "VALIDATION_ERROR", "unknown_field", "modelid")),
    ("long model", {"text": "x", "model_id": "m" * 121}, Refused(422, "VALIDATION_ERROR", "invalid_value", "model_id")),
    ("guidance", {"text": "x", "voice_settings": {"guidance_scale": 0.9}}, Refused(422, "VALIDATION_ERROR", "out_of_range", "voice_settings.guidance_scale", 1)),
    ("more guidance", {"text": "x", "voice_settings": {"guidance_scale": 11}}, Refused(422, "VALIDATION_ERROR", "out_of_range", "voice_settings.guidance_scale", 10)),
    ("slow", {"text": "x", "voice_settings": {"speed": 0.4}}, Refused(422, "VALIDATION_ERROR", "out_of_range", "voice_settings.speed", 0.5)),
    ("fast", {"text": "x", "voice_settings": {"speed": 2.1}}, Refused(422, "VALIDATION_ERROR", "out_of_range", "voice_settings.speed", 2)),
]  # fmt: skip


@pytest.mark.parametrize(("body", "told"), [case[1:] for case in BODIES], ids=[case[0] for case in BODIES])
@pytest.mark.parametrize("end", ["", "/stream", "/with-timestamps"])
def test_bodies_that_must_be_refused(
    client: TestClient[Litestar], engine: StubEngine, end: str, body: Any, told: Refused
) -> None:
    """Every bad field is refused before any work, in Breeze's envelope, with its name and limit."""
    answer = client.post(PATH + end, json=body)
    error = answer.json()
    assert Refused(
        answer.status_code, error["code"], error["meta"]["code"], error["meta"].get("param"), error["meta"].get("limit")
    ) == told  # fmt: skip
    assert set(error) == {"ok", "code", "detail", "error", "meta"}
    assert (error["ok"], error["detail"]) == (False, error["error"])
    assert not engine.requests
    assert [(one.outcome, one.status) for one in engine.outcomes] == [(told.ours, told.status)]


@pytest.mark.parametrize("field", REASONS)
def test_fields_of_the_vendors_that_are_not_taken(client: TestClient[Litestar], engine: StubEngine, field: str) -> None:
    """A field that a vendor knows and the router does not is refused by name, with the reason; none is ignored."""
    query = {field: "1"} if field in {"delivery", "optimize_streaming_latency"} else {}
    outer, _, inner = field.partition(".")
    body = {} if query else {outer: {inner: 1} if inner else 1}
    answer = client.post(PATH, params=query, json={"text": "x", **body})
    error = answer.json()
    assert (answer.status_code, error["meta"]["code"], error["meta"]["param"]) == (422, "unsupported_field", field)
    assert error["detail"] == f"`{field}` is not taken: {REASONS[field]}"
    assert not engine.requests


QUERIES: list[tuple[str, str, Any]] = [
    ("output_format=ulaw_8000", "G.711", FORMATS),
    ("output_format=alaw_8000", "G.711", FORMATS),
    ("output_format=ogg", "'ogg' is no format", FORMATS),
    ("output_format=", "'' is no format", FORMATS),
    ("output_format=mp3_44100_320", "mp3 at 44100 Hz has 32 to 192 kbit/s", "32 to 192 kbit/s"),
    ("output_format=mp3_24000_192", "mp3 at 24000 Hz has 32 to 160 kbit/s", "32 to 160 kbit/s"),
    ("output_format=wav_44100_128", "wav at 44100 Hz has no bit rate to choose", "no bit rate to choose"),
    ("output_format=mp3_44000", "no sample rate 44000", "8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000"),
    ("output_format=mp3_44100_128_2", "is no format", FORMATS),
]


@pytest.mark.parametrize(("query", "told", "limit"), QUERIES)
def test_formats_that_are_not_made(
    client: TestClient[Litestar], engine: StubEngine, query: str, told: str, limit: Any
) -> None:
    """A format, sample rate or bit rate that is not made is refused by name, with what is."""
    answer = client.post(f"{PATH}?{query}", json={"text": "x"})
    error = answer.json()
    assert (answer.status_code, error["code"]) == (422, "VALIDATION_ERROR")
    assert (error["meta"]["param"], error["meta"]["limit"]) == ("output_format", limit)
    assert told in error["detail"]
    assert not engine.requests


@pytest.mark.parametrize(
    ("query", "code", "param"),
    [
        ("outputformat=mp3", "unknown_field", "outputformat"),
        ("output_format=mp3&output_format=wav", "duplicate_field", "output_format"),
        ("enable_logging=perhaps", "wrong_type", "enable_logging"),
    ],
)
def test_queries_that_must_be_refused(client: TestClient[Litestar], query: str, code: str, param: str) -> None:
    """A query is read as strictly as a body."""
    meta = client.post(f"{PATH}?{query}", json={"text": "x"}).json()["meta"]
    assert (meta["code"], meta["param"]) == (code, param)


CLASSES: list[tuple[MediaError, int, str, str | None]] = [
    (NotFound("no model", code="model_not_found", param="model"), 404, "RESOURCE_NOT_FOUND", None),
    (NotAllowed("not you"), 403, "FORBIDDEN", None),
    (OverQuota("too much", retry_after=1.2), 429, "RATE_LIMITED", "2"),
    (OverQuota("no money", status=402), 402, "BILLING_INSUFFICIENT_CREDITS", None),
    (Conflict("twice"), 409, "CONFLICT", None),
    (Exhausted([("a", Busy("b", retry_after=7))]), 503, "GENERATION_CAPACITY_EXCEEDED", "7"),
    (Exhausted([("a", Unavailable("b"))]), 503, "GENERATION_CAPACITY_EXCEEDED", None),
    (Exhausted([("a", Misconfigured("b"))]), 502, "GENERATION_FAILED", None),
    (Exhausted([("a", TimedOut("b"))]), 504, "GENERATION_TIMEOUT", None),
    (DeadlinePassed("late"), 504, "GENERATION_TIMEOUT", None),
    (MediaError("odd"), 500, "INTERNAL_ERROR", None),
]


@pytest.mark.parametrize(("error", "status", "code", "wait"), CLASSES, ids=[f"{type(c[0]).__name__}-{c[1]}" for c in CLASSES])  # fmt: skip
def test_each_class(error: MediaError, status: int, code: str, wait: str | None) -> None:
    """Each class of error has Breeze's status and code; a wait is told in whole seconds."""
    engine = StubEngine(failing(error))
    with client_of(engine) as client:
        answer = client.post(PATH, json={"text": "x"})
    told = answer.json()
    assert (answer.status_code, told["code"], told["detail"]) == (status, code, error.message)
    assert told["meta"]["code"] == error.code
    assert answer.headers.get("retry-after") == wait
    assert [(one.outcome, one.status) for one in engine.outcomes] == [(error.code, status)]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("POST", f"{PATH}/stream/with-timestamps", 404, "RESOURCE_NOT_FOUND"),
        ("GET", PATH, 405, "BAD_REQUEST"),
        ("GET", "/v1/text-to-speech", 404, "RESOURCE_NOT_FOUND"),
    ],
)
def test_paths_and_methods(client: TestClient[Litestar], method: str, path: str, status: int, code: str) -> None:
    """What there is no route for is told in the same envelope."""
    answer = client.request(method, path, json={"text": "x"})
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize("path", [PATH, "/v1/voices", "/v1/models"])
def test_a_key_that_is_not_known(client: TestClient[Litestar], path: str) -> None:
    """Whoever sends a wrong key is told in the envelope of the clients that send it."""
    del client.headers["authorization"]
    answer = client.request("POST" if path == PATH else "GET", path, headers={"xi-api-key": "wrong"})
    assert (answer.status_code, answer.json()["code"]) == (401, "AUTH_REQUIRED")


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [(b'{"text":"x"', "application/json", 400), (b"", "application/json", 400), (b"text=x", "text/plain", 415)],
)
def test_bodies_that_are_no_json(client: TestClient[Litestar], body: bytes, kind: str, status: int) -> None:
    """A body that cannot be read at all is a bad request."""
    answer = client.post(PATH, content=body, headers={"content-type": kind})
    assert (answer.status_code, answer.json()["code"]) == (status, "BAD_REQUEST")
