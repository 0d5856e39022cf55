import asyncio
import json
import threading
import time
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from router.contract import (
    AvatarRequest,
    Inline,
    LipSync,
    MediaError,
    SpeechRequest,
    Stretch,
    Upload,
    Url,
    voices_of,
)
from router.engine.settings import Webhook
from router.jobs import Hook, Query
from router.web import create_app
from router.web.generation import end_of
from router.web.site import CALL
from router.web.sync import origin_of
from tests.unit.web.making import AUTH, KEY, PNG, WAV, StubEngine, client_of, failing, site_over

PATH = "/v2/generate"
LIST = "/v2/generations"
MP4 = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(64)
FACE = "https://a.example/face.mp4"
VOICE = "https://a.example/voice.wav"
VIDEO_ITEM = {"type": "video", "url": FACE}
AUDIO_ITEM = {"type": "audio", "url": VOICE}
TEXT_ITEM = {"type": "text", "provider": {"name": "elevenlabs", "voiceId": "alloy", "script": "hello"}}
BODY = {"model": "lipsync-2", "input": [VIDEO_ITEM, AUDIO_ITEM]}
VOICES = [{**AUDIO_ITEM, "refId": "a"}, {**TEXT_ITEM, "refId": "b"}]
WEBHOOKS = {"ads": Webhook(url="https://a.example/done", secret="whsec_" + "a" * 32)}
OPTIONS = {
    "sync_mode": "loop",
    "temperature": 0.7,
    "active_speaker_detection": {"auto_detect": True, "bounding_boxes": [[1, 2, 3, 4], None]},
    "occlusion_detection_enabled": True,
    "model_mode": "face",
    "prompt": "happy",
}


@pytest.fixture
def client(engine: StubEngine) -> Iterator[TestClient[Litestar]]:
    with client_of(engine) as client:
        del client.headers["authorization"]
        client.headers["x-api-key"] = KEY
        yield client


def made(client: TestClient[Litestar], body: Any = BODY) -> Any:
    """Make a generation and wait for its end."""
    pending = client.post(PATH, json=body).json()
    return client.get(f"{PATH}/{pending['id']}", params={"wait": "true"}).json()


def test_a_generation_from_first_to_last(client: TestClient[Litestar]) -> None:
    """A created generation is PENDING, with 201 and every field in sync's own casing; at its end it has a URL."""
    answer = client.post(PATH, json={**BODY, "options": OPTIONS}, headers={"x-request-id": "mine"})
    name = f"video_{1:024x}"
    pending = {
        "createdAt": "2023-11-14T22:13:20.000Z",
        "id": name,
        "input": [VIDEO_ITEM, AUDIO_ITEM],
        "model": "lipsync-2",
        "status": "PENDING",
        "error": None,
        "error_code": None,
        "options": OPTIONS,
        "outputDuration": None,
        "outputUrl": None,
        "segments": None,
        "segmentOutputUrl": None,
        "webhookUrl": None,
    }
    assert (answer.status_code, answer.json(), answer.headers["x-request-id"]) == (201, pending, "mine")
    done = client.get(f"{PATH}/{name}?wait=true&timeout=55")
    url = f"http://testserver.local/v2/generations/{name}/{name}.mp4"
    assert done.json() == pending | {"status": "COMPLETED", "outputUrl": url}
    assert "retry-after" not in done.headers
    film = client.get(url)
    assert (film.status_code, film.headers["content-type"], film.content) == (200, "video/mp4", b"video")


