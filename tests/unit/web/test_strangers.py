"""A team with a key of its own, on every route, after something of another team's."""

import base64
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Any

import pytest
from litestar import Litestar
from litestar.exceptions import WebSocketDisconnect
from litestar.testing import TestClient

from router.store.ledger import Span, Total
from router.web import Keys, create_app
from router.web.front import GUARDED
from tests.unit.web.console.making import desk
from tests.unit.web.making import AUTH, DIGEST, PNG, WAV, StubEngine, client_of, site_over

STRANGER = "another-team's-key"
OPERATOR = "an-operator's-key"
PATHS = [route.path for route in create_app(site_over(StubEngine())).routes]
THEIRS = {"authorization": f"Bearer {STRANGER}"}
AGAIN = {"idempotency-key": "the-same"}
FILM = {"ref_image": base64.b64encode(PNG).decode(), "input": base64.b64encode(WAV).decode()}
SPEECH = {"input": "hello", "response_format": "pcm"}
GENERATION = {
    "model": "x",
    "input": [{"type": "image", "url": "https://a.test/a.png"}, {"type": "audio", "url": "https://a.test/a.wav"}],
}
PAID: dict[str, Any] = {
    "/v1/audio/speech": {"json": SPEECH},
    "/v1/audio/transcriptions": {"files": {"file": ("a.wav", WAV)}},
    "/v1/text-to-speech/{voice_id:str}": {"json": {"text": "hello"}},
    "/v1/text-to-speech/{voice_id:str}/stream": {"json": {"text": "hello"}},
    "/v1/text-to-speech/{voice_id:str}/with-timestamps": {"json": {"text": "hello"}},
    "/v1/videos": {"json": FILM},
    "/v1/videos/stream": {"json": FILM},
    "/v2/generate": {"json": GENERATION},
}
FREE = {"/v1/explain": {"json": {"task": "speech", "input": "hello"}}}
LISTS = {"/v1/models", "/v1/voices", "/v1/offers", "/v1/videos", "/v2/generations", "/v1/usage"}
SOCKETS = ("/ws/voice", "/v1/realtime")
CONSOLE = [path for path in PATHS if path.startswith("/console/api/")]
FOR_ANYBODY = {
    "/healthz", "/readyz", "/metrics", "/v1/hooks/{provider:str}", "/console", "/console/{name:str}",
    "/schema", "/schema/{path:str}", "/schema/openapi.json",
}  # fmt: skip
"""Where no team's key is asked for: nothing there is of a team, or it looks after itself."""
ROUTES = [(method, path) for route in GUARDED for path in sorted(route.paths) for method in sorted(route.http_methods)]
OWNED = [(method, path) for method, path in ROUTES if "id:str" in path and "voice_id" not in path]


class Ledger:
    """Keeps whose usage was asked for."""

    def __init__(self) -> None:
        self.teams: list[str | None] = []

    async def totals(self, span: Span) -> Sequence[Total]:
        self.teams.append(span.team)
        return ()


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
def client(ledger: Ledger) -> Iterator[TestClient[Litestar]]:
    keys = Keys({"ads": [DIGEST], "news": [f"sha256:{sha256(STRANGER.encode()).hexdigest()}"]})
    console = desk(f"sha256:{sha256(OPERATOR.encode()).hexdigest()}")
    with client_of(StubEngine(), keys=keys, totals=ledger.totals, desk=console) as client:
        yield client


def made(client: TestClient[Litestar]) -> str:
    """Have a film made for its owner, and return its id."""
    name: str = client.post("/v1/videos", json=FILM).json()["id"]
    assert client.get(f"/v1/videos/{name}", params={"wait": 10}).json()["status"] == "completed"
    return name


def filled(path: str, name: str) -> str:
    """Return a path with the owner's film in it."""
    for part in ("{video_id:str}", "{id:str}"):
        path = path.replace(part, name)
    return path.replace("{file:str}", f"{name}.mp4").replace("{voice_id:str}", "ann")


