import base64
import json
from typing import Any, NamedTuple

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from tests.unit.web.making import PNG, WAV, StubEngine

SPEECH = "/v1/audio/speech"
LISTEN = "/v1/audio/transcriptions"
VIDEO = "/v1/videos/stream"
FACE = base64.b64encode(PNG).decode()
VOICE = base64.b64encode(WAV).decode()
LONG = base64.b64encode(WAV + b"long").decode()
HUGE = base64.b64encode(PNG + bytes(11 * 1024 * 1024)).decode()
FORMATS = "mp3, opus, aac, flac, wav, pcm"
PICTURES = "PNG, JPEG or WEBP"
SOUNDS = "AAC, WAV, MP3, FLAC or OPUS"
JSON = {"content-type": "application/json"}
ONE = "exactly one of input, input_tts"
SIZES = "640x640, 640x480, 480x640"
TEN_MB = 10 * 1024 * 1024


class Refused(NamedTuple):
    """What the answer must say."""

    status: int
    code: str
    param: str | None
    limit: Any


JSON_CASES: list[tuple[str, str, Any, Refused]] = [
    ("empty input", SPEECH, {"input": ""}, Refused(400, "empty_input", "input", 1)),
    ("blank input", SPEECH, {"input": " \n\t"}, Refused(400, "empty_input", "input", 1)),
    ("5001 characters", SPEECH, {"input": "x" * 5001}, Refused(400, "input_too_long", "input", 5000)),
    ("no input", SPEECH, {}, Refused(400, "missing_field", "input", None)),
    ("unknown format", SPEECH, {"input": "x", "response_format": "ogg"}, Refused(400, "invalid_value", "response_format", FORMATS)),
    ("unknown stream format", SPEECH, {"input": "x", "stream_format": "x"}, Refused(400, "invalid_value", "stream_format", "audio, sse")),
    ("unknown field", SPEECH, {"input": "x", "sped": 1}, Refused(400, "unknown_field", "sped", None)),
    ("wrong type", SPEECH, {"input": 7}, Refused(400, "wrong_type", "input", "str")),
    ("not an object", SPEECH, [], Refused(400, "wrong_type", None, "object")),
    ("a bool spelled out", SPEECH, {"input": "x", "stream": "true"}, Refused(400, "wrong_type", "stream", "bool")),
    ("a voice object without id", SPEECH, {"input": "x", "voice": {}}, Refused(400, "missing_field", "voice.id", None)),
    ("speed too low", SPEECH, {"input": "x", "speed": 0.2}, Refused(400, "out_of_range", "speed", 0.25)),
    ("speed too high", SPEECH, {"input": "x", "speed": 4.1}, Refused(400, "out_of_range", "speed", 4)),
    ("temperature", SPEECH, {"input": "x", "temperature": 2.1}, Refused(400, "out_of_range", "temperature", 2)),
    ("top_p", SPEECH, {"input": "x", "top_p": -0.1}, Refused(400, "out_of_range", "top_p", 0)),
    ("top_k", SPEECH, {"input": "x", "top_k": 0}, Refused(400, "out_of_range", "top_k", 1)),
    ("max_new_tokens", SPEECH, {"input": "x", "max_new_tokens": 0}, Refused(400, "out_of_range", "max_new_tokens", 1)),
    ("voice and ref_audio", SPEECH, {"input": "x", "voice": "v", "ref_audio": VOICE}, Refused(400, "conflicting_fields", "ref_audio", None)),
    ("ref_text alone", SPEECH, {"input": "x", "ref_text": "t"}, Refused(400, "conflicting_fields", "ref_text", None)),
    ("ref_audio of text", SPEECH, {"input": "x", "ref_audio": "aGVsbG8="}, Refused(400, "invalid_audio_format", "ref_audio", SOUNDS)),
    ("ref_audio not base64", SPEECH, {"input": "x", "ref_audio": "é"}, Refused(400, "invalid_audio_format", "ref_audio", SOUNDS)),
    ("ref_audio without host", SPEECH, {"input": "x", "ref_audio": "http://"}, Refused(400, "invalid_url", "ref_audio", 2048)),
    ("neither input", VIDEO, {"ref_image": FACE}, Refused(422, "conflicting_fields", "input", ONE)),
    ("both inputs", VIDEO, {"ref_image": FACE, "input": VOICE, "input_tts": {"input": "x"}}, Refused(422, "conflicting_fields", "input", ONE)),
    ("no face", VIDEO, {"input": VOICE}, Refused(400, "missing_field", "ref_image", None)),
    ("text as a face", VIDEO, {"ref_image": "aGVsbG8=", "input": VOICE}, Refused(400, "invalid_image_format", "ref_image", PICTURES)),
    ("sound as a face", VIDEO, {"ref_image": VOICE, "input": VOICE}, Refused(400, "invalid_image_format", "ref_image", PICTURES)),
    ("a face of 11 MB", VIDEO, {"ref_image": HUGE, "input": VOICE}, Refused(413, "payload_too_large", "ref_image", TEN_MB)),
    ("61 s of audio", VIDEO, {"ref_image": FACE, "input": LONG}, Refused(400, "audio_too_long", "input", 60)),
    ("a picture as a voice", VIDEO, {"ref_image": FACE, "input": FACE}, Refused(400, "invalid_audio_format", "input", SOUNDS)),
    ("unknown size", VIDEO, {"ref_image": FACE, "input": VOICE, "size": "1x1"}, Refused(400, "invalid_size", "size", SIZES)),
    ("stream in input_tts", VIDEO, {"ref_image": FACE, "input_tts": {"input": "x", "stream": True}}, Refused(400, "unknown_field", "input_tts.stream", None)),
    ("empty input_tts", VIDEO, {"ref_image": FACE, "input_tts": {"input": ""}}, Refused(400, "empty_input", "input_tts.input", 1)),
    ("speed in input_tts", VIDEO, {"ref_image": FACE, "input_tts": {"input": "x", "speed": 9}}, Refused(400, "out_of_range", "input_tts.speed", 4)),
]  # fmt: skip


