import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar import Litestar, Request, route

from router.contract import Held, Truncated
from router.store.media import PIECE, MediaStore, Stored
from router.store.places import open_media
from router.web.playing import Playing, play
from router.web.problems import rendering
from tests.servers.s3 import S3, running_s3
from tests.unit.web.making import Chunks

FILM = bytes(range(256)) * 3000
NAME = "video_1"


@pytest.fixture(scope="module")
def server() -> Iterator[S3]:
    with running_s3() as server:
        yield server


@pytest.fixture(params=["disk", "s3"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[MediaStore]:
    if request.param == "disk":
        opened = open_media(tmp_path.as_uri())
    else:
        server: S3 = request.getfixturevalue("server")
        opened = open_media(f"{server.url}/{tmp_path.name}", server.options)
    async with opened as store:
        yield store


@pytest.fixture
async def bucket(server: S3, tmp_path: Path) -> MediaStore:
    return open_media(f"{server.url}/{tmp_path.name}", server.options)


async def kept(store: MediaStore) -> Stored:
    assert len(FILM) > 2 * PIECE
    return await store.put(NAME, Held(FILM), "video/mp4")


def viewer(store: MediaStore, stored: Stored, link: float | None = None) -> httpx.AsyncClient:
    """Return a client of an application that shows one film."""

    @route("/", http_method=["GET", "HEAD"])
    async def show(request: Request[Any, Any, Any]) -> Playing:
        return await play(request, stored, store, link=link, headers=[("x-request-id", "mine")])

    app = Litestar([show], exception_handlers={Exception: rendering(lambda _: "mine")}, openapi_config=None)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://router")  # type: ignore[arg-type]


async def test_the_whole_film(store: MediaStore) -> None:
    """The film comes whole, with its type, length and tag, and says that it can be sought in."""
    stored = await kept(store)
    async with viewer(store, stored) as client:
        answer = await client.get("/")
    assert (answer.status_code, answer.content) == (200, FILM)
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["content-length"] == str(len(FILM))
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["x-request-id"] == "mine"
    assert answer.headers["etag"] == stored.etag


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [("bytes=0-0", 0, 1), ("bytes=300000-", 300_000, len(FILM)), ("bytes=-7", len(FILM) - 7, len(FILM)), ("bytes=5-600000", 5, 600_001)],
)  # fmt: skip
async def test_a_part(store: MediaStore, asked: str, start: int, stop: int) -> None:
    """A range gets just those bytes, and is told which they are."""
    async with viewer(store, await kept(store)) as client:
        answer = await client.get("/", headers={"range": asked})
    assert (answer.status_code, answer.content) == (206, FILM[start:stop])
    assert answer.headers["content-range"] == f"bytes {start}-{stop - 1}/{len(FILM)}"
    assert answer.headers["content-length"] == str(stop - start)


async def test_a_head(store: MediaStore) -> None:
    """HEAD says what GET would, without the film and without asking for it."""
    stored = await kept(store)
    told = ("content-type", "content-length", "etag", "accept-ranges")
    async with viewer(store, stored, link=60) as client, viewer(store, stored) as player:
        head, whole = await client.head("/"), await player.get("/")
        assert (head.status_code, head.content) == (200, b"")
        assert [head.headers[name] for name in told] == [whole.headers[name] for name in told]
        assert (await client.head("/", headers={"range": "bytes=0-9"})).headers["content-length"] == "10"
        await store.remove(NAME)
        gone = await player.get("/")
        assert ((await client.head("/")).status_code, gone.status_code) == (200, 404)
    assert gone.json()["error"]["code"] == "not_found"


async def test_a_film_one_has(store: MediaStore) -> None:
    """Who has the film is told so, even when asking for a part or where links are given, and gets no bytes."""
    stored = await kept(store)
    for link in (None, 60.0):
        async with viewer(store, stored, link) as client:
            for asked in ({}, {"range": "bytes=0-9"}):
                answer = await client.get("/", headers={"if-none-match": stored.etag, **asked})
                assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", stored.etag)
    async with viewer(store, stored) as client:
        assert (await client.get("/", headers={"if-range": '"old"', "range": "bytes=0-9"})).status_code == 200


async def test_beyond_the_end(store: MediaStore) -> None:
    """A range beyond the end is refused in the envelope, with the size."""
    async with viewer(store, await kept(store)) as client:
        answer = await client.get("/", headers={"range": f"bytes={len(FILM)}-"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (416, "range_not_satisfiable")
    assert answer.headers["content-range"] == f"bytes */{len(FILM)}"


async def test_a_redirect(bucket: MediaStore) -> None:
    """Where links are given, a GET is sent to the store, which serves the very film, in part as well."""
    async with viewer(bucket, await kept(bucket), link=600) as client, httpx.AsyncClient() as outside:
        answer = await client.get("/")
        assert (answer.status_code, answer.content, answer.headers["x-request-id"]) == (307, b"", "mine")
        assert answer.headers["cache-control"] == "private, max-age=300"
        film = await outside.get(answer.headers["location"])
        part = await outside.get(answer.headers["location"], headers={"range": "bytes=-7"})
    assert (film.status_code, film.headers["content-type"], film.content) == (200, "video/mp4", FILM)
    assert (part.status_code, part.content) == (206, FILM[-7:])


async def test_no_redirect(tmp_path: Path) -> None:
    """Where the store has no links to give, the film comes from us although they are asked for."""
    async with open_media(tmp_path.as_uri()) as folder, viewer(folder, await kept(folder), link=600) as client:
        answer = await client.get("/")
    assert (answer.status_code, answer.content) == (200, FILM)


async def waiting() -> Any:
    await asyncio.Event().wait()


async def test_a_film_that_lost_its_end(store: MediaStore, caplog: pytest.LogCaptureFixture) -> None:
    """A film that is shorter than it was leaves the answer without an end, and the log says so."""
    await kept(store)
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    await Playing(200, [], await store.read(NAME, 0, len(FILM) + 1))({}, waiting, send)  # type: ignore[arg-type]
    assert b"".join(message["body"] for message in sent[1:]) == FILM
    assert all(message["more_body"] for message in sent[1:])
    assert "broke off: media that was kept has lost its end" in caplog.text


async def test_what_breaks_is_let_go() -> None:
    """A stream is let go whether it ends or breaks."""

    async def send(_: Any) -> None:
        pass

    for stream in (Chunks(b"abc"), Chunks(b"abc", Truncated("gone"))):
        await Playing(200, [], stream)({}, waiting, send)  # type: ignore[arg-type]
        assert stream.closed == 1


async def test_a_viewer_who_leaves() -> None:
    """A film is not read on for somebody who has left."""
    stream, left = Chunks(*[b"abc"] * 1000), asyncio.Event()
    sent = 0

    async def receive() -> Any:
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        nonlocal sent
        if message["type"] == "http.response.body":
            sent += 1
            left.set()
            await asyncio.Event().wait()

    await Playing(200, [], stream)({}, receive, send)  # type: ignore[arg-type]
    assert (sent, stream.closed) == (1, 1)
