"""Sends the pieces of all paced answers when they are due, by one timer."""

import asyncio
import heapq
import time
from typing import Final

from benchmarks.gateways.marks import mark
from benchmarks.gateways.vendor.answers import Paced, framed

GRAIN: Final = 0.001
LAST: Final = b"0\r\n\r\n"


class Stream:
    """One answer on its way, and when the next piece is due."""

    def __init__(self, answer: Paced, transport: asyncio.Transport, began: float) -> None:
        self.answer = answer
        self.transport = transport
        self.due = began
        self.left = answer.pieces

    def __lt__(self, other: "Stream") -> bool:
        return self.due < other.due

    def send(self) -> bool:
        """Send a piece and return whether there are more."""
        if self.transport.is_closing():
            return False
        self.left -= 1
        piece = framed(self.answer.piece + mark(self.due))
        self.transport.write(piece if self.left else piece + LAST)
        self.due += self.answer.beat
        return self.left > 0


class Pacer:
    """The streams under way, the next one due first."""

    def __init__(self) -> None:
        self._streams: list[Stream] = []
        self._ticking = False

    def begin(self, answer: Paced, transport: asyncio.Transport) -> None:
        """Send the head and what opens the body now, and the first piece with it."""
        transport.write(answer.head + answer.opening)
        stream = Stream(answer, transport, time.monotonic())
        if stream.send():
            heapq.heappush(self._streams, stream)
            self._wake()

    def _wake(self) -> None:
        if not self._ticking and self._streams:
            self._ticking = True
            asyncio.get_running_loop().call_later(GRAIN, self._tick)

    def _tick(self) -> None:
        self._ticking = False
        now = time.monotonic()
        while self._streams and self._streams[0].due <= now:
            stream = self._streams[0]
            if stream.send():
                heapq.heapreplace(self._streams, stream)
            else:
                heapq.heappop(self._streams)
        self._wake()
