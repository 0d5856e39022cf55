"""What many connections send in one turn of the event loop, written together at its end: docs/adr/0026-writing-together.md."""

import asyncio
import logging
from collections.abc import Iterable
from typing import Any, Final

from router.loop.here import one_per_loop

LOG: Final = logging.getLogger(__name__)
TOGETHER: Final = 8
"""Connections that write together. What more than these need does not stay in the caches either, and they need not wait for it."""
MOST: Final = 16
"""Pieces that may wait on a connection. When more are added, all is written at once: whoever goes on is to see that it is not taken."""
Piece = bytes | bytearray | memoryview


class Outbox:
    """The connections of one loop that have something to write.

    They write as soon as they are `TOGETHER`, and at the end of the loop's turn, or early in the next one; at once where all
    that is `owed` is there. Whoever has read what he is going to answer, or pass on, in this turn or the next owes one.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.waiting: list[Gathering] = []
        self.owed = 0
        self._due = False

    def add(self, one: "Gathering") -> None:
        """Have a connection write what it has soon."""
        waiting, owed = self.waiting, self.owed
        waiting.append(one)
        if owed:
            self.owed = owed - 1
        if owed == 1 or len(waiting) >= TOGETHER:
            self._empty()
        elif not self._due:
            self._due = True
            self.loop.call_soon(self._turned)

    def _turned(self) -> None:
        self._due = False
        self.owed = 0  # what has not come by now was owed in vain
        if self.waiting:
            self._empty()

    def _empty(self) -> None:
        waiting, self.waiting = self.waiting, []
        for one in waiting:
            try:
                one.flush()
            except Exception:
                LOG.exception("a connection could not be written to")
                one.abort()


outbox_here: Final = one_per_loop(Outbox)
"""Returns the running loop's."""


class Gathering(asyncio.Transport):
    """A transport that writes once what it was given in a turn of the loop.

    What waits is written before the connection is closed, and dropped when it is aborted or was lost.
    """

    __slots__ = ("_pieces", "_transport", "outbox")

    def __init__(self, transport: asyncio.Transport, outbox: Outbox) -> None:
        self._transport = transport
        self.outbox = outbox
        self._pieces: list[Piece] = []

    def write(self, data: Piece) -> None:
        """Have a piece written."""
        self.writelines((data,))

    def writelines(self, list_of_data: Iterable[Piece]) -> None:
        """Have pieces written."""
        pieces = self._pieces
        if pieces:
            pieces += list_of_data
            if len(pieces) > MOST:
                self.flush()
        else:
            pieces += list_of_data
            self.outbox.add(self)

    def flush(self) -> None:
        """Write what waits now."""
        pieces = self._pieces
        if pieces:
            self._pieces = []
            if not self._transport.is_closing():
                self._transport.writelines(pieces)

    def get_write_buffer_size(self) -> int:
        """Write what waits, and return how many bytes the system has not taken."""
        self.flush()
        return self._transport.get_write_buffer_size()

    def write_eof(self) -> None:
        """Write what waits, and close the side that writes."""
        self.flush()
        self._transport.write_eof()

    def close(self) -> None:
        """Write what waits, and close."""
        self.flush()
        self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        self._pieces = []
        self._transport.abort()

    # The rest is as it was.

    def can_write_eof(self) -> bool:
        """Whether the side that writes can be closed alone."""
        return self._transport.can_write_eof()

    def is_closing(self) -> bool:
        """Whether it is closed, or about to be."""
        return self._transport.is_closing()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return something of the connection itself."""
        return self._transport.get_extra_info(name, default)

    def pause_reading(self) -> None:
        """Read no more for now."""
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Read on."""
        self._transport.resume_reading()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Have another protocol called."""
        self._transport.set_protocol(protocol)


def gathering(transport: asyncio.Transport) -> Gathering:
    """Return a transport that writes once in a turn of the running loop: this one, if it does."""
    return transport if isinstance(transport, Gathering) else Gathering(transport, outbox_here())