def test_who_is_to_be_told(engine: StubEngine) -> None:
    """A team with a secret may name whom to tell, in either encoding; that is shown again, and is kept with the job."""
    site = site_over(engine, webhooks=WEBHOOKS)
    with TestClient(create_app(site)) as client:
        client.headers.update(AUTH)
        hooked = client.post(PATH, json={**BODY, "webhookUrl": "https://a.example/mine"}).json()
        form = {"model": "m", "webhookUrl": "https://a.example/mine", "input": json.dumps([VIDEO_ITEM])}
        in_form = client.post(PATH, data=form, files={"audio": ("v.wav", WAV)}).json()
        plain = made(client)
        jobs = {job.id: job for job in asyncio.run(site.jobs.list(Query(team="ads"))).jobs}
    assert [one["webhookUrl"] for one in (hooked, in_form, plain)] == ["https://a.example/mine"] * 2 + [None]
    assert jobs[hooked["id"]].hook == jobs[in_form["id"]].hook == Hook("https://a.example/mine", "sync")
    assert jobs[plain["id"]].hook == Hook("https://a.example/done", "standard")
    told = json.loads(end_of(jobs[plain["id"]]))
    assert told == plain


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://127.0.0.1/done", "invalid_url"),
        ("http://[::1]/done", "invalid_url"),
        ("ftp://a.example", "invalid_url"),
        ("https://user:key@a.example", "invalid_url"),
        ("https://a.example/" + "a" * 2000, "invalid_value"),
    ],
)
def test_who_cannot_be_told(engine: StubEngine, url: str, code: str) -> None:
    """No webhook leads into the network; that is said at once, not when the film is there."""
    with client_of(engine, webhooks=WEBHOOKS) as client:
        error = client.post(PATH, json={**BODY, "webhookUrl": url}).json()
    assert (error["statusCode"], error["errorCode"]) == (400, code)
    assert error["message"].startswith("`webhookUrl`")
    assert not engine.requests


def test_whoever_runs_the_router_may_allow_networks(engine: StubEngine) -> None:
    """A private address within `webhook_networks` may be told."""
    with client_of(engine, webhooks=WEBHOOKS, private=[ip_network("10.0.0.0/8")]) as client:
        assert client.post(PATH, json={**BODY, "webhookUrl": "http://10.1.2.3/done"}).status_code == 201
        assert client.post(PATH, json={**BODY, "webhookUrl": "http://11.1.2.3"}).status_code == 201
        assert client.post(PATH, json={**BODY, "webhookUrl": "http://192.168.1.1"}).status_code == 400


def test_what_reaches_the_provider(client: TestClient[Litestar], engine: StubEngine) -> None:
    """Face, voice, model and options become one request; the caller says what kind each URL is."""
    made(client, {**BODY, "options": OPTIONS})
    assert engine.requests == [
        AvatarRequest(
            face=Url(FACE, "video"), voice=Url(VOICE, "audio"), model="lipsync-2", lip_sync=LipSync(**OPTIONS)  # type: ignore[arg-type]
        )
    ]  # fmt: skip


def test_a_picture_and_a_text(client: TestClient[Litestar], engine: StubEngine) -> None:
    """An image may stand in for a film, and a text for a voice: it is spoken by a voice of the router's."""
    made(client, {"model": "sync-3", "input": [{"type": "image", "url": "http://a.example/f.png"}, TEXT_ITEM]})
    assert engine.requests == [
        AvatarRequest(
            face=Url("http://a.example/f.png", "image"), voice=SpeechRequest(text="hello", voice="alloy"), model="sync-3"
        )
    ]  # fmt: skip


def test_segments(client: TestClient[Litestar], engine: StubEngine) -> None:
    """Segments become stretches; one that speaks twice stays one voice, so that its text is spoken once."""
    segments = [
        {"startTime": 2.0, "endTime": 3.0, "audioInput": {"refId": "b"}},
        {"startTime": 0.0, "endTime": 2.0, "audioInput": {"refId": "a", "startTime": 1.0, "endTime": 3.0}},
        {"startTime": 4.0, "endTime": 5.0, "audioInput": {"refId": "b"}},
    ]
    told = made(client, {"model": "lipsync-2", "input": [VIDEO_ITEM, *VOICES], "segments": segments})
    assert told["segments"] == segments
    (request,) = engine.requests
    sound, text = Url(VOICE, "audio"), SpeechRequest(text="hello", voice="alloy")
    assert request.voice == text
    assert request.stretches == (
        Stretch(start=2.0, end=3.0, voice=text),
        Stretch(start=0.0, end=2.0, voice=sound, voice_start=1.0, voice_end=3.0),
        Stretch(start=4.0, end=5.0, voice=text),
    )
    assert len(voices_of(request)) == 2


