"""Talking heads: OpenAI's and Boson's videos, live and as jobs, and sync's generations."""

import asyncio
import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import httpx

from router.contract import Size, Task
from tests.e2e.matrix.doors import Found, Made, openai_refusal, served_by, sync_refusal, unsupported
from tests.e2e.matrix.media import watched
from tests.e2e.matrix.stage import VOICE, Stage, route
from tests.e2e.matrix.vendors import TEXT, Sync

OWN_SIZE = {"sync": Sync.SIZE.value}
"""Who renders in the face's own size; the rest render a square unless told otherwise."""


def due(stage: Stage, kind: str, size: str | None = None) -> Made:
    """Return a film of the words in a size."""
    told = size or OWN_SIZE.get(kind, Size.SQUARE.value)
    return Made("video/mp4", f"mp4, h264 {told} 25 fps, aac 24000 Hz", stage.seconds)


class Way(NamedTuple):
    """The size a video is asked for in, and whether it is asked for by a form with files in it."""

    size: str | None
    form: bool = False


WAYS: Mapping[str, Way] = {
    "no size, JSON, text": Way(None),
    **{f"{size}, JSON, text": Way(size.value) for size in Size},
    "no size, form, recorded voice": Way(None, form=True),
}


@dataclass(frozen=True)
class Videos:
    """POST /v1/videos/stream, or a job by POST /v1/videos."""

    job: bool
    task = Task.AVATAR
    rows = tuple(WAYS)

    @property
    def name(self) -> str:
        return "videos" if self.job else "videos-stream"

    @property
    def path(self) -> str:
        return "/v1/videos" if self.job else "/v1/videos/stream"

    @property
    def title(self) -> str:
        return f"OpenAI, Boson: `POST {self.path}`"

    def expected(self, stage: Stage, kind: str, row: str) -> Found:
        size = WAYS[row].size
        if size and size not in stage.offers[kind, "avatar"]["sizes"]:
            return unsupported(kind, f"does not render {size}")
        return due(stage, kind, size)

    async def ask(self, stage: Stage, kind: str, row: str) -> Found:
        way = WAYS[row]
        fields = {"model": route(kind, "avatar"), **({"size": way.size} if way.size else {})}
        if way.form:
            files = {"ref_image": ("face.png", stage.face), "input": ("voice.wav", stage.voice)}
            answer = await stage.client.post(self.path, data=fields, files=files)
        else:
            said = {"ref_image": base64.b64encode(stage.face).decode(), "input_tts": {"input": TEXT, "voice": VOICE}}
            answer = await stage.client.post(self.path, json={**fields, **said})
        if answer.is_error:
            return openai_refusal(answer)
        film = await self._film(stage, answer) if self.job else served_by(answer, kind)
        return Made(film.headers["content-type"], *await asyncio.to_thread(watched, film.content))

    async def _film(self, stage: Stage, answer: httpx.Response) -> httpx.Response:
        made = answer.json()
        assert made["status"] == "queued"
        path = f"{self.path}/{made['id']}"
        done = (await stage.client.get(path, params={"wait": 60})).json()
        assert done["status"] == "completed", done
        return await stage.client.get(f"{path}/content")


FACE_URL = {"type": "video", "url": "https://media.example.com/face.mp4"}
SCRIPT = {"type": "text", "provider": {"name": "elevenlabs", "voiceId": VOICE, "script": TEXT}}


def voice_url(name: str = "voice") -> dict[str, Any]:
    return {"type": "audio", "url": f"https://media.example.com/{name}.wav"}


def segment(name: str, start: float) -> dict[str, Any]:
    return {"startTime": start, "endTime": start + 1.0, "audioInput": {"refId": name}}


class Order(NamedTuple):
    """A generation: the fields of its body, the files beside them, and what of an offer it calls for."""

    fields: Mapping[str, Any]
    files: tuple[str, ...] = ()
    video: str | None = None
    options: tuple[str, ...] = ()


ORDERS: Mapping[str, Order] = {
    "video URL, voice URL": Order({"input": [FACE_URL, voice_url()]}, video="video"),
    "video URL, text": Order({"input": [FACE_URL, SCRIPT]}, video="video"),
    "video file, voice file": Order({}, ("video", "audio"), video="video/mp4"),
    "image file, voice file": Order({}, ("image", "audio")),
    "image file, text": Order({"input": [SCRIPT]}, ("image",)),
    "image file, options": Order({"options": {"sync_mode": "loop"}}, ("image", "audio"), options=("sync_mode",)),
    "video URL, two segments": Order(
        {
            "input": [FACE_URL, {**voice_url("a"), "refId": "a"}, {**voice_url("b"), "refId": "b"}],
            "segments": [segment("a", 0.0), segment("b", 1.0)],
        },
        video="video",
        options=("stretches",),
    ),
}


@dataclass(frozen=True)
class Generations:
    """POST /v2/generate."""

    name = "generate"
    title = "sync: `POST /v2/generate`"
    task = Task.AVATAR
    rows = tuple(ORDERS)

    def expected(self, stage: Stage, kind: str, row: str) -> Found:
        limits, order = stage.offers[kind, "avatar"], ORDERS[row]
        if order.video and "video/mp4" not in limits["faces"]:
            return unsupported(kind, f"takes no {order.video} as a face")
        for option in order.options:
            if option not in limits["options"]:
                return unsupported(kind, f"does not take `{option}`")
        return due(stage, kind)

    async def ask(self, stage: Stage, kind: str, row: str) -> Found:
        order = ORDERS[row]
        fields = {"model": route(kind, "avatar"), **order.fields}
        if order.files:
            texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in fields.items()}
            held = {"video": stage.filmed, "image": stage.face, "audio": stage.voice}
            files = {name: (name, held[name]) for name in order.files}
            answer = await stage.client.post("/v2/generate", data=texts, files=files)
        else:
            answer = await stage.client.post("/v2/generate", json=fields)
        if answer.is_error:
            return sync_refusal(answer)
        film = await finished(stage, answer)
        return Made(film.headers["content-type"], *await asyncio.to_thread(watched, film.content))


async def finished(stage: Stage, answer: httpx.Response) -> httpx.Response:
    """Wait for a generation and fetch what its `outputUrl` leads to."""
    assert (answer.status_code, answer.json()["status"]) == (201, "PENDING")
    path = f"/v2/generate/{answer.json()['id']}"
    done = (await stage.client.get(path, params={"wait": "true", "timeout": 55})).json()
    assert done["status"] == "COMPLETED", done
    return await stage.client.get(done["outputUrl"])
