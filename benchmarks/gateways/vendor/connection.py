"""One caller's connection: as much of HTTP/1.1 as gateways send, read with as little work as will do."""

import asyncio
import re
from typing import Final, cast

from benchmarks.gateways.chunked import Chunked
from benchmarks.gateways.vendor.answers import Answer, Answers, Paced, Poured, Whole
from benchmarks.gateways.vendor.pacer import LAST, Pacer

END: Final = b"\r\n\r\n"
LENGTH: Final = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)
CHUNKED: Final = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
EXPECTS: Final = re.compile(rb"\r\nexpect: *100-continue", re.IGNORECASE)
KEPT: Final = 4096
"""How much of a request's body is looked at; the rest is only counted."""
AHEAD: Final = 1_000_000
"""How many bytes may wait for a caller."""
REFUSED: Final = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"


class Connection(asyncio.Protocol):
    """Reads a request to its end, answers it, and waits for the next."""

    transport: asyncio.Transport

    def __init__(self, answers: Answers, pacer: Pacer) -> None:
        self.answers = answers
        self.pacer = pacer
        self._head = b""
        self._path = b""
        self._body = b""
        self._left = 0
        self._chunked: Chunked | None = None
        self._pouring: tuple[bytes, int] | None = None
        self._paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to answer."""
        self.transport = cast("asyncio.Transport", transport)
        self.transport.set_write_buffer_limits(high=AHEAD)

    def data_received(self, data: bytes) -> None:
        """Take the next bytes of a request."""
        if self._path:
            self._read(data)
            return
        self._head += data
        if (end := self._head.find(END)) >= 0:
            head, rest = self._head[:end], self._head[end + len(END) :]
            self._begin(head)
            self._read(rest)

    def _begin(self, head: bytes) -> None:
        self._head = self._body = b""
        self._path = head.split(b" ", 2)[1].partition(b"?")[0]
        length = LENGTH.search(head)
        self._left = int(length[1]) if length else 0
        self._chunked = Chunked() if CHUNKED.search(head) else None
        if EXPECTS.search(head):
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _read(self, data: bytes) -> None:
        if self._chunked is not None:
            data = b"".join([data[one] for one in self._chunked.feed(data)])
            ended = self._chunked.ended
        else:
            self._left -= len(data)
            ended = self._left <= 0
        if len(self._body) < KEPT:
            self._body += data[:KEPT]
        if ended:
            self._answer()

    def _answer(self) -> None:
        path, self._path = self._path, b""
        try:
            answer: Answer = self.answers.pick(path, self._body)
        except KeyError:
            self.transport.write(REFUSED)
            return
        match answer:
            case Whole(content):
                self.transport.write(content)
            case Paced():
                self.pacer.begin(answer, self.transport)
            case Poured(head, chunk, times):
                self.transport.write(head)
                self._pouring = (chunk, times)
                self.resume_writing()

    def pause_writing(self) -> None:
        """Wait: the caller does not keep up."""
        self._paused = True

    def resume_writing(self) -> None:
        """Pour on for as long as the caller keeps up."""
        self._paused = False
        while self._pouring and not self._paused:
            chunk, times = self._pouring
            self._pouring = (chunk, times - 1) if times > 1 else None
            self.transport.write(chunk if times > 1 else chunk + LAST)