def test_every_route_is_walked_here() -> None:
    """A new route is looked at by one of these tests, or this one fails."""
    known = {*PAID, *FREE, *LISTS} | {path for _, path in OWNED}
    assert {path for _, path in ROUTES} - known == set()
    assert {*PATHS} == {path for _, path in ROUTES} | {*SOCKETS} | {*CONSOLE} | FOR_ANYBODY
    assert {method for method, _ in OWNED} == {"GET", "HEAD", "DELETE"}


@pytest.mark.parametrize(("method", "path"), OWNED, ids=lambda one: one)
def test_what_is_another_teams_is_not_there(client: TestClient[Litestar], method: str, path: str) -> None:
    """Looked at, fetched or deleted by its id, another team's film is not found, in the words for one that never was."""
    name = made(client)
    answer = client.request(method, filled(path, name), headers=THEIRS)
    never = client.request(method, filled(path, "video_0"), headers=THEIRS)
    assert answer.status_code == never.status_code == 404
    assert answer.text.replace(name, "video_0") == never.text
    assert client.request("GET", f"/v1/videos/{name}/content").content == b"video"


@pytest.mark.parametrize("path", sorted(LISTS))
def test_what_is_another_teams_is_not_listed(client: TestClient[Litestar], ledger: Ledger, path: str) -> None:
    """Lists hold the team's own; another's film is no place to go on from either; usage is asked for by the team alone."""
    name = made(client)
    answer = client.get(path, headers=THEIRS)
    assert answer.status_code == 200
    assert name not in answer.text
    assert set(ledger.teams) <= {"news"}
    assert client.get("/v1/videos", params={"after": name}, headers=THEIRS).status_code == 404
    assert client.get("/v2/generations", params={"cursor": name}, headers=THEIRS).status_code == 404
    assert client.get("/v2/generations", params={"ids": name}, headers=THEIRS).json() == []


@pytest.mark.parametrize("path", sorted(PAID))
def test_what_is_another_teams_is_not_replayed(client: TestClient[Litestar], path: str) -> None:
    """The same request under the same Idempotency-Key is another team's own: it is done, not repeated."""
    where = filled(path, "")
    first = client.post(where, headers=AGAIN, **PAID[path])
    again = client.post(where, headers=AGAIN, **PAID[path])
    other = client.post(where, headers=AGAIN | THEIRS, **PAID[path])
    assert first.is_success
    assert (again.headers.get("idempotent-replayed"), other.headers.get("idempotent-replayed")) == ("true", None)
    assert other.is_success
    if path in {"/v1/videos", "/v2/generate"}:
        assert first.json()["id"] == again.json()["id"] != other.json()["id"]


@pytest.mark.parametrize(("method", "path"), ROUTES, ids=lambda one: one)
def test_nothing_is_there_without_a_key(client: TestClient[Litestar], method: str, path: str) -> None:
    """On every route a request without a key, or with a wrong one, is 401 whatever else it holds."""
    name = made(client)
    del client.headers["authorization"]
    for headers in ({}, {"x-api-key": STRANGER[:-1]}, {"x-api-key": OPERATOR}):
        answer = client.request(method, filled(path, name), headers=headers)
        assert answer.status_code == 401
        assert STRANGER[:-1] not in answer.text


@pytest.mark.parametrize("path", SOCKETS)
def test_no_socket_opens_without_a_key(client: TestClient[Litestar], path: str) -> None:
    """A socket's handshake asks for a team's key as a request does, and an operator's is none."""
    del client.headers["authorization"]
    for headers in ({}, {"x-api-key": STRANGER[:-1]}, {"x-api-key": OPERATOR}):
        with pytest.raises(WebSocketDisconnect), client.websocket_connect(path, headers=headers):
            pass
    with client.websocket_connect(path, headers=THEIRS):
        pass


@pytest.mark.parametrize("path", CONSOLE)
def test_what_operators_see_is_for_no_team(client: TestClient[Litestar], path: str) -> None:
    """Every team's films, requests and usage are in the console, so no team's key opens it, with whatever films they have."""
    where = filled(path, made(client))
    del client.headers["authorization"]
    assert client.get(where, headers={"x-api-key": OPERATOR}).status_code == 200
    for headers in ({}, THEIRS, AUTH):
        assert client.get(where, headers=headers).status_code == 401
