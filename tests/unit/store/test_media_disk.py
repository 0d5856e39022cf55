import asyncio
import errno
import io
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from router.contract import Held, MediaError, NotFound
from router.store.disk import ABANDONED, DiskStore, FileStream, on_disk
from router.store.media import PIECE
from tests.unit.store.reading import Vanished, breaking, broken_off, content
from tests.unit.web.making import Chunks

FILM = bytes(range(256)) * 5000


def may_mount() -> bool:
    unshare = shutil.which("unshare")
    return unshare is not None and not subprocess.run([unshare, "--mount", "true"], check=False).returncode


FULL = {"limit": [], **({"tmpfs": ["unshare", "--mount"]} if may_mount() else {})}
"""How a disk becomes full, and what is needed to let it: only who may mount can have one of its own."""


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[DiskStore]:
    async with DiskStore(tmp_path / "a" / "media") as store:
        yield store


async def test_a_folder_of_its_own(store: DiskStore) -> None:
    """The folder, and any within it, is for its owner's eyes only."""
    await store.put("input/1", Held(b"x"), "audio/wav")
    assert [path.stat().st_mode & 0o777 for path in (store.folder, store.folder / "input")] == [0o700, 0o700]


async def test_no_name_before_the_end(store: DiskStore) -> None:
    """While it is written media has no name; a break leaves no file at all."""
    writing = store.put("video_1", breaking(FILM), "video/mp4", lambda _: seen.append(list(store.folder.iterdir())))
    seen: list[list[Path]] = []
    with pytest.raises(Vanished):
        await writing
    assert {path.suffix for paths in seen for path in paths} == {".part"}
    assert not list(store.folder.iterdir())


async def test_two_writers_of_a_name(store: DiskStore, tmp_path: Path) -> None:
    """A writer that fails takes nothing from another of the same name, in this process or not."""
    async with DiskStore(store.folder) as other:
        started, going = asyncio.Event(), asyncio.Event()

        async def late() -> None:
            started.set()
            await going.wait()

        slow = asyncio.create_task(other.put("video_1", breaking(FILM, late), "video/mp4"))
        await started.wait()
        await store.put("video_1", Held(FILM), "video/mp4")
        going.set()
        with pytest.raises(Vanished):
            await slow
    assert await content(store, "video_1") == FILM
    assert [path.name for path in store.folder.iterdir()] == ["video_1"]


async def test_what_the_dead_left(store: DiskStore) -> None:
    """Files that were never finished go at the next start once nobody can be writing them any more; media stays."""
    await store.put("input/1", Held(b"x"), "audio/wav")
    old, young = store.folder / "input" / "2.x.part", store.folder / "3.x.part"
    for path, age in ((old, ABANDONED + 60), (young, ABANDONED - 60), (store.folder / "input" / "1", 9 * ABANDONED)):
        path.touch()
        os.utime(path, (time.time() - age,) * 2)
    async with DiskStore(store.folder):
        assert sorted(path.name for path in store.folder.rglob("*.*")) == [young.name]
        assert await content(store, "input/1") == b"x"


@pytest.mark.parametrize("way", FULL)
async def test_a_full_disk(way: str, tmp_path: Path) -> None:
    """A disk that is really full is told as such, what did not fit leaves nothing, and it works once there is room."""
    command = [*FULL[way], sys.executable, "-m", "tests.unit.store.filling", str(tmp_path), way]
    ran = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=True)
    told = json.loads(ran.stdout)
    assert told == {"first": "600000", "refused": "507 storage_full", "left": ["video_1"], "later": "2048000"}
    assert "media cannot be kept or read" in ran.stderr


async def test_a_disk_that_is_away(store: DiskStore, caplog: pytest.LogCaptureFixture) -> None:
    """A folder that is gone is a store that failed, for now; callers are told no path, the log is."""
    away = store.folder.with_name("away")
    store.folder.rename(away)
    store.folder.write_bytes(b"in its place")
    with pytest.raises(MediaError) as told:
        await store.put("video_1", Held(b"x"), "video/mp4")
    assert (told.value.status, told.value.code) == (503, "storage_failed")
    assert str(store.folder) not in str(told.value)
    assert str(store.folder) in caplog.text
    with pytest.raises(MediaError) as told:
        await store.read("video_1")
    assert told.value.code == "storage_failed"
    store.folder.unlink()
    away.rename(store.folder)
    await store.put("video_1", Held(b"x"), "video/mp4")
    assert await content(store, "video_1") == b"x"


async def test_media_that_lost_its_end(store: DiskStore) -> None:
    """A file that is shorter than it was gives what there is, then says that it broke off."""
    await store.put("video_1", Held(FILM), "video/mp4")
    os.truncate(store.folder / "video_1", len(FILM) - 1)
    assert await broken_off(await store.read("video_1", 0, len(FILM))) == FILM[:-1]


class Damaged(io.BytesIO):
    """A file that can be read to its third byte."""

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell():
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return super().read(3)


async def test_a_disk_that_breaks(caplog: pytest.LogCaptureFixture) -> None:
    """A file that cannot be read on breaks off as well, and the log says why."""
    file = Damaged(b"abcdef")
    assert (await broken_off(FileStream(file, 6)), file.closed) == (b"abc", True)
    assert "Input/output error" in caplog.text


async def test_small_chunks_are_gathered(store: DiskStore) -> None:
    """A thread is asked for every piece, not for every chunk of a stream that comes in crumbs."""
    counted: list[int] = []
    await store.put("video_1", Chunks(*(FILM[at : at + 1000] for at in range(0, len(FILM), 1000))), "", counted.append)
    assert len(counted) <= len(FILM) / PIECE + 1
    assert await content(store, "video_1") == FILM


async def test_no_links(store: DiskStore) -> None:
    """A folder has no URL that serves it."""
    await store.put("video_1", Held(FILM), "video/mp4")
    assert await store.link("video_1", 60) is None
    with pytest.raises(NotFound):
        await store.read("video_2")


async def test_a_cancellation_waits_for_the_disk() -> None:
    """Work on a file is over before its cancellation is felt, so that nobody cleans up under it."""
    started, done = threading.Event(), threading.Event()

    def work() -> None:
        started.set()
        done.wait(5)

    working = asyncio.create_task(on_disk(work))
    await asyncio.to_thread(started.wait)
    working.cancel()
    await asyncio.wait([working], timeout=0.02)
    assert not working.done()
    done.set()
    with pytest.raises(asyncio.CancelledError):
        await working
