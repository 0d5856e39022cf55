from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from router.contract import AvatarRequest, Inline, SpeechRequest, Task, TranscriptionRequest, Upload, Url
from tests.unit.web.making import PNG, WAV, StubEngine, client_of

FACE = b64encode(PNG).decode()
VOICE = b64encode(WAV).decode()


def ask(client: TestClient[Litestar], **body: Any) -> Any:
    return client.post("/v1/explain", json=body)


def test_an_answer(engine: StubEngine, client: TestClient[Litestar]) -> None:
    """It names the route and its bounds, each target with how it stands, and who declines."""
    engine.declined = {"first": "has no voice 'x'"}
    answer = ask(client, task="speech", input="hi", voice="x")
    assert answer.status_code == 200
    assert answer.headers["x-request-id"] == "req_1"
    assert answer.json() == {
        "route": "a-route", "attempts": 3, "deadline": 60.0, "targets": [], "declined": {"first": "has no voice 'x'"},
    }  # fmt: skip


def test_a_target(client: TestClient[Litestar]) -> None:
    """Whether it would be asked at this moment is told, and by what that is decided."""
    (target,) = ask(client, task="speech", input="hi").json()["targets"]
    assert target == {
        "target": "second", "provider": "second", "kind": "fake", "model": "", "free": True, "breaker": "closed",
        "blocked_for": 0.0, "load": 0, "first_byte": None,
    }  # fmt: skip


def test_speech(engine: StubEngine, client: TestClient[Litestar]) -> None:
    """The body is that of a speech request, and becomes the same request."""
    body = {"input": "hi", "model": "tts-1", "voice": {"id": "nora"}, "response_format": "wav", "speed": 1.5}
    assert ask(client, task="speech", **body).status_code == 200
    client.post("/v1/audio/speech", json=body)
    ((task, wanted),) = engine.explained
    assert task is Task.SPEECH
    assert isinstance(wanted, SpeechRequest)
    assert [wanted] == engine.requests


def test_transcription(engine: StubEngine, client: TestClient[Litestar]) -> None:
    """The recording's measures stand for it; the format and the grains decide what times are wanted."""
    answer = ask(
        client, task="transcription", seconds=3600, bytes=20_000_000, language="fr", response_format="verbose_json",
        timestamp_granularities=["word"],
    )  # fmt: skip
    assert answer.status_code == 200
    assert engine.explained == [
        (
            Task.TRANSCRIPTION,
            TranscriptionRequest(
                audio=Upload(Path(), 20_000_000, "audio/wav", 3600.0), language="fr", words=True, segments=False
            ),
        )
    ]


def test_avatar(engine: StubEngine, client: TestClient[Litestar]) -> None:
    """Media may come inline, and are measured, or as URLs, and are left alone."""
    assert ask(client, task="avatar", ref_image=FACE, input=VOICE, size="640x480").status_code == 200
    assert ask(client, task="avatar", ref_image="https://x.example/a.png", input_tts={"input": "hi"}).status_code == 200
    (_, inline), (task, linked) = engine.explained
    assert isinstance(inline, AvatarRequest)
    assert isinstance(inline.voice, Inline)
    assert inline.voice.seconds == 2.0
    assert task is Task.AVATAR
    assert linked.face == Url("https://x.example/a.png", "image")
    assert linked.voice == SpeechRequest(text="hi")


def test_nothing_is_spent(engine: StubEngine, client: TestClient[Litestar]) -> None:
    """Nobody is asked, and no request is counted."""
    ask(client, task="speech", input="hi")
    assert (engine.requests, engine.outcomes) == ([], [])


@pytest.mark.parametrize(
    ("body", "status", "code", "param"),
    [
        ({}, 400, "missing_field", "task"),
        ({"task": "chat"}, 400, "invalid_value", "task"),
        ({"task": "speech"}, 400, "missing_field", "input"),
        ({"task": "speech", "input": " "}, 400, "empty_input", "input"),
        ({"task": "speech", "input": "hi", "seconds": 3}, 400, "unknown_field", "seconds"),
        ({"task": "speech", "input": "hi", "model": "unknown"}, 404, "model_not_found", "model"),
        ({"task": "transcription", "bytes": 26_214_401}, 400, "out_of_range", "bytes"),
        ({"task": "transcription", "seconds": "3"}, 400, "wrong_type", "seconds"),
        (
            {"task": "transcription", "timestamp_granularities": ["word"]},
            400, "conflicting_fields", "timestamp_granularities",
        ),
        ({"task": "avatar", "ref_image": FACE}, 422, "conflicting_fields", "input"),
        ({"task": "avatar", "ref_image": VOICE, "input": VOICE}, 400, "invalid_image_format", "ref_image"),
        ({"task": "avatar", "ref_image": FACE, "input": VOICE, "size": "1x1"}, 400, "invalid_size", "size"),
    ],
)  # fmt: skip
def test_what_the_task_would_refuse(
    body: dict[str, Any], status: int, code: str, param: str, client: TestClient[Litestar]
) -> None:
    """It is refused in the same words, in OpenAI's envelope, rather than explained."""
    answer = client.post("/v1/explain", json=body)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (status, code, param)


def test_the_tasks_are_named(client: TestClient[Litestar]) -> None:
    """Whoever asks about another learns which there are."""
    assert "speech, transcription, avatar" in ask(client, task="chat").json()["error"]["message"]


def test_only_for_teams() -> None:
    """Limits and health of the providers are not for strangers."""
    with client_of(StubEngine()) as client:
        client.headers.pop("authorization")
        assert ask(client, task="speech", input="hi").status_code == 401


def test_it_is_documented(client: TestClient[Litestar]) -> None:
    """The document has a body for each task, told apart by `task`, and the whole answer."""
    operation = client.get("/schema/openapi.json").json()["paths"]["/v1/explain"]["post"]
    bodies = operation["requestBody"]["content"]["application/json"]["schema"]["anyOf"]
    assert {one["properties"]["task"]["enum"][0] for one in bodies} == {"speech", "transcription", "avatar"}
    answer = operation["responses"]["200"]["content"]["application/json"]["schema"]
    assert set(answer["properties"]) == {"route", "attempts", "deadline", "targets", "declined"}
    assert "502" not in operation["responses"]
