import base64
import json
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from router.contract import AudioFormat, AvatarRequest, Inline, Size, SpeechRequest, Url
from tests.unit.web.making import PNG, WAV, StubEngine

PATH = "/v1/videos/stream"
FACE = Inline(PNG, "image/png")
VOICE = Inline(WAV, "audio/wav", 2.0)


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


@pytest.mark.parametrize(
    ("body", "request_made"),
    [
        ({"ref_image": b64(PNG), "input": b64(WAV)}, AvatarRequest(face=FACE, voice=VOICE)),
        (
            {
                "ref_image": "https://a.example/f.png",
                "input": "http://a.example/v.wav",
                "size": "480x640",
                "model": "m",
            },
            AvatarRequest(
                face=Url("https://a.example/f.png", "image"),
                voice=Url("http://a.example/v.wav", "audio"),
                size=Size.PORTRAIT,
                model="m",
            ),
        ),
        (
            {"ref_image": f"data:text/plain;base64,{b64(PNG)}", "input_tts": {"input": "hi", "voice": "v", "speed": 2}},
            AvatarRequest(face=FACE, voice=SpeechRequest(text="hi", voice="v", speed=2.0)),
        ),
    ],
    ids=["inline", "urls", "text"],
)
def test_json(client: TestClient[Litestar], engine: StubEngine, body: Any, request_made: AvatarRequest) -> None:
    """A face with audio or with text to speak, inline or by URL, becomes a request; video comes back."""
    answer = client.post(PATH, json=body)
    assert (answer.status_code, answer.headers["content-type"], answer.content) == (200, "video/mp4", b"video")
    assert engine.requests == [request_made]


@pytest.mark.parametrize(
    ("data", "files", "request_made"),
    [
        (
            {},
            {"ref_image": ("f.bin", PNG), "input": ("v.bin", WAV)},
            AvatarRequest(face=FACE, voice=VOICE),
        ),
        (
            {"input": "https://a.example/v.wav", "size": "640x480", "model": "m"},
            {"ref_image": ("f.png", PNG)},
            AvatarRequest(face=FACE, voice=Url("https://a.example/v.wav", "audio"), size=Size.LANDSCAPE, model="m"),
        ),
        (
            {"input_tts": json.dumps({"input": "hi", "response_format": "pcm"})},
            {"ref_image": ("f.png", PNG)},
            AvatarRequest(face=FACE, voice=SpeechRequest(text="hi", format=AudioFormat.PCM)),
        ),
        (
            {"ref_image": "https://a.example/f.png"},
            {"input": ("v.wav", WAV)},
            AvatarRequest(face=Url("https://a.example/f.png", "image"), voice=VOICE),
        ),
    ],
    ids=["files", "file and url", "text", "url and file"],
)
def test_forms(
    client: TestClient[Litestar],
    engine: StubEngine,
    data: dict[str, str],
    files: dict[str, Any],
    request_made: AvatarRequest,
) -> None:
    """The same in a form, where face and voice may be files and `input_tts` is JSON."""
    assert client.post(PATH, data=data, files=files).status_code == 200
    assert engine.requests == [request_made]


def test_the_video_has_an_id(client: TestClient[Litestar]) -> None:
    """X-Video-Id is Boson's `video_` and 24 hex digits, the same for the same request id."""
    body = {"ref_image": b64(PNG), "input": b64(WAV)}
    ids = [client.post(PATH, json=body, headers={"x-request-id": one}).headers["x-video-id"] for one in "aab"]
    assert ids[0] == ids[1] != ids[2]
    assert len(ids[0]) == len("video_") + 24


def test_another_content_type(client: TestClient[Litestar]) -> None:
    """Anything but JSON or a form is refused, naming both."""
    answer = client.post(PATH, content=b"x", headers={"content-type": "image/png"})
    assert (answer.status_code, answer.json()["error"]["limit"]) == (415, "application/json or multipart/form-data")