@pytest.mark.parametrize(("path", "body", "told"), [case[1:] for case in JSON_CASES], ids=[c[0] for c in JSON_CASES])
def test_json_that_must_be_refused(
    client: TestClient[Litestar], engine: StubEngine, path: str, body: Any, told: Refused
) -> None:
    """Every bad JSON field is refused before any work, with its status, code, field and limit."""
    answer = client.post(path, json=body)
    error = answer.json()["error"]
    assert Refused(answer.status_code, error["code"], error["param"], error.get("limit")) == told
    assert error["type"] == "invalid_request_error"
    assert not engine.requests
    assert [(one.outcome, one.status) for one in engine.outcomes] == [(told.code, told.status)]


class Form(NamedTuple):
    """A multipart body: text fields and files."""

    data: dict[str, Any]
    files: dict[str, tuple[str, bytes]]


SPOKEN = {"file": ("a.wav", WAV)}
FACED = {"ref_image": ("a.png", PNG)}

FORM_CASES: list[tuple[str, str, Form, Refused]] = [
    ("no file", LISTEN, Form({"model": "m"}, {"other": ("x", b"x")}), Refused(400, "missing_field", "file", None)),
    ("file as text", LISTEN, Form({"file": "hello"}, {"x": ("x", b"x")}), Refused(400, "missing_field", "file", None)),
    ("unknown field", LISTEN, Form({"modell": "m"}, SPOKEN), Refused(400, "unknown_field", "modell", None)),
    ("a file where text belongs", LISTEN, Form({}, {**SPOKEN, "model": ("m", b"m")}), Refused(400, "wrong_type", "model", None)),
    ("unknown format", LISTEN, Form({"response_format": "xml"}, SPOKEN), Refused(400, "invalid_value", "response_format", "json, text, srt, verbose_json, vtt")),
    ("temperature", LISTEN, Form({"temperature": "1.5"}, SPOKEN), Refused(400, "out_of_range", "temperature", 1)),
    ("temperature in words", LISTEN, Form({"temperature": "hot"}, SPOKEN), Refused(400, "wrong_type", "temperature", "float or null")),
    ("a field twice", LISTEN, Form({"model": ["a", "b"]}, SPOKEN), Refused(400, "duplicate_field", "model", 1)),
    ("grain", LISTEN, Form({"timestamp_granularities[]": "hour", "response_format": "verbose_json"}, SPOKEN), Refused(400, "invalid_value", "timestamp_granularities[][0]", "word, segment")),
    ("grains in json", LISTEN, Form({"timestamp_granularities[]": "word"}, SPOKEN), Refused(400, "conflicting_fields", "timestamp_granularities[]", "verbose_json")),
    ("text as sound", LISTEN, Form({}, {"file": ("a.wav", b"hello")}), Refused(400, "invalid_audio_format", "file", "audio, or video with sound")),
    ("a file of 26 MB", LISTEN, Form({}, {"file": ("a.wav", WAV + bytes(26 * 1024 * 1024))}), Refused(413, "payload_too_large", "file", 25 * 1024 * 1024)),
    ("a body of 31 MB", LISTEN, Form({}, {"file": ("a.wav", bytes(31 * 1024 * 1024))}), Refused(413, "payload_too_large", None, 30 * 1024 * 1024)),
    ("neither input", VIDEO, Form({}, FACED), Refused(422, "conflicting_fields", "input", ONE)),
    ("both inputs", VIDEO, Form({"input_tts": '{"input":"x"}'}, {**FACED, "input": ("a", WAV)}), Refused(422, "conflicting_fields", "input", ONE)),
    ("no face", VIDEO, Form({"size": "640x640"}, {"input": ("a", WAV)}), Refused(400, "missing_field", "ref_image", None)),
    ("a text file as a face", VIDEO, Form({}, {"ref_image": ("face.png", b"hello"), "input": ("a", WAV)}), Refused(400, "invalid_image_format", "ref_image", PICTURES)),
    ("input_tts not JSON", VIDEO, Form({"input_tts": "{"}, FACED), Refused(400, "malformed_json", "input_tts", None)),
    ("input_tts unknown field", VIDEO, Form({"input_tts": '{"input":"x","stream":true}'}, FACED), Refused(400, "unknown_field", "input_tts.stream", None)),
    ("unknown size", VIDEO, Form({"size": "big"}, {**FACED, "input": ("a", WAV)}), Refused(400, "invalid_size", "size", SIZES)),
    ("61 s of audio", VIDEO, Form({}, {**FACED, "input": ("a", WAV + b"long")}), Refused(400, "audio_too_long", "input", 60)),
]  # fmt: skip


