import asyncio
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from router.contract import Held, MediaError, NotFound
from router.store.objects import PART, ObjectStore
from router.testing.acts import Act, Reply
from router.testing.vendor import Vendor
from router.testing.wire import Asked
from tests.servers.s3 import S3, running_s3
from tests.unit.store.reading import Vanished, absent, breaking, broken_off, content

FILM = bytes(range(256)) * 5000
LONG = bytes(range(256)) * (PART // 100)
"""Two full parts of an upload and some of a third."""
IMPATIENT = 1.0


@pytest.fixture
def store(server: S3, tmp_path: Path) -> ObjectStore:
    return ObjectStore(f"{server.url}/{tmp_path.name}", server.options)


@pytest.fixture(scope="module")
def other() -> Iterator[S3]:
    with running_s3() as server:
        yield server


@pytest.fixture
def mortal(other: S3) -> S3:
    """A server to stop and start, running."""
    if other.process is None:
        other.start()
    return other


async def refused(asked: object) -> tuple[int, str]:
    """Return status and code of what a store says in the end."""
    with pytest.raises(MediaError) as told:
        await asked  # type: ignore[misc]
    assert "127.0.0.1" not in told.value.message
    assert "films" not in told.value.message
    return told.value.status, told.value.code


FAILED = (503, "storage_failed")


async def test_nothing_unfinished(server: S3, store: ObjectStore, tmp_path: Path) -> None:
    """An upload that breaks or is cancelled, in its first part or a later one, is called off at the server."""
    for film in (FILM, LONG):
        with pytest.raises(Vanished):
            await store.put("broken", breaking(film), "video/mp4")
        waiting = asyncio.Event()

        async def stuck(waiting: asyncio.Event = waiting) -> None:
            waiting.set()
            await asyncio.Event().wait()

        putting = asyncio.create_task(store.put("cancelled", breaking(film, stuck), "video/mp4"))
        await waiting.wait()
        assert ("<Key>" in server.unfinished()) == (film is LONG)  # so that the next line can fail
        putting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await putting
        assert "<Key>" not in server.unfinished()
    assert f"{tmp_path.name}/" not in server.listing()


class Failing(Vendor):
    """An S3 server that fails at one step of an upload."""

    step = ""

    def act(self, asked: Asked) -> Act:
        if f"{asked.method} {asked.path}".startswith(self.step):
            return Reply(status=500)
        if asked.path.endswith("?uploads="):
            return Reply(b"<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>")
        return Reply(headers={"etag": '"x"'})


@pytest.mark.parametrize(
    "step",
    ["PUT /films/a?partNumber=1", "PUT /films/a?partNumber=2", "PUT /films/a?partNumber=3", "POST /films/a?uploadId"],
)
async def test_a_step_that_fails(step: str) -> None:
    """Whichever step of an upload the server fails at, its last and its completion too, the upload is called off."""
    async with Failing() as vendor:
        vendor.step = step
        store = ObjectStore("s3://films", {"endpoint": vendor.url, "access_key_id": "k", "secret_access_key": "s"})
        assert await refused(store.put("a", Held(LONG), "video/mp4")) == FAILED
    assert [asked.path for asked in vendor.asked if asked.method == "DELETE"] == ["/films/a?uploadId=u"]
    assert any(f"{asked.method} {asked.path}".startswith(step) for asked in vendor.asked)


async def test_links(store: ObjectStore) -> None:
    """A link serves the media by its type, whole or in part, to anybody who has nothing but the link."""
    await store.put("video_1", Held(FILM), "video/mp4")
    link = await store.link("video_1", 60)
    async with httpx.AsyncClient() as client:
        whole, part = await client.get(link), await client.get(link, headers={"range": "bytes=5-9"})
    assert (whole.status_code, whole.headers["content-type"], whole.content) == (200, "video/mp4", FILM)
    assert (part.status_code, part.content) == (206, FILM[5:10])
    assert "X-Amz-Expires=60&" in link
    assert "not secret" not in link


async def test_links_for_callers(server: S3) -> None:
    """Links name the endpoint that callers can reach, where that is not the one we use; signed for it, they work."""
    other = server.endpoint.replace("127.0.0.1", "localhost")
    store = ObjectStore(server.url, server.options, links=other)
    await store.put("video_1", Held(FILM), "video/mp4")
    link = await store.link("video_1", 60)
    assert link.startswith(f"{other}/films/kept/here/video_1?")
    async with httpx.AsyncClient() as client:
        assert (await client.get(link)).content == FILM


async def test_links_of_azure() -> None:
    """Other kinds of store sign links of their own, without being asked."""
    options = {"account_name": "ours", "account_key": "bm90IHNlY3JldA=="}
    link = await ObjectStore("az://films/kept", options).link("video_1", 60)
    assert link.startswith("https://ours.blob.core.windows.net/films/kept/video_1?")
    assert "sig=" in link


async def test_a_server_that_dies_and_returns(mortal: S3, caplog: pytest.LogCaptureFixture) -> None:
    """While a server is gone everything fails with one code, within 15 s; once it is back everything works again."""
    store = ObjectStore(mortal.url, mortal.options)
    await store.put("video_1", Held(FILM), "video/mp4")
    mortal.stop()
    began = time.monotonic()
    assert await refused(store.put("video_1", Held(LONG), "video/mp4")) == FAILED
    assert await refused(store.put("video_1", Held(FILM), "video/mp4")) == FAILED
    assert await refused(store.read("video_1")) == FAILED
    assert await refused(store.remove("video_1")) == FAILED
    assert time.monotonic() - began < 15
    assert mortal.endpoint in caplog.text  # what the operator needs to know
    assert "Debug source" not in caplog.text
    await asyncio.to_thread(mortal.start)
    await store.put("video_1", Held(LONG), "video/mp4")
    assert await content(store, "video_1") == LONG


async def test_a_server_that_hangs(mortal: S3) -> None:
    """A server that takes connections and says nothing is given up on, by us or by who asks; nothing is lost meanwhile."""
    patient, store = (ObjectStore(mortal.url, mortal.options, patience=limit) for limit in (10.0, IMPATIENT))
    await patient.put("video_1", Held(FILM), "video/mp4")
    assert mortal.process is not None
    mortal.process.send_signal(signal.SIGSTOP)
    began = time.monotonic()
    assert await refused(store.put("video_1", Held(LONG), "video/mp4")) == FAILED
    assert await refused(store.read("video_1")) == FAILED
    assert time.monotonic() - began < 10 * IMPATIENT
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(store.read("video_1"), IMPATIENT / 4)
    mortal.process.send_signal(signal.SIGCONT)
    assert await content(patient, "video_1") == FILM


async def test_a_server_that_dies_while_it_is_read(mortal: S3) -> None:
    """Media whose server goes while it is read breaks off: its stream never ends as if it were whole."""
    film = bytes(64 * 1024 * 1024)
    await ObjectStore(mortal.url, mortal.options).put("video_1", Held(film), "video/mp4")
    stream = await ObjectStore(mortal.url, mortal.options, patience=IMPATIENT).read("video_1")
    pieces = aiter(stream)
    await anext(pieces)
    mortal.stop()
    got = await broken_off(stream)
    assert got is not None
    assert len(got) < len(film)


async def test_no_such_bucket(server: S3) -> None:
    """A bucket that is not there cannot keep anything: that is the store's fault, not a thing not found."""
    store = ObjectStore("s3://elsewhere", server.options)
    assert await refused(store.put("video_1", Held(FILM), "video/mp4")) == FAILED


@pytest.mark.parametrize(
    ("status", "said", "told"),
    [
        (507, "XMinioStorageFull", (507, "storage_full")),
        (403, "QuotaExceeded", (507, "storage_full")),
        (400, "XMinioAdminBucketQuotaExceeded", (507, "storage_full")),
        (403, "AccessDenied", FAILED),
        (500, "InternalError", FAILED),
    ],
)
async def test_what_servers_say(status: int, said: str, told: tuple[int, str]) -> None:
    """A server without room for us is told from one that is broken, in the words of several."""
    answer = Reply(f"<Error><Code>{said}</Code></Error>".encode(), status, "application/xml")
    async with Vendor(answer) as vendor:
        store = ObjectStore("s3://films", {"endpoint": vendor.url, "access_key_id": "k", "secret_access_key": "s"})
        assert await refused(store.put("video_1", Held(FILM), "video/mp4")) == told
        assert await refused(store.put("video_1", Held(LONG), "video/mp4")) == told


@pytest.mark.parametrize(
    ("url", "options", "why"),
    [
        ("s3://films", {"acces_key_id": "k3y"}, "'acces_key_id' is not valid"),
        ("s3://films", {"endpoint": "no url", "region": "r"}, "endpoint"),
        ("az://films", {}, "account"),
    ],
)
def test_what_it_cannot_be_opened_with(url: str, options: dict[str, str], why: str) -> None:
    """What does not fit is refused at once, in one line, naming the option and never its content."""
    with pytest.raises(ValueError, match="(?i)" + why) as told:
        ObjectStore(url, options)
    assert "k3y" not in str(told.value)
    assert "\n" not in str(told.value)


async def test_removed(store: ObjectStore) -> None:
    """Media that is gone is not found by whoever comes next."""
    await store.put("video_1", Held(FILM), "video/mp4")
    await store.remove("video_1")
    assert await absent(store, "video_1")
    with pytest.raises(NotFound):
        await store.read("video_1", 5, 5)
