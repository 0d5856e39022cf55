import json
from typing import Any, NamedTuple

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from router.contract import Busy, DeadlinePassed, Exhausted, MediaError, Misconfigured, NotAllowed, NotFound, OverQuota
from router.web.dialects import as_sync
from router.web.sync_body import REASONS
from tests.unit.web.making import PNG, WAV, StubEngine, client_of
from tests.unit.web.test_sync import AUDIO_ITEM, BODY, LIST, PATH, TEXT_ITEM, VIDEO_ITEM, VOICES

IMAGE_ITEM = {"type": "image", "url": "https://a.example/f.png"}
SEGMENT = {"startTime": 0, "endTime": 1, "audioInput": {"refId": "a"}}
OTHER = {"startTime": 1, "endTime": 2, "audioInput": {"refId": "b"}}
WRONG = "generation_input_segments_invalid"


class Refused(NamedTuple):
    """What the answer must say; `names` are words of its message."""

    status: int
    code: str
    names: tuple[str, ...]


def items(*given: Any) -> dict[str, Any]:
    return {"model": "lipsync-2", "input": list(given)}


def cut(segment: Any, **changes: Any) -> Any:
    return {**segment, "audioInput": {**segment["audioInput"], **changes}}


def parted(*segments: Any) -> dict[str, Any]:
    return {**items(VIDEO_ITEM, *VOICES), "segments": list(segments)}


BODIES: list[tuple[str, Any, Refused]] = [
    ("no model", {"input": BODY["input"]}, Refused(400, "missing_field", ("`model` is required",))),
    ("unknown model", {**BODY, "model": "unknown"}, Refused(404, "model_not_found", ("no route",))),
    ("no input", {"model": "m"}, Refused(400, "generation_video_missing", ("`input`",))),
    ("no video", items(AUDIO_ITEM), Refused(400, "generation_video_missing", ("`input`",))),
    ("no audio", items(VIDEO_ITEM), Refused(400, "generation_audio_missing", ("`input`",))),
    ("two faces", items(VIDEO_ITEM, IMAGE_ITEM, AUDIO_ITEM), Refused(400, "generation_input_too_many_visual", ("`input`", "one", "2"))),
    ("unknown type", items({"type": "film"}), Refused(400, "invalid_value", ("`input[0].type`", "video, image, audio, text", "film"))),
    ("no type", items({"url": "http://a"}), Refused(400, "missing_field", ("`input[0].type`",))),
    ("no url", items({"type": "video"}, AUDIO_ITEM), Refused(400, "missing_field", ("`input[0].url`", "file `video`"))),
    ("not http", items({"type": "video", "url": "ftp://a/b"}, AUDIO_ITEM), Refused(400, "invalid_url", ("`input[0].url`", "http(s)"))),
    ("base64", items(VIDEO_ITEM, {"type": "audio", "url": "UklGRg=="}), Refused(400, "invalid_url", ("`input[1].url`",))),
    ("no host", items({"type": "video", "url": "http://"}, AUDIO_ITEM), Refused(400, "invalid_url", ("`input[0].url`",))),
    ("another speaker", items(VIDEO_ITEM, {"type": "text", "provider": {"name": "hume", "voiceId": "v", "script": "x"}}), Refused(400, "invalid_value", ("`input[1].provider.name`", "elevenlabs"))),
    ("an empty script", items(VIDEO_ITEM, {"type": "text", "provider": {"name": "elevenlabs", "voiceId": "v", "script": " "}}), Refused(400, "empty_input", ("`input[1].provider.script`",))),
    ("a long script", items(VIDEO_ITEM, {"type": "text", "provider": {"name": "elevenlabs", "voiceId": "v", "script": "x" * 5001}}), Refused(400, "input_too_long", ("`input[1].provider.script`", "5000"))),
    ("no voice id", items(VIDEO_ITEM, {"type": "text", "provider": {"name": "elevenlabs", "script": "x"}}), Refused(400, "missing_field", ("`input[1].provider.voiceId`",))),
    ("temperature", {**BODY, "options": {"temperature": 1.1}}, Refused(400, "out_of_range", ("`options.temperature`", "<= 1"))),
    ("sync mode", {**BODY, "options": {"sync_mode": "stretch"}}, Refused(400, "invalid_value", ("`options.sync_mode`", "bounce, loop, cut_off, silence, remap"))),
    ("a misspelt option", {**BODY, "options": {"syncMode": "loop"}}, Refused(400, "unknown_field", ("`options.syncMode`", "`sync_mode`"))),
    ("coordinates", {**BODY, "options": {"active_speaker_detection": {"coordinates": [1]}}}, Refused(400, "invalid_value", ("`options.active_speaker_detection.coordinates`", "2"))),
    ("a name with a dot", {**BODY, "outputFileName": "a.mp4"}, Refused(400, "invalid_value", ("`outputFileName`", "255"))),
    ("an empty name", {**BODY, "outputFileName": ""}, Refused(400, "invalid_value", ("`outputFileName`", "255"))),
    ("a long name", {**BODY, "outputFileName": "a" * 256}, Refused(400, "invalid_value", ("`outputFileName`", "255"))),
    ("unknown field", {**BODY, "outputFilename": "a"}, Refused(400, "unknown_field", ("`outputFilename`", "`outputFileName`"))),
    ("two voices, no segments", items(VIDEO_ITEM, *VOICES), Refused(400, WRONG, ("`segments`", "2 voices"))),
    ("two voices, no names", items(VIDEO_ITEM, AUDIO_ITEM, TEXT_ITEM), Refused(400, WRONG, ("`input[2].refId`",))),
    ("a name twice", items(VIDEO_ITEM, VOICES[0], VOICES[0]), Refused(400, WRONG, ("`input[2].refId`", "'a'", "twice"))),
    ("segments of an image", {**items(IMAGE_ITEM, VOICES[0]), "segments": [SEGMENT]}, Refused(400, WRONG, ("`segments`", "image"))),
    ("a voice nobody has", parted(SEGMENT, cut(OTHER, refId="c")), Refused(400, WRONG, ("`segments[1].audioInput.refId`", "'c'"))),
    ("a voice never heard", parted(SEGMENT), Refused(400, WRONG, ("`input[2].refId`", "no segment"))),
    ("a segment that ends first", parted({**SEGMENT, "endTime": 0}, OTHER), Refused(400, WRONG, ("`segments[0].endTime`",))),
    ("segments that overlap", parted({**SEGMENT, "endTime": 1.5}, OTHER), Refused(400, WRONG, ("`segments[1].startTime`", "overlap"))),
    ("half a pair", parted(SEGMENT, cut(OTHER, startTime=1)), Refused(400, WRONG, ("`segments[1].audioInput.endTime`", "pair"))),
    ("the other half", parted(SEGMENT, cut(OTHER, endTime=1)), Refused(400, WRONG, ("`segments[1].audioInput.startTime`", "pair"))),
    ("a voice that ends first", parted(SEGMENT, cut(OTHER, startTime=2, endTime=1)), Refused(400, WRONG, ("`segments[1].audioInput.endTime`",))),
    ("a negative time", parted({**SEGMENT, "startTime": -1}, OTHER), Refused(400, "out_of_range", ("`segments[0].startTime`", ">= 0"))),
    ("not an object", [], Refused(400, "wrong_type", ("the body must be object",))),
]  # fmt: skip


