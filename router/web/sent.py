"""A file that a form brings: in memory while it is small, else on disk, and removed when nobody wants it any more."""

import asyncio
import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Final
from weakref import finalize

from router.store.disk import of_disk

HELD: Final = 256 * 1024
"""Bytes of a file that are held in memory; a longer one goes to disk, where a worker that looks at it need not be sent it."""
BATCH: Final = 512 * 1024
"""Bytes that go to disk at a time, or somewhat more: 64 uploads at once hold so much each, and a trip to a thread costs
as much as writing 100 KB."""


class Sent:
    """A file of `size` bytes: its `data` where it is small, else its `path`.

    Whoever reads a form writes it, then calls `finish`. Its file on disk goes with `discard`, or at the latest with
    this object, unless it was handed over.
    """

    def __init__(self) -> None:
        self.size = 0
        self.data = b""
        self.path: Path | None = None
        self._pieces: list[bytes] = []
        self._gathered = 0
        self._file: IO[bytes] | None = None
        self._removal: finalize[..., Sent] | None = None

    async def write(self, piece: bytes) -> None:
        """Append a piece; a thread writes to disk, and this returns when it has."""
        self._pieces.append(piece)
        self._gathered += len(piece)
        self.size += len(piece)
        if self._gathered >= (BATCH if self.path else HELD):
            await unbroken(self._spool, self._taken())

    async def finish(self) -> None:
        """Complete it."""
        rest = self._taken()
        if self.path is None:
            self.data = b"".join(rest)
        else:
            await unbroken(self._close, rest)

    def hand_over(self) -> Path | None:
        """Return the file on disk, if it is there, for whoever takes it to remove."""
        if self._removal is not None:
            self._removal.detach()
        return self.path

    def discard(self) -> None:
        """Remove what is on disk; a second time, or after it was handed over, this does nothing."""
        if self._removal is not None:
            self._removal()

    def _taken(self) -> list[bytes]:
        pieces, self._pieces, self._gathered = self._pieces, [], 0
        return pieces

    def _spool(self, batch: list[bytes]) -> None:
        if self._file is None:
            handle, name = tempfile.mkstemp(prefix="media-router-")
            self._file, self.path = os.fdopen(handle, "wb"), Path(name)
            self._removal = finalize(self, remove, self._file, self.path)
        self._file.writelines(batch)

    def _close(self, rest: list[bytes]) -> None:
        self._spool(rest)
        if self._file is not None:
            self._file.close()


def remove(file: IO[bytes], path: Path) -> None:
    """Remove a file, whether or not all of it could be written."""
    path.unlink(missing_ok=True)
    with suppress(OSError):
        file.close()


async def unbroken(work: Callable[[list[bytes]], None], batch: list[bytes]) -> None:
    """Work in a thread. Cancelled, this waits for the thread: nobody may close a file that it is writing.

    Raises what a store says that is full or broken.
    """
    working = asyncio.get_running_loop().run_in_executor(None, work, batch)
    try:
        await asyncio.shield(working)
    except asyncio.CancelledError:
        await asyncio.wait({working})
        raise
    except OSError as error:
        raise of_disk(error) from error
