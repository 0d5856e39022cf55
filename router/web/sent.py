"""A file that a form brings: in memory if it is small or there is room, else on disk, and gone when nobody wants it any more."""

import asyncio
import math
import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Final
from weakref import finalize

from router.media import USUAL, plain
from router.store.disk import of_disk
from router.web.room import Lease

HELD: Final = 256 * 1024
"""Bytes of a file that are held in memory without a lease; a longer one goes to disk, where workers need not be sent it."""
BATCH: Final = 512 * 1024
"""Bytes that go to disk at a time, or somewhat more: 64 uploads at once hold so much each, and a trip to a thread costs
as much as writing 100 KB."""
MANY: Final = 1024
"""Pieces that are put together into one: a piece of a byte takes 42 in memory."""


class Sent:
    """A file of `size` bytes: its `path` if it is on disk, else its `pieces`, or the `whole` of them.

    Plain sound for which there is a lease is in memory, however long it is: no worker has to look at it.
    Whoever reads a form writes it, then calls `finish`. Its file on disk goes with `discard`, or at the latest with
    this object, unless it was handed over; the lease ends with `discard`, or as soon as there is nothing to hold.
    """

    def __init__(self, lease: Lease | None = None) -> None:
        self.size = 0
        self.path: Path | None = None
        self._lease = lease
        self._held: float = HELD
        self.pieces: list[bytes] = []
        self._gathered = self._joined = 0
        self._file: IO[bytes] | None = None
        self._removal: finalize[..., Sent] | None = None

    async def write(self, piece: bytes) -> None:
        """Append a piece; a thread writes to disk, and this returns when it has."""
        pieces = self.pieces
        pieces.append(piece)
        self._gathered += len(piece)
        self.size += len(piece)
        if len(pieces) - self._joined >= MANY:
            pieces[self._joined :] = [b"".join(pieces[self._joined :])]
            self._joined += 1
        if self._gathered < self._held:
            return
        if self.path is None:
            if self._lease is not None and plain(self.head(USUAL), self.size):
                self._held = math.inf
                return
            self._end()
            self._held = BATCH
        await unbroken(self._spool, self._taken())

    async def finish(self) -> None:
        """Complete it."""
        if self.path is not None:
            await unbroken(self._close, self._taken())

    @property
    def whole(self) -> bytes:
        """All of it, put together, where it is in memory."""
        return b"".join(self.pieces)

    def head(self, size: int) -> bytes:
        """Return its first bytes, at least so many if there are, where it is in memory."""
        head, pieces = b"", iter(self.pieces)
        while len(head) < size and (piece := next(pieces, None)) is not None:
            head += piece[:size]
        return head

    def hand_over(self) -> Path | None:
        """Return the file on disk, if it is there, for whoever takes it to remove."""
        if self._removal is not None:
            self._removal.detach()
        return self.path

    def discard(self) -> None:
        """Remove what is on disk; a second time, or after it was handed over, this does nothing."""
        if self._removal is not None:
            self._removal()
        self._end()

    def _end(self) -> None:
        if self._lease is not None:
            self._lease.end()

    def _taken(self) -> list[bytes]:
        pieces, self.pieces, self._gathered, self._joined = self.pieces, [], 0, 0
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
