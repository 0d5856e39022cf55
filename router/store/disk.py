"""Media in a folder: written and read beside the event loop, there whole or not at all, and safe from a power cut."""

import asyncio
import errno
import logging
import os
import time
from collections.abc import AsyncIterable, AsyncIterator, Callable
from contextlib import aclosing, suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self, TypeVar
from uuid import uuid4

from router.contract import MediaError, NotFound, Truncated
from router.store.media import PIECE, Stored, Tally, checked, failed, full, pieces

T = TypeVar("T")

FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
ABANDONED: Final = 24 * 3600.0
"""Seconds after which nobody is still writing to a file that is not finished."""

log = logging.getLogger(__name__)


class DiskStore:
    """A folder for nobody else to look into. Several processes may share it, and even write the same name at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def __aenter__(self) -> Self:
        """Make the folder, and clear away what processes that have died left unfinished."""
        await on_disk(self._open)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is held open."""

    def _open(self) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for part in self.folder.rglob("*.part"):
            with suppress(FileNotFoundError):  # another process clears away as well
                if time.time() - part.stat().st_mtime > ABANDONED:
                    part.unlink()

    async def put(
        self, name: str, chunks: AsyncIterable[bytes], media_type: str, sent: Callable[[int], None] = lambda _: None
    ) -> Stored:
        """Write to the end of `chunks`, and return when a power cut can do no more harm."""
        reel = Reel(self.folder / checked(name))
        try:
            await on_disk(reel.open)
            async with aclosing(pieces(chunks)) as gathered:
                async for piece in gathered:
                    await on_disk(partial(reel.append, piece))
                    sent(len(piece))
            await on_disk(reel.finish)
        except BaseException:
            await on_disk(reel.discard)
            raise
        return reel.tally.stored(name, media_type)

    async def read(self, name: str, start: int = 0, length: int | None = None) -> "FileStream":
        """Open the file at a byte."""
        path = self.folder / checked(name)
        return FileStream(await on_disk(partial(opened, path, start)), length)

    async def remove(self, *names: str) -> None:
        """Remove files, of which any may be gone already."""
        paths = [self.folder / checked(name) for name in names]
        await on_disk(partial(unlink, *paths))

    async def link(self, name: str, seconds: float) -> str | None:  # noqa: ARG002 - nobody else can serve a file of ours
        """There is no such thing."""
        return None


class Reel:
    """A file in the making: under a name of its own beside its place, which it takes when it is finished."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.part = path.with_name(f"{path.name}.{uuid4().hex}.part")
        self.tally = Tally()
        self.file: IO[bytes] | None = None

    def open(self) -> None:
        """Begin an empty file."""
        if not self.path.parent.exists():
            self.path.parent.mkdir(mode=0o700, exist_ok=True)
            synced(self.path.parent.parent)
        self.file = self.part.open("xb")

    def append(self, piece: bytes) -> None:
        """Write bytes."""
        if self.file is None:
            raise ValueError("the file has not been opened")
        self.file.write(piece)
        self.tally.add(piece)

    def finish(self) -> None:
        """Have the disk keep the bytes, then the name: only in this order can no cut leave a name without its bytes."""
        if self.file is None:
            raise ValueError("the file has not been opened")
        with self.file:
            self.file.flush()
            os.fsync(self.file.fileno())
        self.part.replace(self.path)
        synced(self.path.parent)

    def discard(self) -> None:
        """Leave nothing behind."""
        if self.file is not None:
            with suppress(OSError):  # what is not yet written, on a disk that is full
                self.file.close()
        unlink(self.part)


class FileStream:
    """Bytes of an open file, `length` of them or all there are. Raises `Truncated` where they cannot be read."""

    def __init__(self, file: IO[bytes], length: int | None) -> None:
        self.file = file
        self.length = length

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = self.length
        while left is None or left > 0:
            piece = await self._piece(PIECE if left is None else min(PIECE, left))
            if not piece and left is None:
                return
            if not piece:
                raise Truncated("media that was kept has lost its end")
            left = None if left is None else left - len(piece)
            yield piece

    async def _piece(self, size: int) -> bytes:
        try:
            return await asyncio.to_thread(self.file.read, size)
        except OSError as error:
            log.error("media cannot be read on: %s", error)  # noqa: TRY400 - the stack is ours
            raise Truncated("media that was kept cannot be read on") from error

    async def aclose(self) -> None:
        """Close the file."""
        await asyncio.to_thread(self.file.close)


def opened(path: Path, start: int) -> IO[bytes]:
    """Open a file at a byte. Raises `NotFound`."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        raise NotFound("this media is not kept, or no longer") from None
    file.seek(start)
    return file


def unlink(*paths: Path) -> None:
    """Remove files, of which any may be gone already."""
    for path in paths:
        path.unlink(missing_ok=True)


def synced(folder: Path) -> None:
    """Have the disk keep the names in a folder."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


async def on_disk(work: Callable[[], T]) -> T:
    """Do file work in a thread. A cancellation waits for it, so that nobody works on the file meanwhile.

    Raises what a store says that is full or broken.
    """
    doing = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(doing)
    except asyncio.CancelledError:
        await asyncio.wait([doing])
        raise
    except OSError as error:
        raise of_disk(error) from error


def of_disk(error: OSError) -> MediaError:
    """Return what a store says that is full or broken, and log what only the operator may read."""
    log.error("media cannot be kept or read: %s", error)
    return full() if error.errno in FULL else failed()