@pytest.mark.parametrize(("body", "told"), [case[1:] for case in BODIES], ids=[case[0] for case in BODIES])
def test_bodies_that_must_be_refused(
    client: TestClient[Litestar], engine: StubEngine, body: Any, told: Refused
) -> None:
    """Every bad field is refused before any work, in sync's envelope, with its name and limit; it is counted once."""
    answer = client.post(PATH, json=body)
    error = answer.json()
    assert (answer.status_code, error["statusCode"], error["errorCode"]) == (told.status, told.status, told.code)
    assert set(error) == {"message", "error", "statusCode", "errorCode"}
    assert all(name in error["message"] for name in told.names), error["message"]
    assert not engine.requests
    assert [(one.outcome, one.status) for one in engine.outcomes] == [(told.code, told.status)]
    assert client.get(LIST).json() == []


@pytest.mark.parametrize("path", [path for path in REASONS if path != "include"])
def test_fields_of_the_vendor_that_are_not_taken(client: TestClient[Litestar], path: str) -> None:
    """A field that sync knows and the router does not is refused by name, with the reason; none is ignored."""
    body = {**items(TEXT_ITEM, VIDEO_ITEM), "segments": [SEGMENT], "options": {}}
    if "provider" not in path:
        body["input"] = [VIDEO_ITEM]
    body = json.loads(json.dumps(body))
    *within, name = path.replace("[]", ".0").split(".")
    at: Any = body
    for step in within:
        at = at[int(step)] if step.isdigit() else at[step]
    at[name] = 1
    error = client.post(PATH, json=body).json()
    assert (error["errorCode"], error["statusCode"]) == ("unsupported_field", 400)
    assert error["message"] == f"`{path.replace('[]', '[0]')}` is not taken: {REASONS[path]}"


FORMS: list[tuple[str, dict[str, str], dict[str, Any], Refused]] = [
    ("no model", {}, {"audio": ("a", WAV)}, Refused(400, "missing_field", ("`model`",))),
    ("no face", {"model": "m"}, {"audio": ("a", WAV)}, Refused(400, "generation_video_missing", ())),
    ("input that is no JSON", {"model": "m", "input": "["}, {"audio": ("a", WAV)}, Refused(400, "malformed_json", ("`input`",))),
    ("input that is no list", {"model": "m", "input": "{}"}, {"audio": ("a", WAV)}, Refused(400, "wrong_type", ("`input`",))),
    ("two that wait for one file", {"model": "m", "input": '[{"type":"audio"},{"type":"audio"}]'}, {"audio": ("a", WAV)}, Refused(400, "missing_field", ("`input[1].url`",))),
    ("a picture as a video", {"model": "m"}, {"video": ("v.mp4", PNG), "audio": ("a", WAV)}, Refused(400, "invalid_video_format", ("`video`", "MP4, MOV or WEBM", "image/png"))),
    ("text as a voice", {"model": "m"}, {"image": ("f", PNG), "audio": ("a.wav", b"hello")}, Refused(400, "invalid_audio_format", ("`audio`",))),
    ("a URL as a file", {"model": "m", "audio": "https://a.example/v.wav"}, {"image": ("f", PNG)}, Refused(400, "wrong_type", ("`audio`", "`input`"))),
    ("a video of 21 MB", {"model": "m"}, {"video": ("v", bytes(21 * 1024 * 1024)), "audio": ("a", WAV)}, Refused(413, "payload_too_large", ("`video`", "20 MB"))),
    ("a webhook", {"model": "m", "webhookUrl": "https://a.example"}, {"audio": ("a", WAV)}, Refused(400, "webhook_not_configured", ("`webhookUrl`", "`teams`"))),
]  # fmt: skip


