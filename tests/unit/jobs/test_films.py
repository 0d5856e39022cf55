import asyncio
import threading
from hashlib import sha256
from pathlib import Path

import pytest

from router.contract import Clip
from router.jobs.films import Shelf, on_disk
from tests.unit.jobs.making import Held
from tests.unit.web.making import Chunks


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    shelf = Shelf(tmp_path / "a" / "films")
    shelf.open()
    return shelf


def ignored(_: int) -> None:
    pass


async def test_a_film_is_there_whole(shelf: Shelf) -> None:
    """A film has no name until its last byte is written, and its tag is that of its bytes."""
    held, sizes = Held(), list[int]()
    keeping = asyncio.create_task(shelf.keep("one", Clip(held), sizes.append))
    await held.begun.wait()
    assert not shelf.path("one").exists()
    held.going.set()
    film = await keeping
    assert film.path.read_bytes() == b"firstlast"
    assert film.etag == f'"{sha256(b"firstlast").hexdigest()[:32]}"'
    assert sizes == [5, 4]


async def test_a_cancelled_film(shelf: Shelf) -> None:
    """A film that is called off leaves nothing behind."""
    held = Held()
    keeping = asyncio.create_task(shelf.keep("one", Clip(held), ignored))
    await held.begun.wait()
    keeping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await keeping
    assert not list(shelf.folder.iterdir())


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


async def test_a_folder_of_its_own(shelf: Shelf) -> None:
    """The folder is for its owner's eyes only, and goes when nothing is in it."""
    assert shelf.folder.stat().st_mode & 0o777 == 0o700
    await shelf.keep("one", Clip(Chunks(b"x")), ignored)
    shelf.close()
    assert shelf.folder.exists()
    shelf.path("one").unlink()
    shelf.close()
    assert not shelf.folder.exists()
