"""The stores fail while films are made: that is said clearly, nothing is lost or ordered twice, and all goes on later."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from router.testing.media import picture
from router.testing.postgres import cluster
from tests.e2e.outages import NO_FILM, NOTHING, SOUND, URLS, disk, filled, may_mount, refusal, scene
from tests.servers.s3 import S3, running_s3

pytestmark = pytest.mark.timeout(240)  # leases that nobody could write down run out on the machine's own clock

FACE = picture() + bytes(3 * 1024 * 1024)
"""A picture that is not held in memory; what follows its end is no part of it."""
SPOKEN = {"input": "https://a.example/voice.wav"}
GENERATION = {
    "model": "faces",
    "input": [{"type": "image", "url": URLS["ref_image"]}, {"type": "audio", "url": URLS["input"]}],
}
AWAY = (503, "records_unavailable", True)


FULL = {"no film fits": NO_FILM, "no file fits": NOTHING} | ({"the disk is full": None} if may_mount() else {})


@pytest.mark.parametrize("most", FULL.values(), ids=FULL.keys())
async def test_a_full_disk(tmp_path: Path, most: int | None) -> None:
    """Without room for films, or for anything, videos stay in progress, new ones are refused, and all is made later."""
    with disk(tmp_path / "disk", most) as folder:
        async with scene(tmp_path, state=folder / "state") as on:
            await on.order()
            with filled(folder, on.router.pid, most):
                on.studio.ready = True
                await on.logged("cannot be kept" if most == NO_FILM else "nobody can work on jobs: records_unavailable")
                seen = (await on.looked()).json()
                assert (seen["status"], seen["error"]) == ("in_progress", None)
                refused = await on.client.post("/v1/videos", data=SPOKEN, files={"ref_image": ("face.png", FACE)})
                assert refusal(refused) in {(507, "storage_full", True), AWAY}
                assert {job["state"] for job in await on.listed()} == {"in_progress"}
                await on.serves()
            await on.recovered()


@pytest.fixture(scope="module")
def remote() -> Iterator[S3]:
    with running_s3() as server:
        yield server


async def test_a_media_store_that_is_away(tmp_path: Path, remote: S3) -> None:
    """While the object store is gone films wait at their vendor's, and whatever must be kept or read there is put off."""
    storage = json.dumps({"media": remote.url, "options": dict(remote.options)})
    async with scene(tmp_path, storage) as on:
        await on.order()
        remote.stop()
        on.studio.ready = True
        await on.until(lambda: on.studio.fetches)
        await on.logged("the media store failed")
        seen = (await on.looked()).json()
        assert (seen["status"], seen["error"]) == ("in_progress", None)
        refused = await on.client.post("/v1/videos", data=SPOKEN, files={"ref_image": ("face.png", FACE)})
        assert refusal(refused) == (503, "storage_failed", True)
        assert {(job["state"], job["step"]) for job in await on.listed()} == {("in_progress", "fetching")}
        await on.serves()
        remote.start()
        await on.recovered()


async def test_a_database_that_is_away(tmp_path: Path) -> None:
    """While PostgreSQL is gone each call says so and when to come back; an order answered meanwhile is not forgotten."""
    with cluster() as database:
        with database.running():
            running = scene(tmp_path, f"{{records: '{database.url}'}}")
            on = await running.__aenter__()
            await on.order(2)
            on.studio.slow = 4.0
            await on.order(1)  # it has come to the vendor, who takes his time to answer
        assert refusal(await on.looked()) == AWAY
        assert refusal(await on.client.post("/v1/videos", json=URLS)) == AWAY
        assert refusal(await on.client.post("/v2/generate", json=GENERATION)) == AWAY
        assert refusal(await on.client.get("/v1/videos")) == AWAY
        await on.logged("the jobs' database is away, nobody can look for jobs: records_unavailable")
        ran = await asyncio.to_thread(on.command, "jobs", "list")
        assert (ran.returncode, ran.stderr.strip()) == (2, "the database of records cannot be reached")
        await on.serves()
        await asyncio.sleep(on.studio.slow)
        on.studio.ready = True
        with database.running():
            await on.recovered()
            await running.__aexit__(None, None, None)


async def test_a_database_that_is_read_only(tmp_path: Path) -> None:
    """While PostgreSQL takes no writes, as a standby does not, videos can be looked at, and new ones are put off."""
    with cluster() as database, database.running():
        async with scene(tmp_path, f"{{records: '{database.url}'}}") as on:
            await on.order()
            await asyncio.to_thread(told, database.url, "ALTER SYSTEM SET default_transaction_read_only = on")
            on.studio.ready = True
            await on.logged("nobody can work on jobs: records_unavailable")
            seen = (await on.looked()).json()
            assert (seen["status"], seen["error"]) == ("in_progress", None)
            refused = await on.client.post("/v1/videos", json=URLS)
            assert refusal(refused) == AWAY
            assert refused.json()["error"]["message"] == "the database of records is read-only"
            assert {job["state"] for job in await on.listed()} == {"in_progress"}
            await on.serves()
            await asyncio.to_thread(told, database.url, "ALTER SYSTEM RESET default_transaction_read_only")
            await on.recovered()


def told(url: str, setting: str) -> None:
    """Change a setting of a server that runs, for every connection there is."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET default_transaction_read_only = off")
        connection.execute(setting)
        connection.execute("SELECT pg_reload_conf()")


async def test_no_room_for_an_answers_copy(tmp_path: Path) -> None:
    """A paid answer reaches its caller where there is no room to keep it for repeats, and a repeat pays for no other."""
    with disk(tmp_path / "disk", NO_FILM) as folder:
        async with scene(tmp_path, state=folder / "state") as on:
            said = {"model": "bought", "voice": "v", "input": "Hello.", "response_format": "pcm"}
            keyed = {"Idempotency-Key": "k-1"}
            with filled(folder, on.router.pid, NO_FILM):
                first = await on.client.post("/v1/audio/speech", json=said, headers=keyed)
                again = await on.client.post("/v1/audio/speech", json=said, headers=keyed)
            assert (first.status_code, first.content) == (200, SOUND)
            assert refusal(again) == (409, "idempotency_not_replayable", False)
            assert len([one for one in on.studio.asked if one.path == "/v1/audio/speech"]) == 1
