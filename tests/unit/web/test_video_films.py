import base64
from collections.abc import Iterator
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from router.contract import Clip
from tests.unit.web.making import PNG, WAV, Chunks, StubEngine, client_of, failing

FILM = bytes(range(256)) * 3000
BODY = {"ref_image": base64.b64encode(PNG).decode(), "input": base64.b64encode(WAV).decode()}


async def serve_film(request: Any, exchange: Any) -> Clip:
    return Clip(Chunks(FILM[:1000], FILM[1000:]))


@pytest.fixture
def client() -> Iterator[TestClient[Litestar]]:
    with client_of(StubEngine(serve_film)) as client:
        yield client


@pytest.fixture
def url(client: TestClient[Litestar]) -> str:
    """Where a finished film is."""
    name = client.post("/v1/videos", json=BODY).json()["id"]
    assert client.get(f"/v1/videos/{name}?wait=10").json()["status"] == "completed"
    return f"/v1/videos/{name}/content"


def test_the_whole_film(client: TestClient[Litestar], url: str) -> None:
    """The film comes whole, with its type, length and tag, and says that it can be sought in."""
    answer = client.get(url, headers={"x-request-id": "mine"})
    assert (answer.status_code, answer.content) == (200, FILM)
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["content-length"] == str(len(FILM))
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["x-request-id"] == "mine"
    assert answer.headers["etag"].startswith('"')
    assert client.get(url, params={"variant": "video"}).content == FILM


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [("bytes=0-0", 0, 1), ("bytes=300000-", 300_000, len(FILM)), ("bytes=-7", len(FILM) - 7, len(FILM)), ("bytes=5-600000", 5, 600_001)],
)  # fmt: skip
def test_a_part(client: TestClient[Litestar], url: str, asked: str, start: int, stop: int) -> None:
    """A range gets just those bytes, and is told which they are."""
    answer = client.get(url, headers={"range": asked})
    assert (answer.status_code, answer.content) == (206, FILM[start:stop])
    assert answer.headers["content-range"] == f"bytes {start}-{stop - 1}/{len(FILM)}"
    assert answer.headers["content-length"] == str(stop - start)


def test_a_head(client: TestClient[Litestar], url: str) -> None:
    """HEAD says what GET would, without the film."""
    head, whole = client.head(url), client.get(url)
    assert (head.status_code, head.content) == (200, b"")
    told = ("content-type", "content-length", "etag", "accept-ranges")
    assert [head.headers[name] for name in told] == [whole.headers[name] for name in told]
    assert client.head(url, headers={"range": "bytes=0-9"}).headers["content-length"] == "10"
    client.app.state.site.jobs.media.kept.clear()
    assert (client.head(url).status_code, client.get(url).status_code) == (200, 404)  # it does not read the film


def test_a_film_one_has(client: TestClient[Litestar], url: str) -> None:
    """Who has the film is told so, even when asking for a part, and gets no bytes."""
    tag = client.get(url).headers["etag"]
    for asked in ({}, {"range": "bytes=0-9"}):
        answer = client.get(url, headers={"if-none-match": tag, **asked})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
    assert client.get(url, headers={"if-range": '"old"', "range": "bytes=0-9"}).status_code == 200


def test_beyond_the_end(client: TestClient[Litestar], url: str) -> None:
    """A range beyond the end is refused in the envelope, with the size."""
    answer = client.get(url, headers={"range": f"bytes={len(FILM)}-"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (416, "range_not_satisfiable")
    assert answer.headers["content-range"] == f"bytes */{len(FILM)}"


def test_a_film_that_is_not_there() -> None:
    """Until there is a film, and if there will never be one, it is not found under a code of its own."""
    with client_of(StubEngine(failing(ValueError("x")))) as client:
        name = client.post("/v1/videos", json=BODY).json()["id"]
        client.get(f"/v1/videos/{name}?wait=10")
        answer = client.get(f"/v1/videos/{name}/content")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "video_not_ready")
