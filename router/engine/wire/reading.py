"""An answer as it is read: what llhttp makes of its bytes, and what of that is taken for an answer."""

import asyncio
from collections import deque
from functools import lru_cache
from typing import Final

import httpx
from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

VERSIONS: Final = frozenset({"1.0", "1.1"})
HEADERS: Final = 128
"""How many an answer may have, trailers and those of interim answers included."""
LONGEST_HEADER: Final = 8190
"""Bytes. The name and the value of one."""
SILENT: Final = 64 * 1024
"""Bytes. How much may come without one of a body among them: headers, and what surrounds chunks."""
SMALL: Final = 16 * 1024
"""Bytes. To hand on a piece costs more than to copy one that is shorter."""
BODILESS: Final = frozenset({204, 304})
BROKEN: Final = (HttpParserError, HttpParserUpgrade)


class Reading:
    """One answer: it is `headed`, then it has `ended`, or there is a `fault`; pieces of its body wait in `chunks`.

    `held` is how many bytes of them there are, `begun` whether anything came at all, and `lasting` whether the
    connection may serve another request after it.
    """

    def __init__(self, method: str) -> None:
        self.bodiless = method == "HEAD"
        self.status = 0
        self.headers: dict[str, str] = {}
        self.chunks: deque[bytes] = deque()
        self.held = 0
        self.begun = self.headed = self.ended = self.lasting = False
        self.fault: Exception | None = None
        self._arrival: asyncio.Future[None] | None = None
        self._until_close = False
        self._count = 0
        self._silent = 0
        self._parser: HttpResponseParser | None = HttpResponseParser(self)

    def feed(self, piece: memoryview) -> None:
        """Read on."""
        if self._parser is None:
            return
        self.begun = True
        self._silent += len(piece)
        try:
            self._parser.feed_data(piece)
        except BROKEN as error:
            self._broke(error)
        if self._silent > SILENT and not self.ended:
            self.fail(httpx.RemoteProtocolError("headers without bounds"))
        if self.ended:
            self._parser = None  # it holds on to this object, which would wait for the collector otherwise

    def _broke(self, error: Exception) -> None:
        if self.ended:  # what follows an answer's end is no part of it
            self.lasting = False
        else:
            self.fail(httpx.RemoteProtocolError(type(error).__name__))

    def take(self) -> bytes:
        """Return the next piece; where several small ones wait, all of them as one."""
        if len(self.chunks) > 1 and self.held < SMALL * len(self.chunks):
            piece = b"".join(self.chunks)
            self.chunks.clear()
        else:
            piece = self.chunks.popleft()
        self.held -= len(piece)
        return piece

    def fail(self, fault: Exception) -> None:
        """Leave it at that; what came before is still handed on."""
        self.fault = fault
        self._parser = None

    def close(self, error: Exception | None) -> None:
        """Take note that no more will come: an end for a body that nothing else bounds, else a fault."""
        if self._until_close and error is None:
            self.ended = True
            self._parser = None
        elif self.headed:
            self.fail(httpx.ReadError("the answer was cut off"))
        else:
            self.fail(httpx.RemoteProtocolError("the connection was closed without an answer"))

    @property
    def waited(self) -> bool:
        """Whether somebody waits for more of it."""
        return self._arrival is not None and not self._arrival.done()

    def awaited(self, loop: asyncio.AbstractEventLoop) -> asyncio.Future[None]:
        """Return what is done once something happens to it."""
        if self.waited:
            raise RuntimeError("an answer is read by one at a time")
        self._arrival = loop.create_future()
        return self._arrival

    def wake(self) -> None:
        """Something happened to it."""
        if self._arrival is not None and not self._arrival.done():
            self._arrival.set_result(None)

    # What the parser calls; an exception raised here comes out of it as `HttpParserCallbackError`.

    def on_message_begin(self) -> None:
        """An answer begins."""
        if self.ended:
            raise ValueError("a second answer")

    def on_header(self, name: bytes, text: bytes) -> None:
        """A header is complete, or a trailer, which is counted and forgotten; those that come twice are joined."""
        self._count += 1
        if self._count > HEADERS or len(name) + len(text) > LONGEST_HEADER:
            raise ValueError("too many headers")
        if not self.headed:
            key, value = lowered(name), text.decode("utf-8", "replace")
            self.headers[key] = f"{self.headers[key]}, {value}" if key in self.headers else value

    def on_headers_complete(self) -> None:
        """All headers are in."""
        parser = self._parser
        if self.ended or parser is None:
            raise ValueError("a second answer")
        self.status = parser.get_status_code()
        if self.status < 200:
            return
        self.headed = True
        self._bound(parser.get_http_version(), self.headers.get("transfer-encoding"))

    def _bound(self, version: str, coding: str | None) -> None:
        """See where the body ends; what is ambiguous, or has a framing that nobody reads here, is refused."""
        if version not in VERSIONS:
            raise ValueError("not HTTP/1")
        if coding is not None and (coding.lower() != "chunked" or version == "1.0" or "content-length" in self.headers):
            raise ValueError("no known framing")
        if self.bodiless:
            self.ended = True  # its connection is not used again: the parser would take what comes next for a body
        elif self.status not in BODILESS:
            self._until_close = coding is None and "content-length" not in self.headers

    def on_body(self, piece: bytes) -> None:
        """A piece of the body came."""
        self._silent = 0
        self.held += len(piece)
        self.chunks.append(piece)

    def on_message_complete(self) -> None:
        """An answer has ended, or one of those that only announce it."""
        if self.status == 101:
            raise ValueError("nobody asked for another protocol")
        if self.status < 200:
            self.headers.clear()
        elif not self.ended and self._parser is not None:
            self.ended = True
            self.lasting = self._parser.should_keep_alive()


@lru_cache(maxsize=1024)
def lowered(name: bytes) -> str:
    """Return a header's name as we write it: vendors use the same few."""
    return name.decode("latin-1").lower()
