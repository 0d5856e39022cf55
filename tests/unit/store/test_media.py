import asyncio
from collections.abc import AsyncIterator
from hashlib import sha256

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from router.contract import Held, Truncated
from router.store.media import PIECE, MediaStore, Stored
from tests.unit.store.reading import Vanished, absent, breaking, content
from tests.unit.web.making import Chunks

FILM = bytes(range(256)) * 5000
"""Several pieces, the last of them short."""
LONG = FILM * 6
"""More than a part of an upload."""


@pytest.mark.parametrize("film", [b"", b"x", FILM, LONG], ids=["empty", "byte", "short", "long"])
async def test_kept_whole(store: MediaStore, film: bytes) -> None:
    """What is kept is what came, with its size, its type and a tag of its bytes; all of it was counted."""
    sizes: list[int] = []
    chunks = Chunks(*(film[at : at + 100_000] for at in range(0, len(film), 100_000)))
    stored = await store.put("video_1", chunks, "video/mp4", sizes.append)
    assert stored == Stored("video_1", len(film), "video/mp4", f'"{sha256(film).hexdigest()[:32]}"')
    assert sum(sizes) == len(film)
    assert await content(store, "video_1") == film


async def test_kept_again(store: MediaStore) -> None:
    """Media put under a name that is taken replaces what was there; others are left alone."""
    for name, film in (("video_1", b"old"), ("input/1", b"driving"), ("video_1", b"new")):
        await store.put(name, Held(film), "video/mp4")
    assert (await content(store, "video_1"), await content(store, "input/1")) == (b"new", b"driving")


async def test_removed(store: MediaStore) -> None:
    """What is removed is gone, whether or not some of it was gone before."""
    await store.put("video_1", Held(b"x"), "video/mp4")
    await store.put("input/1", Held(b"x"), "audio/wav")
    await store.put("video_2", Held(b"x"), "video/mp4")
    await store.remove("video_0", "video_1", "input/1")
    assert [await absent(store, name) for name in ("video_1", "input/1", "video_2")] == [True, True, False]


@pytest.mark.parametrize("film", [FILM, LONG], ids=["short", "long"])
async def test_broken_in_the_middle(store: MediaStore, film: bytes) -> None:
    """Media that breaks off on its way raises what it broke of, and is not there; what was there before is."""
    with pytest.raises(Vanished):
        await store.put("video_1", breaking(film), "video/mp4")
    assert await absent(store, "video_1")
    await store.put("video_1", Held(b"old"), "video/mp4")
    with pytest.raises(Vanished):
        await store.put("video_1", breaking(film), "video/mp4")
    assert await content(store, "video_1") == b"old"


class Endless:
    """Bytes without an end."""

    def __init__(self) -> None:
        self.flowing = asyncio.Event()
        self.given = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            yield bytes(PIECE)
            self.given += PIECE
            if self.given > 2 * len(LONG):
                self.flowing.set()
            await asyncio.sleep(0)


async def test_called_off(store: MediaStore) -> None:
    """Media whose keeping is cancelled is not there."""
    endless = Endless()
    keeping = asyncio.create_task(store.put("video_1", endless, "video/mp4"))
    await endless.flowing.wait()
    keeping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await keeping
    assert await absent(store, "video_1")


@pytest.fixture
async def filmed(store: MediaStore) -> MediaStore:
    await store.put("video_1", Held(FILM), "video/mp4")
    return store


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(start=st.integers(0, len(FILM) + 1), length=st.none() | st.integers(0, len(FILM)))
@example(start=0, length=len(FILM))
@example(start=len(FILM), length=None)
@example(start=len(FILM), length=1)
@example(start=len(FILM) - 1, length=1)
async def test_any_part(filmed: MediaStore, start: int, length: int | None) -> None:
    """Any part is what a slice of the bytes would be; one that goes beyond the end says that it does."""
    stop = None if length is None else start + length
    if length and start + length > len(FILM):
        with pytest.raises(Truncated):
            await content(filmed, "video_1", start, length)
    else:
        assert await content(filmed, "video_1", start, length) == FILM[start:stop]


async def test_read_in_part(filmed: MediaStore) -> None:
    """A stream that is not read to its end can be let go, twice."""
    stream = await filmed.read("video_1")
    pieces = aiter(stream)
    assert FILM.startswith(await anext(pieces))
    await stream.aclose()
    await stream.aclose()


async def test_read_by_many(filmed: MediaStore) -> None:
    """Many may read the same media at once."""
    assert set(await asyncio.gather(*(content(filmed, "video_1") for _ in range(8)))) == {FILM}


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../x", "/x", "a/../x", "a//x", "a/b/c", "x.part", "a/", "x\n", "x\0", "ä"]
)
async def test_no_name_for_media(store: MediaStore, name: str) -> None:
    """No name leads out of a store, or to what is not media: it is refused before anything is done."""
    with pytest.raises(ValueError, match="is no name for media"):
        await store.put(name, Held(b"x"), "video/mp4")
    with pytest.raises(ValueError, match="is no name for media"):
        await store.read(name)
    with pytest.raises(ValueError, match="is no name for media"):
        await store.remove(name)
