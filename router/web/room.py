"""Memory for what callers send, a bounded part of a process's own: who finds none free waits a moment, or goes by the disk."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

ROOM: Final = 28 * 1024 * 1024
"""Bytes: the longest recording by itself. One after another they stay in a processor's caches; two at once take 1.6 times the CPU."""
DISK: Final = 125e6
"""Bytes a second that a cloud's disk takes (the least of AWS' gp3)."""


class Lease:
    """A claim to `size` bytes of a room: first in a queue, then `granted`, until it ends."""

    def __init__(self, room: "Room", size: int) -> None:
        self.room = room
        self.size = size
        self.turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def granted(self) -> bool:
        """Whether it has been this one's turn."""
        return self.turn.done()

    def end(self) -> None:
        """Give back what it holds, or leave the queue; a second time this does nothing."""
        self.room.leave(self)


class Room:
    """Bytes that may be in memory at once, given out in the order in which they are asked for.

    It is worth waiting for as long as others leave, since each of them takes a fraction of the time that the disk would take.
    Where nobody does, because callers send slowly or vendors take their time, it is not, and nobody waits for longer than the disk
    would take, at `disk` bytes a second: as many times as long as there are on it with him, for they share it.
    """

    def __init__(self, size: int = ROOM, disk: float = DISK) -> None:
        self.size = self.free = size
        self._disk = disk
        self._inside: set[Lease] = set()
        self._on_disk = 0
        self._queue: deque[Lease] = deque()
        self._left = 0.0

    @asynccontextmanager
    async def place(self, size: int) -> AsyncIterator[Lease | None]:
        """Yield a lease of so many bytes, or None to whoever is to go by the disk, which he is on until the block ends."""
        lease = Lease(self, size)
        self._queue.append(lease)
        self._admit()
        try:
            await self._waited(lease)
        except BaseException:
            lease.end()
            raise
        if lease.granted:
            yield lease
            return
        lease.end()
        self._on_disk += 1
        try:
            yield None
        finally:
            self._on_disk -= 1

    def leave(self, lease: Lease) -> None:
        """End a lease."""
        if lease in self._inside:
            self._inside.remove(lease)
            self.free += lease.size
            self._left = asyncio.get_running_loop().time()
        elif lease in self._queue:
            self._queue.remove(lease)
        self._admit()

    async def _waited(self, lease: Lease) -> None:
        now = asyncio.get_running_loop().time
        came = now()
        while not lease.granted and lease.size <= self.size:
            left = max(came, self._left) + lease.size * (1 + self._on_disk) / self._disk - now()
            if left <= 0:
                return
            await asyncio.wait((lease.turn,), timeout=left)

    def _admit(self) -> None:
        while self._queue and self._queue[0].size <= self.free:
            lease = self._queue.popleft()
            self.free -= lease.size
            self._inside.add(lease)
            lease.turn.set_result(None)
