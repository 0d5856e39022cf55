"""Memory for what callers send, a bounded part of a process's own: who finds none free waits a moment, or goes by the disk."""

import asyncio
from collections import deque
from typing import Final

ROOM: Final = 28 * 1024 * 1024
"""Bytes: the longest recording by itself. One after another they stay in a processor's caches; two at once take 1.6 times the CPU."""
DISK: Final = 125e6
"""Bytes a second that a cloud's disk takes (the least of AWS' gp3). Nobody waits longer than that for somebody else to leave."""


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
    Where nobody does, because callers send slowly or vendors take their time, it is not: `disk` is how many bytes a second
    would be written meanwhile.
    """

    def __init__(self, size: int = ROOM, disk: float = DISK) -> None:
        self.size = self.free = size
        self._disk = disk
        self._leases: set[Lease] = set()
        self._queue: deque[Lease] = deque()
        self._left = 0

    async def take(self, size: int) -> Lease | None:
        """Return a lease of so many bytes, or None if there is no room, and not soon either."""
        if size > self.size:
            return None
        lease = Lease(self, size)
        self._queue.append(lease)
        self._admit()
        try:
            await self._waited(lease)
        except BaseException:
            lease.end()
            raise
        if lease.granted:
            return lease
        lease.end()
        return None

    def leave(self, lease: Lease) -> None:
        """End a lease."""
        if lease in self._leases:
            self._leases.remove(lease)
            self.free += lease.size
            self._left += 1
        elif lease in self._queue:
            self._queue.remove(lease)
        self._admit()

    async def _waited(self, lease: Lease) -> None:
        left = -1
        while not lease.granted and left != self._left:
            left = self._left
            await asyncio.wait((lease.turn,), timeout=lease.size / self._disk)

    def _admit(self) -> None:
        while self._queue and self._queue[0].size <= self.free:
            lease = self._queue.popleft()
            self.free -= lease.size
            self._leases.add(lease)
            lease.turn.set_result(None)
