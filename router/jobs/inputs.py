"""The media of a request, kept beyond it: a job may have to be ordered by a process that never saw its caller."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from router.contract import AvatarRequest, Carried, Held, MediaRef, SpeechRequest, Upload, voices_of
from router.contract.limits import revoiced
from router.store.disk import of_disk, on_disk
from router.store.media import MediaStore

PIECE = 256 * 1024
"""Bytes read from disk at a time."""


async def packed(request: AvatarRequest, name: str, store: MediaStore) -> tuple[msgspec.Raw, tuple[str, ...]]:
    """Return a request as JSON, its media in the store, and their names there.

    Raises what the store raises; what was stored before is then gone again.
    """
    kept: list[str] = []

    async def keep(media: Carried) -> Upload:
        kept.append(f"{name}-{len(kept)}")
        content = Read(media.path) if isinstance(media, Upload) else Held(media.source)
        await store.put(kept[-1], content, media.media_type)
        return Upload(Path(kept[-1]), media.size, media.media_type, media.seconds)

    try:
        remade = await remake(request, keep)
    except BaseException:
        await store.remove(*kept)
        raise
    return msgspec.Raw(msgspec.json.encode(remade, enc_hook=str)), tuple(kept)


async def unpacked(order: msgspec.Raw, folder: Path, store: MediaStore) -> AvatarRequest:
    """Return the request that was packed, its media as files in `folder`. Raises what stores raise."""

    async def fetch(media: Carried) -> Upload:
        assert isinstance(media, Upload)  # noqa: S101 - nothing else is packed
        path = folder / media.path.name
        content = await store.read(media.path.name)
        try:
            await on_disk(partial(path.write_bytes, b""))
            async for chunk in content:
                await on_disk(partial(append, path, chunk))
        finally:
            await content.aclose()
        return msgspec.structs.replace(media, path=path)

    return await remake(united(msgspec.json.decode(order, type=AvatarRequest, dec_hook=as_path)), fetch)


def united(request: AvatarRequest) -> AvatarRequest:
    """Return a request in which equal voices are one object again, for what is one is spoken and sent once."""
    voices = voices_of(request)
    return revoiced(request, {id(one): voices[voices.index(one)] for one in voices})


async def remake(request: AvatarRequest, one: Any) -> AvatarRequest:
    """Return a request with each of its media, wherever it stands, remade by `one`, each once."""
    made: dict[int, Any] = {}

    async def of(media: MediaRef | SpeechRequest) -> Any:
        if isinstance(media, SpeechRequest):
            return (
                media
                if media.ref_audio is None
                else msgspec.structs.replace(media, ref_audio=await of(media.ref_audio))
            )
        if not isinstance(media, Carried):
            return media
        if id(media) not in made:
            made[id(media)] = await one(media)
        return made[id(media)]

    voices = {id(voice): await of(voice) for voice in voices_of(request)}
    return msgspec.structs.replace(revoiced(request, voices), face=await of(request.face))


def append(path: Path, chunk: bytes) -> None:
    """Add bytes to a file."""
    with path.open("ab") as file:
        file.write(chunk)


def as_path(kind: type, value: Any) -> Any:
    """Read back what `str` wrote of a path; what is of no kind in particular is what it is."""
    return Path(value) if kind is Path else value


class Read:
    """A file as a stream."""

    def __init__(self, path: Path) -> None:
        self.path = path

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with self.path.open("rb") as file:
            while chunk := await asyncio.to_thread(file.read, PIECE):
                yield chunk

    async def aclose(self) -> None:
        """Nothing is held open between pieces but by who reads."""


@contextmanager
def scratch() -> Iterator[Path]:
    """Yield a folder that is gone afterwards. Raises what a store says that is full or broken."""
    try:
        folder = Path(tempfile.mkdtemp(prefix="router-job-"))
    except OSError as error:
        raise of_disk(error) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
