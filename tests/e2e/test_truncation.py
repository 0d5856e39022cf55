"""What breaks after its first byte is seen to be broken, in every dialect and over every wire, by a real router."""

import asyncio
import base64
import json
import os
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import pytest_asyncio

from router.contract import AudioFormat
from router.testing.acts import Reply
from router.testing.media import film, picture, sound
from router.testing.serving import Served, brought_up
from router.testing.vendor import Vendor
from tests.e2e.metrics import metric

pytestmark = pytest.mark.asyncio(loop_scope="module")

PCM = sound(AudioFormat.PCM, 1.0)
FILM = film() + bytes(600_000)
"""Some of it fits into no buffer on the way."""
PAUSE = 0.2
"""Seconds between the first half of an answer and the byte after which it breaks."""
WIRES = {
    "http1.1": (("--http1.1",), 18),
    "close": (("--http1.1", "-H", "connection: close"), 18),
    "http2": (("--http2-prior-knowledge",), 92),
}
"""How curl is to ask, and the exit code by which it reports a transfer that is not complete."""
OLD = ("--http1.0",)
STREAMED = {
    "audio/mpeg",
    "audio/ogg",
    "audio/aac",
    "audio/flac",
    "audio/wav",
    "audio/pcm",
    "text/event-stream",
    "video/mp4",
}
WHOLE = {"application/json", "text/plain", "application/x-subrip", "text/vtt", "text/csv"}


@dataclass(frozen=True)
class Door:
    """A request that is answered with a stream, by one of two accounts; what the stream holds, and its word for a cut."""

    path: str
    body: Callable[[str], Mapping[str, Any]]
    content: bytes
    cut: bytes = b"truncated"


def spoken(account: str, **fields: Any) -> dict[str, Any]:
    return {"input": "hello", "model": f"speech-{account}", "voice": "v", "response_format": "pcm", **fields}


def breeze(account: str) -> dict[str, Any]:
    return {"text": "hello", "model_id": f"speech-{account}"}


def animated(account: str) -> dict[str, Any]:
    face, voice = data_uri("image/png", picture()), data_uri("audio/wav", sound(AudioFormat.WAV))
    return {"ref_image": face, "input": voice, "model": f"avatar-{account}"}


def data_uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


DOORS = {
    "speech": Door("/v1/audio/speech", spoken, PCM),
    "breeze": Door("/v1/text-to-speech/v?output_format=pcm", breeze, PCM, b"GENERATION_FAILED"),
    "breeze-stream": Door("/v1/text-to-speech/v/stream?output_format=pcm", breeze, PCM, b"GENERATION_FAILED"),
    "avatar": Door("/v1/videos/stream", animated, FILM),
}


@dataclass(frozen=True)
class Heard:
    """What curl brought home."""

    code: int
    status: int
    content: bytes


@dataclass
class Scene:
    """A router over a vendor with an account whose answers are whole and one whose answers break."""

    vendor: Vendor
    router: Served
    client: httpx.AsyncClient
    curl: str

    async def ask(self, flags: tuple[str, ...], path: str, body: Mapping[str, Any] | None = None) -> Heard:
        """Run curl; a body goes in by standard input, where there is room for it."""
        given = () if body is None else ("-H", "content-type: application/json", "--data-binary", "@-")
        pipe = asyncio.subprocess.PIPE
        command = (self.curl, "-sS", *flags, "-w", "%{stderr}%{http_code}", *given, self.router.url + path)
        process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=pipe)
        content, told = await process.communicate(json.dumps(body).encode())
        return Heard(process.returncode or 0, int(told[-3:]), content)

    async def truncated(self, task: str) -> float:
        """Return how many streams of the breaking account the router has counted."""
        return await asyncio.to_thread(lambda: metric(self.router.url, "truncated_total", task=task, provider="broken"))


def in_halves(content: bytes, kind: str) -> Reply:
    half = len(content) // 2
    return Reply((content[:half], content[half:]), content_type=kind, pause=PAUSE)


