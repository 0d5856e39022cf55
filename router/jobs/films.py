"""Films on disk: written beside the event loop, there whole or not at all."""

import asyncio
import errno
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Final, TypeVar

from router.contract import Clip, MediaError
from router.jobs.record import Film

T = TypeVar("T")

FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class Shelf:
    """A folder of films, named by their jobs' ids. It is made on opening and taken away, if empty, on closing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def open(self) -> None:
        """Make the folder, for nobody else to look into."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def close(self) -> None:
        """Take the folder away, unless somebody keeps something in it."""
        if not any(self.folder.iterdir()):
            self.folder.rmdir()

    def path(self, name: str) -> Path:
        """Return where a film is, or will be."""
        return self.folder / name

    async def keep(self, name: str, clip: Clip, sent: Callable[[int], None]) -> Film:
        """Write a clip to its end and only then give it its name; `sent` counts bytes as they come.

        Raises what the clip raises, and `MediaError` with code `storage_full` or `storage_failed`.
        """
        part, path = self.path(f"{name}.part"), self.path(name)
        try:
            reel = Reel(part)
            await on_disk(reel.open)
            try:
                async for chunk in clip.chunks:
                    await on_disk(partial(reel.append, chunk))
                    sent(len(chunk))
            finally:
                await on_disk(reel.close)
            await on_disk(partial(part.replace, path))
        except BaseException:
            await on_disk(partial(remove, part, path))
            raise
        return Film(path, reel.size, clip.media_type, f'"{reel.digest.hexdigest()[:32]}"')


class Reel:
    """A file in the making, with its size and its digest."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.digest = sha256()
        self.size = 0

    def open(self) -> None:
        """Begin an empty file."""
        self.file = self.path.open("wb")

    def append(self, chunk: bytes) -> None:
        """Write bytes."""
        self.file.write(chunk)
        self.digest.update(chunk)
        self.size += len(chunk)

    def close(self) -> None:
        """Write what is left and close."""
        self.file.close()


def remove(*paths: Path) -> None:
    """Remove files, of which any may be gone already."""
    for path in paths:
        path.unlink(missing_ok=True)


async def on_disk(work: Callable[[], T]) -> T:
    """Do file work in a thread. A cancellation waits for it, so that nobody works on the file meanwhile.

    Raises `MediaError` where the disk is full or broken; its text names no path.
    """
    doing = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(doing)
    except asyncio.CancelledError:
        await asyncio.gather(doing, return_exceptions=True)
        raise
    except OSError as error:
        if error.errno in FULL:
            raise MediaError("there is no room left to keep the film", code="storage_full", status=507) from error
        raise MediaError("the film could not be kept", code="storage_failed") from error
