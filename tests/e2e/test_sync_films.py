"""sync's dialect over a real router: a face and a voice go in as a form, and a film comes out of the outputUrl."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import httpx
import pytest

from plugins.embedded.portrait import draw_portrait
from router.testing.serving import serving

CONFIG = (Path(__file__).parents[2] / "config" / "router.yaml").read_text()
TEXT = "Hello there, how are you?"
SCRIPT = {"type": "text", "provider": {"name": "elevenlabs", "voiceId": "alloy", "script": TEXT}}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with (
        serving(CONFIG, tmp_path_factory.mktemp("sync")) as served,
        httpx.Client(base_url=served.url, timeout=60) as opened,
    ):
        yield opened


@pytest.fixture(scope="module")
def voice(client: httpx.Client) -> bytes:
    return client.post("/v1/audio/speech", json={"input": TEXT, "voice": "alloy", "response_format": "wav"}).content


def film(client: httpx.Client, data: dict[str, Any], files: dict[str, tuple[str, bytes]]) -> bytes:
    """Make a film and fetch it."""
    created = client.post("/v2/generate", data={"model": "higgs-avatar", **data}, files=files)
    assert (created.status_code, created.json()["status"]) == (201, "PENDING")
    while (told := client.get(f"/v2/generate/{created.json()['id']}?wait=true&timeout=55").json())["status"] in {
        "PENDING",
        "PROCESSING",
    }:
        pass
    assert told["status"] == "COMPLETED", told
    return client.get(told["outputUrl"]).content


def seconds(media: bytes) -> dict[str, float]:
    """How long each kind of frame lasts in decoded media."""
    ends: dict[str, float] = {}
    with av.open(io.BytesIO(media), "r") as container:
        for frame in container.decode():
            kind = type(frame).__name__
            ends[kind] = max(ends.get(kind, 0.0), float(getattr(frame, "time", 0) or 0))
    return ends


@pytest.mark.parametrize("spoken", ["recorded", "written"])
def test_a_film(client: httpx.Client, voice: bytes, spoken: str) -> None:
    """A picture speaks a recorded voice, or a text in one of the router's voices, for as long as it lasts."""
    files = {"image": ("face.png", draw_portrait())}
    if spoken == "recorded":
        made = film(client, {}, {**files, "audio": ("voice.wav", voice)})
    else:
        made = film(client, {"input": json.dumps([SCRIPT])}, files)
    expected = pytest.approx(seconds(voice)["AudioFrame"], abs=0.2)
    assert seconds(made) == {"VideoFrame": expected, "AudioFrame": expected}


def test_what_this_provider_cannot_do(client: httpx.Client) -> None:
    """A video face, which the embedded provider does not take, is refused at once and says why."""
    items = [{"type": "video", "url": "https://a.example/face.mp4"}, SCRIPT]
    answer = client.post("/v2/generate", json={"model": "higgs-avatar", "input": items})
    assert (answer.status_code, answer.json()["errorCode"]) == (422, "unsupported")
    assert "takes no video as a face" in answer.json()["message"]
