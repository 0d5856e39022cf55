"""An answer as it is read: what llhttp makes of its bytes, and what of that is taken for an answer."""

import asyncio
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import httpx
from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from router.contract.streams import Into
from router.engine.wire.request import FRAMING

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

    `held` is how many bytes of them there are, and `lasting` whether the connection may serve another request after it.
    Whoever waits is not woken for pieces that `into` takes.
    """

    status = 0
    held = 0
    headed = ended = lasting = False
    fault: Exception | None = None
    into: Into | None = None
    _arrival: asyncio.Future[None] | None = None
    _of_others = 0
    _silent = 0

    def __init__(self, method: str) -> None:
        self.bodiless = method == "HEAD"
        self.headers: dict[str, str] = {}
        self.chunks: list[bytes] = []
        self._fields: list[tuple[bytes, bytes]] = []
        self._parser: HttpResponseParser | None = HttpResponseParser(self)

    def feed(self, piece: memoryview) -> None:
        """Read on."""
        parser = self._parser
        if parser is None:
            return
        self._silent += len(piece)
        try:
            parser.feed_data(piece)
        except BROKEN as error:
            self._broke(error)
        if self.ended:
            self._parser = None  # it holds on to this object, which would wait for the collector otherwise
        elif self._silent > SILENT:
            self.fail(httpx.RemoteProtocolError("headers without bounds"))

    def _broke(self, error: Exception) -> None:
        if self.ended:  # what follows an answer's end is no part of it
            self.lasting = False
        else:
            self.fail(httpx.RemoteProtocolError(type(error).__name__))

    def take(self) -> bytes:
        """Return the next piece; where several small ones wait, all of them as one."""
        chunks = self.chunks
        if len(chunks) > 1 and self.held >= SMALL * len(chunks):
            piece = chunks.pop(0)  # of a few: where many wait, they are small
            self.held -= len(piece)
        else:
            piece = b"".join(chunks)  # which copies nothing of a single one
            chunks.clear()
            self.held = 0
        return piece

    def fail(self, fault: Exception) -> None:
        """Leave it at that; what came before is still handed on."""
        self.fault = fault
        self._parser = None

    def close(self, error: Exception | None) -> None:
        """Take note that no more will come: an end for a body that nothing else bounds, else a fault."""
        if error is None and self._until_close():
            self.ended = True
            self._parser = None
        elif self.headed:
            self.fail(httpx.ReadError("the answer was cut off"))
        else:
            self.fail(httpx.RemoteProtocolError("the connection was closed without an answer"))

    @property
    def unheard(self) -> bool:
        """Whether the connection ended, and nothing had come at all."""
        return isinstance(self.fault, httpx.RemoteProtocolError) and not self._silent

    @property
    def waited(self) -> bool:
        """Whether somebody waits for more of it."""
        return self._arrival is not None and not self._arrival.done()

    def awaited(self, loop: asyncio.AbstractEventLoop) -> asyncio.Future[None]:
        """Return what is done once something happens to it."""
        if self._arrival is not None and not self._arrival.done():
            raise RuntimeError("an answer is read by one at a time")
        self._arrival = arrival = loop.create_future()
        return arrival

    def wake(self) -> None:
        """Something happened to it."""
        arrival = self._arrival
        if arrival is None or arrival.done():
            return
        try:
            if self.into is None or not self._poured(self.into):
                arrival.set_result(None)
        except Exception as error:  # noqa: BLE001 - a defect of whoever takes: he is to have it, not the event loop
            arrival.set_exception(error)

    def _poured(self, into: Into) -> bool:
        """Hand pieces on; return whether that is all there is to do."""
        if self.ended or self.fault is not None:
            return False
        while self.chunks:
            piece = self.take()
            if not into(piece):
                self.chunks.insert(0, piece)
                self.held += len(piece)
                return False
        return True

    # What the parser calls; an exception raised here comes out of it as `HttpParserCallbackError`.

    def on_message_begin(self) -> None:
        """An answer begins."""
        if self.ended:
            raise ValueError("a second answer")

    def on_header(self, name: bytes, text: bytes) -> None:
        """A header is complete, or a trailer, which is counted only."""
        self._fields.append((name, text))
        if self.headed:
            self._check_fields()

    def on_headers_complete(self) -> None:
        """All headers are in."""
        parser = self._parser
        if self.ended or parser is None:
            raise ValueError("a second answer")
        fields = self._fields
        if len(fields) > HEADERS or self._silent > LONGEST_HEADER:  # none is longer than all that came
            self._check_fields()
        self.status = status = parser.get_status_code()
        if status >= 200:
            self.headed = True
            self.headers = joined(fields[self._of_others :])
            check_framing(parser.get_http_version(), self.headers)
            self.ended = self.bodiless  # so ended, it is not `lasting`: the parser would take what follows for a body

    def on_body(self, piece: bytes) -> None:
        """A piece of the body came."""
        self._silent = 0
        self.held += len(piece)
        self.chunks.append(piece)

    def on_message_complete(self) -> None:
        """An answer has ended, or one of those that only announce it."""
        if self.status >= 200:
            if not self.ended and self._parser is not None:
                self.ended = True
                self.lasting = self._parser.should_keep_alive()
        elif self.status == 101:
            raise ValueError("nobody asked for another protocol")
        else:
            self._of_others = len(self._fields)

    def _check_fields(self) -> None:
        if len(self._fields) > HEADERS or max(map(length_of, self._fields)) > LONGEST_HEADER:
            raise ValueError("too many headers")

    def _until_close(self) -> bool:
        """Whether nothing but the connection's end bounds the body."""
        return self.headed and self.status not in BODILESS and self.headers.keys().isdisjoint(FRAMING)


def length_of(field: tuple[bytes, bytes]) -> int:
    """Return how many bytes a header has."""
    return sum(map(len, field))


def joined(fields: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return headers by name; those that came twice are one, with commas between (RFC 9110, section 5.3)."""
    headers = {lowered(name): text.decode("utf-8", "replace") for name, text in fields}
    if len(headers) < len(fields):
        for key in headers:
            headers[key] = ", ".join([text.decode("utf-8", "replace") for name, text in fields if lowered(name) == key])
    return headers


def check_framing(version: str, headers: dict[str, str]) -> None:
    """Raise `ValueError` where it is ambiguous where a body ends, or nobody here reads what says so."""
    if version not in VERSIONS:
        raise ValueError("not HTTP/1")
    coding = headers.get("transfer-encoding")
    if coding is not None and (coding.lower() != "chunked" or version == "1.0" or "content-length" in headers):
        raise ValueError("no known framing")


@lru_cache(maxsize=1024)
def lowered(name: bytes) -> str:
    """Return a header's name as we write it: vendors use the same few."""
    return name.decode("latin-1").lower()
