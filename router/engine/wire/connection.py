"""One connection: it carries one request at a time, and is closed as soon as anything about it is not as it should be."""

import asyncio
import os
import select
import struct
from collections.abc import Callable
from contextlib import suppress
from socket import SO_LINGER, SOL_SOCKET
from typing import IO, Final, cast

import httpx

from router.engine.wire.address import Origin
from router.engine.wire.reading import Reading
from router.engine.wire.request import Request
from router.engine.wire.silence import Silence
from router.engine.wire.upload import upload
from router.loop.outbox import gathering

HELD: Final = 64 * 1024
"""Bytes of an answer that may wait to be read before the vendor is made to wait."""
STRETCH: Final = 1024 * 1024
"""Bytes of a file that the system sends at a time, which takes it a quarter of a millisecond."""
NOT_LINGERING: Final = struct.pack("ii", 1, 0)
"""With this, closing a socket sends RST and drops what was not sent yet."""


class Connection(asyncio.BufferedProtocol):
    """A connection to `origin`. `free` is called with it when an exchange is over, once for each that was begun.

    What comes is read into `space`, which connections may share: it is empty again before the event loop goes on.
    """

    def __init__(self, origin: Origin, silence: float, space: memoryview, free: Callable[["Connection"], None]) -> None:
        self.origin = origin
        self.free = free
        self._space = space
        self.open = True
        self.used = False
        self.since = 0.0
        self.loop = asyncio.get_running_loop()
        self._reading: Reading | None = None
        self._upload: asyncio.Task[None] | None = None
        self._room: asyncio.Future[None] | None = None
        self.paused = self._full = False
        self._unheard = Silence(silence, self._listens, lambda: self._fail(httpx.ReadTimeout("no answer comes")))
        self._untaken = Silence(silence, self._stuck, lambda: self._fail(httpx.WriteTimeout("the upload is not taken")))

    # What is done with it.

    def begin(self, request: Request) -> Reading:
        """Send a request; return its answer, which is still to come."""
        self.used = True
        self._reading = reading = Reading(request.method)
        if not self.open:
            self._fail(httpx.ConnectError("the connection was closed as soon as it was made"))
            return reading
        self._transport.write(request.begun)
        if request.rest is not None:
            self._upload = asyncio.ensure_future(upload(self, request.rest, request.length))
            self._upload.add_done_callback(self._uploaded)
        return reading

    def more(self, reading: Reading) -> asyncio.Future[None]:
        """Return what is done once something happens to an answer: more of it, its end or a fault."""
        arrival = reading.awaited(self.loop)
        if self._upload is None:
            self._unheard.begin()
        return arrival

    def write(self, piece: bytes) -> None:
        """Send a piece of an upload; `room` says when the next one may follow."""
        self._transport.write(piece)

    def splice(self, file: IO[bytes], at: int, size: int) -> int:
        """Have the system send a stretch of a file after all that was written; return how much of it went, if any did."""
        if self.open and not self.origin.tls and not self._transport.get_write_buffer_size():
            with suppress(OSError):  # no room, no connection or no real file: who then writes a piece will see
                out = self._transport.get_extra_info("socket").fileno()
                return os.sendfile(out, file.fileno(), at, min(size, STRETCH))
        return 0

    async def room(self) -> None:
        """Wait until the vendor has taken enough of what was written."""
        if self._full:
            self._room = self.loop.create_future()
            self._untaken.begin()
            try:
                await self._room
            finally:
                self._room = None

    def resume(self) -> None:
        """Let the vendor go on, which was made to wait (`paused`) for a reader."""
        self.paused = False
        self._transport.resume_reading()

    async def leave(self, reading: Reading) -> None:
        """Cut the connection if the answer is still coming; return once the upload has let go of what it reads."""
        if self._reading is reading:
            sending = self._upload
            self._fail(httpx.ReadError("the answer was left"))
            if sending is not None:
                await asyncio.wait({sending})

    def quiet(self) -> bool:
        """Whether it can be used again: it is open, and the system holds nothing that came unasked, be it an end."""
        return self.open and not self._poll.poll(0)

    def close(self) -> None:
        """Close it; an exchange that is under way fails, also one that nothing but the connection's end would bound."""
        self._fail(httpx.ReadError("the connection was closed"))
        self._shut()

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It stands."""
        self._transport = gathering(cast("asyncio.Transport", transport))
        self._poll = select.poll()
        self._poll.register(transport.get_extra_info("socket").fileno(), select.POLLIN)

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - the loop's own signature
        """Return where to put what comes."""
        return self._space

    def buffer_updated(self, nbytes: int) -> None:
        """Something came: of an answer, or unasked."""
        reading = self._reading
        if reading is None:
            self.close()
            return
        if reading.into is None:
            self._transport.outbox.owed += 1
        reading.feed(self._space[:nbytes])
        if reading.ended or reading.fault is not None:
            self._over(reading)
            reading.wake()
            return
        reading.wake()
        if reading.held > HELD and not self.paused:
            self.paused = True
            self._transport.pause_reading()
        if reading.into is not None:  # nobody was woken who would begin another wait
            self._unheard.heard()

    def eof_received(self) -> None:
        """The vendor has closed its side: nothing is left to be had here."""
        self._shut()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        self._end(exc)

    def pause_writing(self) -> None:
        """The vendor takes less than it is sent."""
        self._full = True

    def resume_writing(self) -> None:
        """The vendor has caught up."""
        self._full = False
        if self._room is not None and not self._room.done():
            self._room.set_result(None)

    # How an exchange ends.

    def _shut(self) -> None:
        self._transport.abort()
        self._end(None)

    def _end(self, error: Exception | None) -> None:
        self.open = False
        self._unheard.close()
        self._untaken.close()
        if (reading := self._reading) is not None:
            reading.close(error)
            self._over(reading)
            reading.wake()

    def _fail(self, fault: Exception) -> None:
        if (reading := self._reading) is not None:
            reading.fail(fault)
            self._over(reading)
            reading.wake()

    def _over(self, reading: Reading) -> None:
        self._reading = None
        if (sending := self._upload) is not None:
            if went_well(sending):
                self._upload = None  # though the loop has not called `_uploaded` yet
            else:
                sending.cancel()
        if reading.fault is not None:
            self._cut()
        elif not reading.lasting or self._upload is not None:
            self._shut()
        elif self.paused:
            self.resume()
        self.free(self)

    def _cut(self) -> None:
        """Close it at once: by itself a transport would first deliver what it was given, to one who may never read."""
        if self.open:
            self._transport.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, NOT_LINGERING)
        self._shut()

    # Whether it waits for the vendor.

    def _listens(self) -> bool:
        return self._upload is None and self._reading is not None and self._reading.waited

    def _stuck(self) -> bool:
        return self._room is not None

    def _uploaded(self, task: asyncio.Task[None]) -> None:
        if task.cancelled() or task is not self._upload:
            return
        self._upload = None
        fault = task.exception()
        if isinstance(fault, Exception):
            self._fail(fault)
        elif self._listens():
            self._unheard.begin()


def went_well(task: asyncio.Task[None]) -> bool:
    """Whether a task has come to its end, and a good one."""
    return task.done() and not task.cancelled() and task.exception() is None