@pytest.mark.parametrize(
    ("data", "files"),
    [
        ({}, {"video": ("f.mp4", MP4), "audio": ("v.wav", WAV)}),
        ({"input": json.dumps([{"type": "audio"}, {"type": "video"}])}, {"video": ("f", MP4), "audio": ("v", WAV)}),
        ({}, {"image": ("f.png", PNG), "audio": ("v.wav", WAV)}),
        ({"input": json.dumps([VIDEO_ITEM])}, {"audio": ("v.wav", WAV)}),
        ({"input": json.dumps([TEXT_ITEM])}, {"video": ("f.mp4", MP4)}),
        (
            {"input": json.dumps([{"type": "video"}, AUDIO_ITEM]), "options": '{"sync_mode":"loop"}'},
            {"video": ("f", MP4)},
        ),
    ],
    ids=["video", "named", "image", "url and file", "file and text", "file, url and options"],
)
def test_forms(client: TestClient[Litestar], engine: StubEngine, data: Any, files: Any) -> None:
    """A form brings files; items without a URL are the files of their type, and what has structure is JSON."""
    pending = client.post(PATH, data={"model": "lipsync-2", **data}, files=files)
    assert (pending.status_code, pending.json()["status"]) == (201, "PENDING")
    assert client.get(f"{PATH}/{pending.json()['id']}?wait=true").json()["status"] == "COMPLETED"
    (request,) = engine.requests
    face = {"video": Inline(MP4, "video/mp4", 2.0), "image": Inline(PNG, "image/png")}
    given = [face[name] for name in ("video", "image") if name in files]
    assert request.face == (given[0] if given else Url(FACE, "video"))
    assert (request.voice == Inline(WAV, "audio/wav", 2.0)) == ("audio" in files)
    assert request.lip_sync == (LipSync(sync_mode="loop") if "options" in data else None)


def test_large_files_live_as_long_as_the_job(client: TestClient[Litestar], engine: StubEngine) -> None:
    """A file that was spooled to disk outlives the request that brought it, but not the job."""
    paths: list[Path] = []

    async def serve(request: Any, exchange: Any) -> Any:
        assert isinstance(request.face, Upload)
        paths.append(request.face.path)
        assert request.face.path.stat().st_size == request.face.size
        return await StubEngine().answer(request, exchange)

    engine.answer = serve
    files = {"video": ("f.mp4", MP4 + bytes(2 * 1024 * 1024)), "audio": ("v.wav", WAV)}
    name = client.post(PATH, data={"model": "m"}, files=files).json()["id"]
    assert client.get(f"{PATH}/{name}?wait=true").json()["status"] == "COMPLETED"
    until = time.monotonic() + 5
    while paths[0].exists() and time.monotonic() < until:
        time.sleep(0.01)
    assert not paths[0].exists()


def test_a_failed_generation(client: TestClient[Litestar], engine: StubEngine) -> None:
    """A failed generation says why, and by code."""
    engine.answer = failing(MediaError("no face", code="no_face", status=422))
    told = made(client)
    assert (told["status"], told["error"], told["error_code"], told["outputUrl"]) == (
        "FAILED",
        "no face",
        "no_face",
        None,
    )


def test_the_name_of_the_film(client: TestClient[Litestar]) -> None:
    """The film is called as its owner wished; no other name leads to it, and parts of it may be fetched."""
    url = made(client, {**BODY, "outputFileName": "my_film-1"})["outputUrl"]
    assert url.endswith("/my_film-1.mp4")
    part = client.get(url, headers={"range": "bytes=1-2"})
    assert (part.status_code, part.content) == (206, b"id")
    assert client.head(url).headers["content-length"] == "5"
    other = client.get(url.replace("my_film-1", "yours"))
    assert (other.status_code, other.json()["statusCode"], other.json()["error"]) == (404, 404, "Not Found")


def test_a_film_is_its_team_s_own(client: TestClient[Litestar]) -> None:
    """The output wants the key, like everything else."""
    url = made(client)["outputUrl"]
    del client.headers["x-api-key"]
    assert client.get(url).json() == {
        "message": "no API key: send `Authorization: Bearer <key>`, `x-api-key` or `xi-api-key`",
        "error": "Unauthorized",
        "statusCode": 401,
        "errorCode": "missing_api_key",
    }
    assert client.get(url, headers=AUTH).content == b"video"


