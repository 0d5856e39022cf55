import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from router.contract import MediaError, Task
from router.engine.settings import Route, Target, Tier
from router.jobs import Job
from router.web.video_jobs import default_model, video
from tests.unit.web.making import AUTH, PNG, WAV, StubEngine, client_of, failing
from tests.unit.web.test_bad_input import FORM_CASES, JSON_CASES, VIDEO, Form, Refused

PATH = "/v1/videos"
BODY = {"ref_image": base64.b64encode(PNG).decode(), "input": base64.b64encode(WAV).decode()}
BIG = WAV + bytes(2 * 1024 * 1024)


@pytest.fixture
def engine() -> StubEngine:
    tiers = (Tier(targets=(Target(provider="second"),)),)
    return StubEngine(routes=[Route(name="faces", task=Task.AVATAR, tiers=tiers, models=("higgs-avatar",))])


@pytest.fixture
def client(engine: StubEngine) -> Iterator[TestClient[Litestar]]:
    with client_of(engine) as client:
        yield client


def made(client: TestClient[Litestar], **fields: Any) -> Any:
    """Make a video and wait for its end."""
    queued = client.post(PATH, json=BODY | fields).json()
    return client.get(f"{PATH}/{queued['id']}", params={"wait": 10}).json()


def test_a_video_from_queue_to_end(client: TestClient[Litestar]) -> None:
    """A created video is queued; at its end it has every field that Boson and OpenAI write down."""
    answer = client.post(PATH, json=BODY, headers={"x-request-id": "mine"})
    queued = {
        "id": f"video_{1:024x}",
        "object": "video",
        "model": "higgs-avatar",
        "status": "queued",
        "progress": 0,
        "created_at": 1_700_000_000,
        "completed_at": None,
        "expires_at": None,
        "size": None,
        "seconds": "2",
        "error": None,
        "error_code": None,
    }
    assert (answer.status_code, answer.json(), answer.headers["x-request-id"]) == (200, queued, "mine")
    done = {"status": "completed", "progress": 100, "completed_at": 1_700_000_000, "expires_at": 1_700_086_400}
    assert client.get(f"{PATH}/{queued['id']}?wait=10").json() == queued | done


def test_a_form(engine: StubEngine) -> None:
    """The same in a form; files on disk outlive the request that brought them, but not the job."""
    paths: list[Path] = []

    async def serve(request: Any, exchange: Any) -> Any:
        paths.append(request.voice.path)
        assert request.voice.path.read_bytes() == BIG
        return await StubEngine().answer(request, exchange)

    engine.answer = serve
    files = {"ref_image": ("f.png", PNG), "input": ("v.wav", BIG)}
    with client_of(engine) as client:
        queued = client.post(PATH, data={"model": "m", "size": "480x640"}, files=files).json()
        assert (queued["model"], queued["size"]) == ("m", "480x640")
        assert client.get(f"{PATH}/{queued['id']}?wait=10").json()["status"] == "completed"
    assert paths
    assert not paths[0].exists()


def test_a_failed_video(client: TestClient[Litestar], engine: StubEngine) -> None:
    """A failed video says why in a string, as Boson's does, and by code."""
    engine.answer = failing(MediaError("no face", code="no_face", status=422))
    video = made(client)
    assert (video["status"], video["error"], video["error_code"]) == ("failed", "no face", "no_face")


def test_pages(client: TestClient[Litestar]) -> None:
    """Videos are listed newest first, page by page, each page naming its ends."""
    ids = [made(client)["id"] for _ in range(3)]
    first = client.get(PATH, params={"limit": 2}).json()
    assert [video["id"] for video in first["data"]] == [ids[2], ids[1]]
    assert (first["object"], first["first_id"], first["last_id"], first["has_more"]) == ("list", ids[2], ids[1], True)
    rest = client.get(PATH, params={"limit": 2, "after": ids[1]}).json()
    assert ([video["id"] for video in rest["data"]], rest["has_more"]) == ([ids[0]], False)
    ascending = client.get(PATH, params={"order": "asc"}).json()
    assert [video["id"] for video in ascending["data"]] == ids


def test_no_videos(client: TestClient[Litestar]) -> None:
    """An empty list has no ends."""
    nothing: dict[str, Any] = {"object": "list", "data": [], "first_id": None, "last_id": None, "has_more": False}
    assert client.get(PATH).json() == nothing


def test_deletion(client: TestClient[Litestar]) -> None:
    """A deleted video says so once; after that it is not found."""
    name = made(client)["id"]
    answer = client.delete(f"{PATH}/{name}")
    assert (answer.status_code, answer.json()) == (200, {"id": name, "object": "video.deleted", "deleted": True})
    for again in (client.delete, client.get):
        assert again(f"{PATH}/{name}").status_code == 404
    assert client.get(f"{PATH}/{name}/content").status_code == 404


@pytest.mark.parametrize(
    ("query", "code", "param"),
    [
        ("?limit=0", "out_of_range", "limit"),
        ("?limit=101", "out_of_range", "limit"),
        ("?limit=two", "wrong_type", "limit"),
        ("?order=up", "invalid_value", "order"),
        ("?page=2", "unknown_field", "page"),
        ("?limit=1&limit=2", "duplicate_field", "limit"),
        ("/video_1?wait=61", "out_of_range", "wait"),
        ("/video_1?wait=-1", "out_of_range", "wait"),
        ("/video_1?weit=1", "unknown_field", "weit"),
        ("/video_1/content?variant=thumbnail", "invalid_value", "variant"),
    ],
)
def test_bad_queries(client: TestClient[Litestar], query: str, code: str, param: str) -> None:
    """A query is checked as strictly as a body."""
    answer = client.get(f"{PATH}{query}")
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (400, code, param)