@pytest.mark.parametrize(("path", "form", "told"), [case[1:] for case in FORM_CASES], ids=[c[0] for c in FORM_CASES])
def test_forms_that_must_be_refused(
    client: TestClient[Litestar], engine: StubEngine, path: str, form: Form, told: Refused
) -> None:
    """Every bad form is refused before any work, with its status, code, field and limit."""
    answer = client.post(path, data=form.data, files=form.files)
    error = answer.json()["error"]
    assert Refused(answer.status_code, error["code"], error["param"], error.get("limit")) == told
    assert not engine.requests


RAW_CASES: list[tuple[str, bytes, str, int, str]] = [
    ("cut short", b'{"input":"x"', "application/json", 400, "within its 12 bytes"),
    ("trailing comma", b'{"input":"x",}', "application/json", 400, "at byte 13"),
    ("empty", b"", "application/json", 400, "empty"),
    ("not UTF-8", b'{"input":"\xff"}', "application/json", 400, "not valid JSON"),
    ("a lone surrogate", rb'{"input":"\ud800"}', "application/json", 400, "not valid JSON"),
    ("no content type", b'{"input":"x"}', "", 415, "application/json"),
    ("another content type", b"input=x", "text/plain", 415, "text/plain"),
]


@pytest.mark.parametrize(("body", "kind", "status", "told"), [c[1:] for c in RAW_CASES], ids=[c[0] for c in RAW_CASES])
def test_bodies_that_are_no_json(client: TestClient[Litestar], body: bytes, kind: str, status: int, told: str) -> None:
    """A body that cannot be read says where it breaks, or which content type was expected."""
    answer = client.post(SPEECH, content=body, headers={"content-type": kind} if kind else {})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (
        status,
        {400: "malformed_json", 415: "unsupported_media_type"}[status],
    )
    assert told in error["message"]


FORM_BODIES = [
    ("no boundary", b"x", "multipart/form-data", "malformed_request"),
    ("not a form", b"x", "multipart/form-data; boundary=b", "malformed_request"),
    (
        "not in its character set",
        b'--b\r\nContent-Disposition: form-data; name="model"\r\n\r\n\xff\r\n--b--\r\n',
        "multipart/form-data; boundary=b",
        "malformed_form",
    ),
]


@pytest.mark.parametrize(("body", "kind", "code"), [case[1:] for case in FORM_BODIES], ids=[c[0] for c in FORM_BODIES])
def test_bodies_that_are_no_form(client: TestClient[Litestar], body: bytes, kind: str, code: str) -> None:
    """A form that cannot be parsed is the caller's mistake, never an error of ours."""
    answer = client.post(LISTEN, content=body, headers={"content-type": kind})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)


def test_a_wrong_value_is_echoed_short(client: TestClient[Litestar]) -> None:
    """A long value at fault is not repeated whole in the error."""
    answer = client.post(SPEECH, content=json.dumps({"input": "x", "response_format": "y" * 9000}), headers=JSON)
    assert len(answer.content) < 500