@pytest.mark.parametrize(
    ("headers", "origin"),
    [
        ({"host": "media.example:8443"}, "http://media.example:8443"),
        ({"host": "media.example", "x-forwarded-proto": "https"}, "http://media.example"),
    ],
)
def test_where_the_film_is(client: TestClient[Litestar], headers: dict[str, str], origin: str) -> None:
    """The URL leads back by the way the caller came; not everybody is believed who says that this was another."""
    name = made(client)["id"]
    told = client.get(f"{PATH}/{name}", headers=headers).json()
    assert told["outputUrl"] == f"{origin}{LIST}/{name}/{name}.mp4"


@pytest.mark.parametrize(
    ("address", "told", "origin"),
    [
        ("10.0.0.7", "https", "https://media.example"),
        ("::ffff:10.0.0.7", "https", "https://media.example"),
        ("10.0.0.7", "javascript", "http://media.example"),
        ("10.0.0.7", "", "http://media.example"),
        ("192.0.2.1", "https", "http://media.example"),
        ("127.0.0.1", "https", "http://media.example"),
    ],
)
def test_a_proxy_that_ends_tls(address: str, told: str, origin: str) -> None:
    """What a proxy says of the caller's scheme is believed out of a network that is listed, and of no other."""
    call = SimpleNamespace(site=SimpleNamespace(proxies=[ip_network("10.0.0.0/8")]))
    request: Any = SimpleNamespace(
        headers={"host": "media.example", "x-forwarded-proto": told},
        client=SimpleNamespace(host=address),
        url=SimpleNamespace(scheme="http", netloc="media.example"),
        scope={"state": {CALL: call}},
    )
    assert origin_of(request) == origin


def test_the_same_jobs_as_videos(client: TestClient[Litestar]) -> None:
    """A generation is a video under the other path, and the reverse; what was asked in another dialect is not told."""
    name = made(client)["id"]
    assert client.get(f"/v1/videos/{name}").json()["status"] == "completed"
    body = {"ref_image": "https://a.example/f.png", "input": VOICE}
    other = client.post("/v1/videos", json=body).json()["id"]
    told = client.get(f"{PATH}/{other}?wait=true").json()
    assert (told["status"], told["input"], told["options"]) == ("COMPLETED", [], None)
    assert client.get(f"{LIST}/{name}").json() == client.get(f"{PATH}/{name}").json()


def test_a_list(client: TestClient[Litestar], engine: StubEngine) -> None:
    """Generations are listed newest first, by status and id, whole or page by page."""
    first, second = made(client)["id"], made(client)["id"]
    engine.answer = failing(MediaError("broke"))
    third = made(client)["id"]

    def ids(query: str) -> list[str]:
        return [one["id"] for one in client.get(f"{LIST}{query}").json()]

    assert ids("") == [third, second, first]
    assert ids("?status=COMPLETED") == [second, first]
    assert ids("?status=FAILED,COMPLETED") == [third, second, first]
    assert ids("?status=FAILED&status=PENDING") == [third]
    assert ids("?status=REJECTED") == []
    assert ids(f"?ids={first},{third}") == [third, first]
    page = client.get(f"{LIST}?limit=2")
    assert ([one["id"] for one in page.json()], page.headers["x-next-cursor"]) == ([third, second], second)
    rest = client.get(f"{LIST}?limit=2&cursor={second}")
    assert ([one["id"] for one in rest.json()], "x-next-cursor" in rest.headers) == ([first], False)


def test_one_in_the_making(client: TestClient[Litestar], engine: StubEngine) -> None:
    """Who does not wait for its end, or not long enough, is told how it stands, and when to look again."""
    may_end = threading.Event()

    async def serve(request: Any, exchange: Any) -> Any:
        await asyncio.to_thread(may_end.wait)
        return await StubEngine().answer(request, exchange)

    engine.answer = serve
    name = client.post(PATH, json=BODY).json()["id"]
    for query in ("", "?wait=true&timeout=1"):
        answer = client.get(f"{PATH}/{name}{query}")
        assert (answer.json()["status"], answer.headers["retry-after"]) == ("PROCESSING", "2")
    may_end.set()
    assert client.get(f"{PATH}/{name}?wait=true").json()["status"] == "COMPLETED"