@pytest.mark.parametrize("path", ["?after=video_9", "/video_9", "/video_9?wait=5", "/video_9/content"])
def test_unknown_videos(client: TestClient[Litestar], path: str) -> None:
    """What is not there is not found, in OpenAI's envelope."""
    answer = client.get(f"{PATH}{path}")
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["type"]) == (404, "not_found", "invalid_request_error")


VIDEO_JSON = [case for case in JSON_CASES if case[1] == VIDEO]
VIDEO_FORMS = [case for case in FORM_CASES if case[1] == VIDEO]


@pytest.mark.parametrize(("body", "told"), [case[2:] for case in VIDEO_JSON], ids=[case[0] for case in VIDEO_JSON])
def test_json_that_must_be_refused(client: TestClient[Litestar], engine: StubEngine, body: Any, told: Refused) -> None:
    """What the stream refuses is refused here alike, announced, and never becomes a video."""
    answer = client.post(PATH, json=body)
    error = answer.json()["error"]
    assert Refused(answer.status_code, error["code"], error["param"], error.get("limit")) == told
    assert client.get(PATH).json()["data"] == []
    assert [(one.outcome, one.status) for one in engine.outcomes] == [(told.code, told.status)]


@pytest.mark.parametrize(("form", "told"), [case[2:] for case in VIDEO_FORMS], ids=[case[0] for case in VIDEO_FORMS])
def test_forms_that_must_be_refused(client: TestClient[Litestar], form: Form, told: Refused) -> None:
    """The same for forms."""
    answer = client.post(PATH, data=form.data, files=form.files)
    error = answer.json()["error"]
    assert Refused(answer.status_code, error["code"], error["param"], error.get("limit")) == told


def test_what_nobody_can_do(client: TestClient[Litestar], engine: StubEngine) -> None:
    """An unknown model is 404 at once, what every provider declines 422 with the reasons."""
    unknown = client.post(PATH, json=BODY | {"model": "unknown"})
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "model_not_found")
    engine.declined["second"] = "takes no pictures"
    declined = client.post(PATH, json=BODY)
    assert (declined.status_code, declined.json()["error"]["reasons"]) == (422, {"second": "takes no pictures"})


def test_another_content_type(client: TestClient[Litestar]) -> None:
    """Anything but JSON or a form is refused, naming both."""
    answer = client.post(PATH, content=b"x", headers={"content-type": "image/png"})
    assert (answer.status_code, answer.json()["error"]["limit"]) == (415, "application/json or multipart/form-data")


def test_no_key(client: TestClient[Litestar]) -> None:
    """Without a key there is nothing to see."""
    del client.headers["authorization"]
    statuses = [client.request(method, f"{PATH}/v").status_code for method in ("GET", "DELETE")]
    assert [*statuses, client.get(f"{PATH}/v/content").status_code] == [401] * 3
    client.headers.update(AUTH)


def test_all_of_it_is_documented(client: TestClient[Litestar]) -> None:
    """The document knows every path, its parameters, and what it may end in."""
    paths = client.get("/schema/openapi.json").json()["paths"]
    one, content = paths[f"{PATH}/{{video_id}}"], paths[f"{PATH}/{{video_id}}/content"]
    assert set(paths[PATH]["post"]["requestBody"]["content"]) == {"application/json", "multipart/form-data"}
    assert set(paths[PATH]["post"]["responses"]["200"]["headers"]) == {"X-Request-Id"}
    assert {"404", "413", "422", "429"} <= set(paths[PATH]["post"]["responses"])
    assert parameters(paths[PATH]["get"]) == {"after", "limit", "order"}
    assert parameters(one["get"]) == {"video_id", "wait"}
    assert set(one) == {"get", "delete"}
    assert set(content) == {"get", "head"}
    assert parameters(content["get"]) == {"video_id", "variant"}
    assert {"200", "206", "304", "404", "416"} <= set(content["get"]["responses"])
    assert content["get"]["responses"]["206"]["content"] == content["get"]["responses"]["200"]["content"]
    video = one["get"]["responses"]["200"]["content"]["application/json"]["schema"]["properties"]
    assert video["status"]["enum"] == ["queued", "in_progress", "completed", "failed"]


def parameters(operation: Any) -> set[str]:
    return {parameter["name"] for parameter in operation["parameters"]}


@pytest.mark.parametrize(
    ("seconds", "told"), [(None, None), (2.0, "2"), (1.8571, "1.86"), (52.9, "52.9"), (3725.04, "3725.04")]
)
def test_seconds(seconds: float | None, told: str | None) -> None:
    """A length is spelled out as OpenAI's are, never in powers of ten."""
    job = Job(id="video_1", team="ads", model="m", created_at=1.9, seconds=seconds)
    assert (video(job).seconds, video(job).created_at) == (told, 1)


def test_no_route() -> None:
    """Without a route for faces there is no name to tell."""
    assert default_model([]) == ""