@pytest.mark.parametrize(("data", "files", "told"), [case[1:] for case in FORMS], ids=[case[0] for case in FORMS])
def test_forms_that_must_be_refused(
    client: TestClient[Litestar], engine: StubEngine, data: Any, files: Any, told: Refused
) -> None:
    """Every bad form is refused before any work, in the same envelope."""
    answer = client.post(PATH, data=data, files=files)
    error = answer.json()
    assert (answer.status_code, error["errorCode"]) == (told.status, told.code)
    assert all(name in error["message"] for name in told.names), error["message"]
    assert not engine.requests


@pytest.mark.parametrize(
    ("path", "code", "told"),
    [
        (f"{LIST}?limit=0", "out_of_range", ">= 1"),
        (f"{LIST}?limit=101", "out_of_range", "<= 100"),
        (f"{LIST}?status=DONE", "invalid_value", "PENDING, PROCESSING, COMPLETED, FAILED, REJECTED"),
        (f"{LIST}?limit=1&limit=2", "duplicate_field", "`limit`"),
        (f"{LIST}?cursor=nothing", "not_found", "nothing"),
        (f"{LIST}?projectId=1", "unsupported_field", "no projects"),
        (f"{LIST}?state=1", "unknown_field", "`status`"),
        (f"{PATH}/x?wait=true&timeout=56", "out_of_range", "<= 55"),
        (f"{PATH}/x?wait=true&timeout=0", "out_of_range", ">= 1"),
        (f"{PATH}/x?timeout=5", "conflicting_fields", "`wait`"),
        (f"{PATH}/x?include=progress", "unsupported_field", "/v1/videos"),
        (f"{PATH}/x", "not_found", "'x'"),
        ("/v2/nothing", "unknown_url", "/schema"),
    ],
)
def test_look_ups_that_must_be_refused(client: TestClient[Litestar], path: str, code: str, told: str) -> None:
    """A query is read as strictly as a body, and what is not there is not found, in the same envelope."""
    answer = client.get(path)
    error = answer.json()
    assert (error["errorCode"], error["statusCode"]) == (code, answer.status_code)
    assert told in error["message"]


def test_what_nobody_can_do() -> None:
    """What every provider declines is refused before there is a job, with each one's reason."""
    engine = StubEngine(declined={"boson": "gives no part of a face a voice of its own"})
    with client_of(engine) as client:
        answer = client.post(PATH, json=BODY)
        assert client.get(LIST).json() == []
    assert (answer.status_code, answer.json()["errorCode"]) == (422, "unsupported")
    assert "boson: gives no part of a face a voice of its own" in answer.json()["message"]


@pytest.mark.parametrize(
    ("error", "phrase", "code"),
    [
        (NotFound("x", code="model_not_found"), "Not Found", "model_not_found"),
        (NotAllowed("x"), "Forbidden", "not_allowed"),
        (OverQuota("x", status=402), "Payment Required", "over_quota"),
        (OverQuota("x"), "Too Many Requests", "rate_limit_exceeded"),
        (Exhausted([("a", Busy("b"))]), "Too Many Requests", "concurrency_limit_reached"),
        (Exhausted([("a", Misconfigured("b"))]), "Bad Gateway", "all_providers_failed"),
        (DeadlinePassed("x"), "Gateway Timeout", "deadline_passed"),
        (MediaError("x"), "Internal Server Error", "internal_error"),
    ],
    ids=lambda one: type(one).__name__ if isinstance(one, MediaError) else "",
)
def test_each_class(error: MediaError, phrase: str, code: str) -> None:
    """Each class of error keeps its status, says it in words, and tells sync's two kinds of 429 apart."""
    status, body = as_sync(error)
    assert status == error.status
    assert (body.error, body.error_code, body.status_code, body.message) == (phrase, code, status, error.message)  # type: ignore[attr-defined]


def test_another_method(client: TestClient[Litestar]) -> None:
    """A method that the path does not take is told in the same envelope, with what it takes."""
    answer = client.delete(PATH)
    assert (answer.status_code, answer.json()["error"]) == (405, "Method Not Allowed")
    assert "POST" in answer.headers["allow"]
