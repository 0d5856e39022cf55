"""One connection that sends the same request over and over, and times the answers."""

import asyncio
import re
import time
from collections.abc import Iterator
from typing import Final, cast

from benchmarks.gateways.chunked import Chunked
from benchmarks.gateways.load.job import Job, Tally
from benchmarks.gateways.marks import Marks

END: Final = b"\r\n\r\n"
LENGTH: Final = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)
STATUS: Final = slice(9, 12)


class Caller(asyncio.Protocol):
    """Sends, reads to the end of the answer, and sends again until there is nothing more to do.

    `done` is set then, or when the connection is lost, which counts as a failure; so does any status but 200.
    """

    transport: asyncio.Transport

    def __init__(self, job: Job, request: bytes, tally: Tally) -> None:
        self.job = job
        self.request = request
        self.tally = tally
        self.done = asyncio.Event()
        self.sent = 0
        self._began = self._first = 0.0
        self._head = b""
        self._reading = False
        self._size = self._left = 0
        self._chunked: Chunked | None = None
        self._marks = Marks()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        self.transport = cast("asyncio.Transport", transport)
        self._ask()

    def connection_lost(self, exc: Exception | None) -> None:
        """End; in the middle of an answer that is a failure."""
        if not self.done.is_set():
            self._fail(f"lost: {exc}")

    def stop(self) -> None:
        """End now, whatever is under way; an answer that has not ended is not counted."""
        self.done.set()
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Take the next bytes of an answer."""
        if self._reading:
            self._read(data)
            return
        self._head += data
        if (end := self._head.find(END)) >= 0:
            head, rest = self._head[:end], self._head[end + len(END) :]
            if head[STATUS] != b"200":
                self._fail(f"{head[STATUS].decode()}: {rest[:200].decode(errors='replace')}")
                return
            self._begin(head)
            self._read(rest)

    def _ask(self) -> None:
        self.sent += 1
        self._head = b""
        self._reading = False
        self._first = 0.0
        self._size = 0
        self._began = time.monotonic()
        self.transport.write(self.request)

    def _begin(self, head: bytes) -> None:
        length = LENGTH.search(head)
        self._reading = True
        self._left = int(length[1]) if length else 0
        self._chunked = None if length else Chunked()
        self._marks = Marks()

    def _read(self, data: bytes) -> None:
        for one in self._content(data):
            self._size += one.stop - one.start
            if self.job.marked:
                self._note(data[one])
        if self._size and not self._first:
            self._first = time.monotonic()
        if self._chunked.ended if self._chunked else self._left <= 0:
            self._finish()

    def _content(self, data: bytes) -> Iterator[slice]:
        if self._chunked:
            yield from self._chunked.feed(data)
        else:
            self._left -= len(data)
            yield slice(0, len(data))

    def _note(self, part: bytes) -> None:
        now = time.monotonic()
        if self.job.begin <= now <= self.job.end:
            self.tally.late.extend(now - due for due in self._marks.feed(part))

    def _finish(self) -> None:
        now = time.monotonic()
        if self.job.begin <= now <= self.job.end:
            self.tally.first.append(self._first - self._began)
            self.tally.whole.append(now - self._began)
            self.tally.size += self._size
            self.tally.ended = now
        if now < self.job.end and self.sent != self.job.each:
            self._ask()
        else:
            self.stop()

    def _fail(self, why: str) -> None:
        self.tally.failures[why] = self.tally.failures.get(why, 0) + 1
        self.stop()
