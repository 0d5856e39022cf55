import json
import re
from typing import Any

import pytest

from router.web.openapi import ERRORS, schema_of
from router.web.page import page
from router.web.speech import SpeechBody
from tests.unit.web.making import StubEngine, client_of


@pytest.fixture(scope="module")
def document() -> Any:
    with client_of(StubEngine()) as client:
        return client.get("/schema/openapi.json").json()


WORK = {"400", "401", "402", "403", "404", "405", "409", "413", "415", "422", "429", "500", "502", "503", "504", "507"}


@pytest.mark.parametrize(
    ("path", "kinds", "answers"),
    [
        (
            "/v1/audio/speech",
            {"application/json"},
            {"audio/mpeg", "audio/ogg", "audio/aac", "audio/flac", "audio/wav", "audio/pcm", "text/event-stream"},
        ),
        (
            "/v1/audio/transcriptions",
            {"multipart/form-data"},
            {"application/json", "text/plain", "application/x-subrip", "text/vtt"},
        ),
        ("/v1/videos/stream", {"application/json", "multipart/form-data"}, {"video/mp4"}),
        (
            "/v1/text-to-speech/{voice_id}/stream",
            {"application/json"},
            {"audio/mpeg", "audio/ogg", "audio/aac", "audio/flac", "audio/wav", "audio/pcm"},
        ),
        ("/v1/text-to-speech/{voice_id}/with-timestamps", {"application/json"}, {"application/json"}),
    ],
)
def test_work_is_documented(document: Any, path: str, kinds: set[str], answers: set[str]) -> None:
    """Every route that works says its bodies, what it answers, and every status it may end in."""
    operation = document["paths"][path]["post"]
    assert set(operation["requestBody"]["content"]) == kinds
    assert set(operation["responses"]["200"]["content"]) == answers
    assert set(operation["responses"]) == {"200"} | WORK
    assert {"X-Request-Id", "X-Media-Provider", "Server-Timing"} <= set(operation["responses"]["200"]["headers"])
    assert "Retry-After" in operation["responses"]["429"]["headers"]
    assert operation["security"]


ENVELOPES = {
    "openai": ({"error"}, ("/v1/", "/healthz", "/readyz", "/metrics")),
    "breeze": ({"ok", "code", "detail", "error", "meta"}, ("/v1/text-to-speech/",)),
    "both": ({"oneOf"}, ("/v1/models", "/v1/voices")),
    "sync": ({"message", "error", "statusCode", "errorCode"}, ("/v2/",)),
}
"""What the body of an error holds, and the paths on which it is told so; the longest that fits counts."""


def test_every_error_has_its_schema(document: Any) -> None:
    """Every documented error is told in the envelope of its path's dialect."""
    starts = {start: keys for keys, paths in ENVELOPES.values() for start in paths}
    schemas = [
        (path, answer["content"]["application/json"]["schema"])
        for path, item in document["paths"].items()
        for operation in item.values()
        for status, answer in operation["responses"].items()
        if int(status) in ERRORS
    ]
    assert len(schemas) > 40
    for path, schema in schemas:
        expected = starts[max((start for start in starts if path.startswith(start)), key=len)]
        assert set(schema.get("properties", schema)) == expected


def test_bounds_are_documented() -> None:
    """The bounds that are checked are the bounds that are written down."""
    fields = schema_of(SpeechBody)["properties"]
    assert (fields["input"]["minLength"], fields["input"]["maxLength"]) == (1, 5000)
    assert fields["speed"]["anyOf"][0] == {"type": "number", "minimum": 0.25, "maximum": 4}


def test_forms_are_documented_with_their_files(document: Any) -> None:
    """A form's files stand beside its text fields."""
    form = document["paths"]["/v1/videos/stream"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert set(form["properties"]) == {"ref_image", "input", "input_tts", "model", "size"}
    assert form["required"] == ["ref_image"]


def test_queries_are_documented(document: Any) -> None:
    """The parameters of a query are written down with their bounds and defaults, beside those of the path."""
    breeze = document["paths"]["/v1/text-to-speech/{voice_id}"]["post"]["parameters"]
    assert [(one["name"], one["in"]) for one in breeze] == [
        ("voice_id", "path"),
        ("output_format", "query"),
        ("enable_logging", "query"),
        ("X-Request-Timeout", "header"),
        ("Idempotency-Key", "header"),
    ]
    assert breeze[1]["schema"]["default"] == "mp3"
    told = document["paths"]["/v1/text-to-speech/{voice_id}"]["post"]["responses"]["200"]["headers"]
    assert {"history-item-id", "X-Media-Provider"} <= set(told)
    sync = {one["name"]: one["schema"] for one in document["paths"]["/v2/generations"]["get"]["parameters"]}
    assert sync["limit"]["anyOf"][0] == {"type": "integer", "minimum": 1, "maximum": 100}
    assert sync["status"]["items"]["enum"][0] == "COMPLETED"


def test_what_a_creation_answers(document: Any) -> None:
    """A creation in sync's dialect is answered with 201, in the others with 200; no provider was asked yet."""
    made = document["paths"]["/v2/generate"]["post"]["responses"]
    assert ("201" in made, "200" in made, "502" in made) == (True, False, False)
    assert set(made["201"]["headers"]) == {"X-Request-Id"}
    assert "200" in document["paths"]["/v1/videos"]["post"]["responses"]


def test_no_reference_leads_nowhere(document: Any) -> None:
    """The document is complete in itself."""
    assert "$ref" not in json.dumps(document)


def test_the_page_needs_no_network() -> None:
    """The page lists every route and loads nothing from anywhere: no script, no style sheet, no picture."""
    with client_of(StubEngine()) as client:
        answer = client.get("/schema")
    assert answer.headers["content-type"].startswith("text/html")
    for path in ("/v1/audio/speech", "/v1/audio/transcriptions", "/v1/videos/stream", "/healthz"):
        assert path in answer.text
    assert "from 0.25 to 4" in answer.text
    assert "<code>output_format</code>" in answer.text
    assert not re.search(r"<script|<link|<img|@import|url\(|https?://", answer.text)


def test_the_page_escapes() -> None:
    """What the document says is text, never markup."""
    about = {"title": "<b>", "version": "1", "description": "<script>alert(1)</script>"}
    assert "<script>" not in page({"info": about, "paths": {}})
