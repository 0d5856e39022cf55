"""One worker process, seen from the server."""

import asyncio
import os
import socket
import sys
from contextlib import suppress
from typing import Self

from router.media.frames import HEAD, Kind, frame

BUFFER = 64 * 1024
"""Bytes held for a reader that is slower than the job, beside what the kernel holds."""
GRACE = 0.25
"""Seconds a job has to stop of its own accord: a new process costs about one of CPU, most jobs stop in a thousandth."""


class Worker:
    """One process, our end of its socket pair, and the pipe by which it is told to stop."""

    def __init__(
        self,
        child: asyncio.subprocess.Process,
        streams: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        stop: int,
    ) -> None:
        self._child = child
        self._reader, self._writer = streams
        self._stop: int | None = stop
        self._head: tuple[int, int] | None = None

    @classmethod
    async def spawn(cls) -> Self:
        """Start a process; it imports a job's module when it first runs that job."""
        ours, theirs = socket.socketpair()
        listened, stop = os.pipe()
        try:
            try:
                # Its stderr is dropped: libraries write there what they like, callers' text included.
                child = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-m", "router.media.worker"),
                    stdin=theirs.fileno(),
                    stdout=listened,
                    stderr=asyncio.subprocess.DEVNULL,
                )
            finally:
                theirs.close()
                os.close(listened)
            streams = await asyncio.open_unix_connection(sock=ours, limit=BUFFER)
        except BaseException:
            ours.close()  # the process, if there is one, reads the end of its input and leaves
            os.close(stop)
            raise
        return cls(child, streams, stop)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._child.pid

    @property
    def alive(self) -> bool:
        """Whether the process is there to take a job."""
        return self._child.returncode is None and not self._reader.at_eof()

    def order(self, order: bytes, *, fed: bool) -> None:
        """Hand over a pickled (function, arguments); `fed`: nothing will follow.

        That is said at once, since a write to a process that has died takes with it what it had sent and nobody has read.
        """
        self._writer.writelines([*frame(Kind.JOB, order), *(frame(Kind.FEED_END, b"") if fed else ())])

    async def feed(self, kind: Kind, payload: bytes = b"") -> bool:
        """Send to the job's inbox, waiting while the job reads no further. False: nobody is there to read."""
        if self._writer.is_closing():
            return False
        self._writer.writelines(frame(kind, payload))
        try:
            await self._writer.drain()
        except OSError:
            return False
        return True

    async def read(self) -> tuple[Kind, bytes] | None:
        """Wait for a frame; None when the process is dead. A cancelled wait can be taken up again."""
        try:
            if self._head is None:
                self._head = HEAD.unpack(await self._reader.readexactly(HEAD.size))
            kind, size = self._head
            payload = await self._reader.readexactly(size)
        except (asyncio.IncompleteReadError, OSError):
            return None
        self._head = None
        return Kind(kind), payload

    async def stop(self) -> bool:
        """Ask the job to stop at its next item, and wait for that; False if it takes too long to be worth it."""
        if self._stop is None or not self.alive:
            return False
        os.write(self._stop, b".")
        try:
            async with asyncio.timeout(GRACE):
                await self.feed(Kind.FEED_END)  # it may be waiting for its inbox
                while (answer := await self.read()) is not None and answer[0] in (Kind.CHUNK, Kind.ITEM):
                    pass
        except (TimeoutError, RuntimeError):  # RuntimeError: somebody else is still waiting for the next item
            return False
        return answer is not None and answer[0] is not Kind.CRASH

    def kill(self) -> None:
        """End the process at once, whatever it is doing."""
        if self._child.returncode is None:
            self._child.kill()

    async def gone(self) -> None:
        """Kill the process and wait until it and its socket are no more."""
        self.kill()
        if self._stop is not None:
            os.close(self._stop)
            self._stop = None
        self._writer.transport.abort()
        await self._child.wait()
        with suppress(OSError):
            await self._writer.wait_closed()
