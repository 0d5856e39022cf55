import asyncio
from collections.abc import AsyncIterable, Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.contract import (
    AvatarRequest,
    Carried,
    Inline,
    LipSync,
    MediaError,
    NotFound,
    Size,
    SpeechRequest,
    Stretch,
    Upload,
    Url,
    voices_of,
)
from router.jobs.inputs import PIECE, packed, remake, unpacked
from router.store.media import Stored
from router.testing.stores import MemoryMedia

FACE = Inline(b"face", "image/png")
LENGTHS = st.none() | st.floats(0, 1e6)
URLS = st.builds(Url, st.text(), st.none() | st.sampled_from(["image", "audio", "video"]))
INLINES = st.builds(Inline, st.binary(max_size=30), st.sampled_from(["audio/wav", "video/mp4"]), LENGTHS)
SPOKEN = st.builds(
    SpeechRequest, text=st.text(), ref_audio=st.none() | URLS | INLINES, seed=st.none() | st.integers(0, 9)
)
NESTED: Any = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e6, 1e6) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
LIPS = st.builds(LipSync, active_speaker_detection=st.dictionaries(st.text(max_size=5), NESTED, max_size=3))


@st.composite
def requests(draw: Callable[..., Any]) -> AvatarRequest:
    """Requests of every shape, whose stretches may share voices."""
    voices = draw(st.lists(URLS | INLINES | SPOKEN, min_size=1, max_size=3))
    spans = draw(st.lists(st.tuples(st.floats(0, 99), st.floats(0, 99), st.sampled_from(voices)), max_size=3))
    return AvatarRequest(
        face=draw(URLS | INLINES),
        voice=voices[0],
        model=draw(st.none() | st.text()),
        size=draw(st.none() | st.sampled_from(Size)),
        stretches=tuple(Stretch(start=start, end=end, voice=voice) for start, end, voice in spans),
        lip_sync=draw(st.none() | LIPS),
        name=draw(st.none() | st.text()),
    )


async def spooled(request: AvatarRequest, folder: Path) -> AvatarRequest:
    """Put media of an even length into files, as the web layer does with large ones."""

    async def one(media: Carried) -> Carried:
        if isinstance(media, Upload) or media.size % 2:
            return media
        path = folder / f"spooled-{id(media)}"
        path.write_bytes(media.source)
        return Upload(path, media.size, media.media_type, media.seconds)

    return await remake(request, one)


async def in_memory(media: Carried) -> Inline:
    """Return media with its bytes, to be compared."""
    data = media.path.read_bytes() if isinstance(media, Upload) else media.source
    assert len(data) == media.size
    return Inline(data, media.media_type, media.seconds)


async def through(request: AvatarRequest, folder: Path) -> AvatarRequest:
    """Return a request as it comes back."""
    store = MemoryMedia()
    order, names = await packed(request, "video_1", store)
    assert sorted(store.kept) == sorted(names)
    return await unpacked(order, folder, store)


@given(requests())
@settings(max_examples=60, deadline=None)
def test_what_comes_back_is_what_was_asked(request: AvatarRequest) -> None:
    """A request of any shape survives, byte by byte; equal voices come back as one, and none is split in two."""

    async def there_and_back(folder: Path) -> None:
        back = await through(await spooled(request, folder), folder)
        assert await remake(back, in_memory) == request
        assert len(voices_of(back)) <= len(voices_of(request))

    with TemporaryDirectory() as folder:
        asyncio.run(there_and_back(Path(folder)))


@pytest.mark.parametrize(
    "shared",
    [Inline(b"v", "audio/wav", 2.0), Url("https://a.example/v.wav"), SpeechRequest(text="hi", ref_audio=FACE)],
    ids=["media", "url", "text"],
)
async def test_a_shared_voice_stays_one(tmp_path: Path, shared: Any) -> None:
    """What several stretches say is one object again, kept once: it is spoken and sent once."""
    other = Inline(b"w", "audio/wav")
    stretches = (shared, other, shared)
    request = AvatarRequest(
        face=FACE, voice=shared, stretches=tuple(Stretch(start=0.0, end=1.0, voice=voice) for voice in stretches)
    )
    back = await through(request, tmp_path)
    assert back.stretches[0].voice is back.stretches[2].voice is back.voice
    assert len(voices_of(back)) == 2


async def test_each_media_is_kept_once() -> None:
    """A request's media are kept under the job's name, numbered, however often they stand in it."""
    store = MemoryMedia()
    voice = Inline(b"v", "audio/wav")
    stretch = Stretch(start=0.0, end=1.0, voice=SpeechRequest(text="hi", ref_audio=voice))
    _, names = await packed(AvatarRequest(face=FACE, voice=voice, stretches=(stretch,)), "video_1", store)
    assert names == ("video_1-0", "video_1-1")
    assert store.kept == {"video_1-0": b"v", "video_1-1": b"face"}


async def test_a_large_file(tmp_path: Path) -> None:
    """A file of several pieces comes back whole, and where two need it, once over."""
    path = tmp_path / "spooled"
    path.write_bytes(content := bytes(range(256)) * (PIECE // 100))
    upload = Upload(path, len(content), "video/mp4")
    back = await through(AvatarRequest(face=upload, voice=upload), tmp_path)
    assert isinstance(back.face, Upload)
    assert back.face.path.read_bytes() == content


class Filling(MemoryMedia):
    """A store that has room for one, and an error for the next."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error

    async def put(
        self, name: str, chunks: AsyncIterable[bytes], media_type: str, sent: Callable[[int], None] = lambda _: None
    ) -> Stored:
        if self.kept:
            raise self.error
        return await super().put(name, chunks, media_type, sent)


@pytest.mark.parametrize("error", [MediaError("full", code="storage_full"), asyncio.CancelledError()])
async def test_a_store_that_fails_half_way(error: BaseException) -> None:
    """Of a request that could not be kept whole, or whose caller left, nothing is kept."""
    store = Filling(error)
    with pytest.raises(type(error)):
        await packed(AvatarRequest(face=FACE, voice=Inline(b"v", "audio/wav")), "video_1", store)
    assert store.kept == {}


async def test_an_upload_that_is_gone(tmp_path: Path) -> None:
    """A file that cannot be read leaves nothing of its request either."""
    store = MemoryMedia()
    with pytest.raises(FileNotFoundError):
        await packed(AvatarRequest(face=FACE, voice=Upload(tmp_path / "gone", 1, "audio/wav")), "video_1", store)
    assert store.kept == {}


# Faults on the way back ---------------------------------------------------------------------------


async def test_media_that_was_removed(tmp_path: Path) -> None:
    """An order whose media are gone is not made of what is left."""
    store = MemoryMedia()
    order, names = await packed(AvatarRequest(face=FACE, voice=FACE), "video_1", store)
    await store.remove(names[0])
    with pytest.raises(NotFound):
        await unpacked(order, tmp_path, store)


@pytest.mark.parametrize(("target", "code"), [("/dev/full", "storage_full"), ("/nowhere/file", "storage_failed")])
async def test_a_disk_that_fails(tmp_path: Path, target: str, code: str) -> None:
    """A full or broken disk is told as a store's fault, so that the job waits for it to be mended."""
    store = MemoryMedia()
    order, names = await packed(AvatarRequest(face=FACE, voice=Url("https://a.example/v.wav")), "video_1", store)
    (tmp_path / names[0]).symlink_to(target)
    with pytest.raises(MediaError) as caught:
        await unpacked(order, tmp_path, store)
    assert caught.value.code == code