def broken(content: bytes, kind: str) -> Reply:
    half = len(content) // 2
    return Reply((content[:half], content[half:]), content_type=kind, pause=PAUSE, cut=half + 1)


def config(url: str) -> str:
    accounts = "\n".join(
        f"  {one}: {{kind: boson, base_url: '{url}/{one}', api_key: '${{env:KEY}}'}}" for one in ("whole", "broken")
    )
    ears = f"  ear: {{kind: openai, base_url: '{url}/ear', transcription: {{models: [m], stream: true}}}}"
    routes = "\n".join(
        f"  - {{name: {task}-{one}, task: {task}, tiers: [{one}]}}"
        for task in ("speech", "avatar")
        for one in ("whole", "broken")
    )
    hearing = "  - {name: transcription, task: transcription, tiers: [ear], attempts: 1}"
    return f"providers:\n{accounts}\n{ears}\nroutes:\n{routes}\n{hearing}\n"


def play(vendor: Vendor) -> None:
    vendor.on("/whole/v1/audio/speech", in_halves(PCM, "audio/pcm"))
    vendor.on("/whole/v1/videos/stream", in_halves(FILM, "video/mp4"))
    for account, content in (
        ("whole", [in_halves(FILM, "video/mp4")]),
        ("broken", [broken(FILM, "video/mp4"), in_halves(FILM, "video/mp4")]),
    ):
        vendor.on(f"/{account}/v1/videos", Reply.of_json({"id": "up-1", "status": "completed"}))
        vendor.on(f"/{account}/v1/videos/up-1/content", *content)
    vendor.on("/broken/v1/audio/speech", broken(PCM, "audio/pcm"))
    vendor.on("/broken/v1/videos/stream", broken(FILM, "video/mp4"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory, needs: Callable[[str], str]) -> AsyncIterator[Scene]:
    curl, folder = needs("curl"), tmp_path_factory.mktemp("truncation")
    async with Vendor() as vendor, httpx.AsyncClient(timeout=30) as client:
        play(vendor)
        async with brought_up(config(vendor.url), folder, {"KEY": "k", "TMPDIR": str(folder)}) as router:
            yield Scene(vendor, router, client, curl)


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("door", DOORS)
async def test_a_stream_that_breaks(scene: Scene, door: str, wire: str) -> None:
    """Curl reports a transfer that is not complete; what came of it is the vendor's, and the router counts it."""
    asked, (flags, code) = DOORS[door], WIRES[wire]
    task = "avatar" if door == "avatar" else "speech"
    before = await scene.truncated(task)
    heard = await scene.ask(flags, asked.path, asked.body("broken"))
    assert (heard.code, heard.status) == (code, 200)
    assert asked.content.startswith(heard.content)
    assert len(heard.content) >= len(asked.content) // 2
    assert await scene.truncated(task) == before + 1


@pytest.mark.parametrize("wire", [*WIRES, "http1.0"])
@pytest.mark.parametrize("door", DOORS)
async def test_a_stream_that_does_not(scene: Scene, door: str, wire: str) -> None:
    """The same over a sound account is complete, byte for byte, HTTP/1.0 included."""
    flags = OLD if wire == "http1.0" else WIRES[wire][0]
    heard = await scene.ask(flags, DOORS[door].path, DOORS[door].body("whole"))
    assert heard == Heard(0, 200, DOORS[door].content)


@pytest.mark.parametrize("door", DOORS)
async def test_http_1_0(scene: Scene, door: str) -> None:
    """Where the end of the connection is the end of a body nothing is sent before all is there: a break is a 502."""
    heard = await scene.ask(OLD, DOORS[door].path, DOORS[door].body("broken"))
    assert (heard.code, heard.status) == (0, 502)
    assert DOORS[door].cut in heard.content
    assert isinstance(json.loads(heard.content), dict)


@pytest.mark.parametrize("wire", [*WIRES, "http1.0"])
async def test_events(scene: Scene, wire: str) -> None:
    """Events have a place for an error: it comes in place of `speech.audio.done`, over any wire, and ends them."""
    flags = OLD if wire == "http1.0" else WIRES[wire][0]
    heard = await scene.ask(flags, "/v1/audio/speech", spoken("broken", stream_format="sse"))
    *deltas, last = heard.content.decode().strip().split("\n\n")
    assert (heard.code, heard.status) == (0, 200)
    assert deltas
    assert all('"speech.audio.delta"' in one for one in deltas)
    name, _, said = last.partition("\ndata: ")
    assert (name, json.loads(said)["error"]["code"]) == ("event: error", "truncated")
    whole = await scene.ask(flags, "/v1/audio/speech", spoken("whole", stream_format="sse"))
    assert '"speech.audio.done"' in whole.content.decode().strip().split("\n\n")[-1]


@pytest.mark.parametrize(
    "answer",
    [
        Reply(b'{"text": "good morning"}', content_type="application/json", cut=20),
        Reply(b'{"text": "good morning"}', content_type="application/json", cut=20, chunked=True),
        Reply(b'data: {"type":"transcript.text.delta","delta":"good"}\n\n', content_type="text/event-stream", chunked=True),
    ],
    ids=["short", "unterminated", "no last event"],
)  # fmt: skip
async def test_a_whole_answer(scene: Scene, answer: Reply) -> None:
    """A text that breaks off on its way to us is refused, never told in part."""
    scene.vendor.on("/ear/audio/transcriptions", answer)
    recording = {"file": ("a.wav", sound(AudioFormat.WAV), "audio/wav")}
    told = await scene.client.post(f"{scene.router.url}/v1/audio/transcriptions", files=recording)
    assert told.status_code in {502, 503}
    assert "good" not in told.text


async def finished(scene: Scene, account: str) -> tuple[str, str]:
    """Have a film made in the background; return its id and its status in the end."""
    made = await scene.client.post(f"{scene.router.url}/v1/videos", json=animated(account))
    name = made.json()["id"]
    told = await scene.client.get(f"{scene.router.url}/v1/videos/{name}", params={"wait": 20})
    return name, told.json()["status"]


async def test_a_film_that_breaks_while_it_is_fetched(scene: Scene) -> None:
    """A film that breaks off on its way from the vendor is fetched again, and is whole when the job says so."""
    name, status = await finished(scene, "broken")
    content = await scene.client.get(f"{scene.router.url}/v1/videos/{name}/content")
    fetched = [one for one in scene.vendor.asked if one.path == "/broken/v1/videos/up-1/content"]
    assert (status, content.content, len(fetched)) == ("completed", FILM, 2)


@pytest.mark.parametrize("ranged", [(), ("-r", "1000-")], ids=["all", "part"])
async def test_a_film_cut_short_on_disk(scene: Scene, ranged: tuple[str, ...]) -> None:
    """A finished film comes with its length; if the file has lost its end since, no wire hides that."""
    name, status = await finished(scene, "whole")
    path = f"/v1/videos/{name}/content"
    start = 1000 if ranged else 0
    wires = [*WIRES.values(), (OLD, 18)]
    for flags, _ in wires:
        assert await scene.ask((*flags, *ranged), path) == Heard(0, 206 if ranged else 200, FILM[start:])
    os.truncate(scene.router.written.parent / "state" / "media" / name, len(FILM) - 1)
    for flags, code in wires:
        heard = await scene.ask((*flags, *ranged), path)
        assert heard.code == code
        assert FILM[start:-1].startswith(heard.content)
    assert status == "completed"


async def test_every_kind_of_answer(scene: Scene) -> None:
    """Each media type that the document lists is a stream told of above, or comes whole with its length."""
    document = (await scene.client.get(f"{scene.router.url}/schema/openapi.json")).json()
    operations = [one for path in document["paths"].values() for one in path.values()]
    answers = [told for one in operations for status, told in one["responses"].items() if status.startswith("2")]
    kinds = {kind for one in answers for kind in one.get("content", {})}
    assert kinds == STREAMED | WHOLE
