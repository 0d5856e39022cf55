"""What callers send over HTTP/1.1, read by llhttp into requests."""

import logging
from typing import TYPE_CHECKING, Final

from httptools import HttpParserCallbackError, HttpParserError, HttpParserUpgrade, HttpRequestParser

from router.server.head import HEADERS, LONGEST_HEAD, Fields, Refused, failed
from router.server.http1_cycle import Http1Cycle
from router.server.target import NoTarget

if TYPE_CHECKING:
    from router.server.http1 import Http1

LOG: Final = logging.getLogger(__name__)
VERSIONS: Final = frozenset({"1.0", "1.1"})


class Reader:
    """Reads a connection's requests, and hands it each as soon as its head is there; its body goes to the request itself.

    llhttp calls what begins with `on_`, and passes on what that raises. It refuses whatever two servers in a row could take
    for different requests (RFC 9112, section 11.2). What it does not bound is bounded here: a head, and all that is neither
    of a head nor of a body, such as trailers and the extensions of chunks.
    """

    def __init__(self, connection: "Http1") -> None:
        self.connection = connection
        self.heading = False
        self.coming: Http1Cycle | None = None
        self._parser: HttpRequestParser | None = HttpRequestParser(self)
        self._came = 0  # bytes since a head or a body ended, or a piece of a body came

    @property
    def stopped(self) -> bool:
        """Whether what comes is dropped."""
        return self._parser is None

    def stop(self) -> Http1Cycle | None:
        """Drop what comes from now on; return the request whose body was coming in, if one was."""
        broken, self.coming, self._parser, self.heading = self.coming, None, None, False
        return broken

    def read(self, came: memoryview | bytes) -> None:
        """Read on. Raises `Refused` for what cannot be served."""
        if self._parser is None:
            return
        self._came += len(came)
        try:
            self._parser.feed_data(came)
        except HttpParserUpgrade as end:
            self._upgrade(bytes(came[end.args[0] :]))
        except HttpParserCallbackError as error:
            raise refused(error.__context__) from None
        except HttpParserError as error:
            raise Refused(400, "malformed_request", f"this is not HTTP/1.1: {error}") from None
        if self._came > LONGEST_HEAD:
            raise too_long()

    def on_message_begin(self) -> None:
        """A request begins."""
        self.heading = True
        self._target = b""
        self._headers: Fields = []
        self.connection.since = self.connection.loop.time()

    def on_url(self, piece: bytes) -> None:
        """A piece of the target came."""
        self._target += piece

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header came; or a trailer, which goes nowhere."""
        self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """All headers are there."""
        self.heading = False
        if len(self._headers) > HEADERS or (self._came > LONGEST_HEAD and self._size() > LONGEST_HEAD):
            raise too_long()
        self._came = 0
        parser = self._parser
        if parser is None or parser.should_upgrade():  # llhttp stops at the end of this head, and `_upgrade` follows
            return
        self.coming = self._request(parser)
        self._headers = []
        self.connection.asked(self.coming)

    def on_body(self, piece: bytes) -> None:
        """A piece of a body came."""
        self._came = 0
        if self.coming is not None:
            self.coming.feed(piece)

    def on_message_complete(self) -> None:
        """A request is complete."""
        self._came = 0
        if self.coming is not None:
            self.coming.end()
            self.coming = None

    def _request(self, parser: HttpRequestParser) -> Http1Cycle:
        version = parser.get_http_version()
        if version not in VERSIONS:
            raise Refused(505, "http_version_not_supported", f"HTTP/{version} is not spoken here this way")
        hosts = [name for name, _ in self._headers].count(b"host")
        if hosts != 1 and (hosts or version == "1.1"):
            raise Refused(
                400, "malformed_request", f"a request names one host (RFC 9112, section 3.2), and not {hosts}"
            )
        try:
            scope = self.connection.scope_of(version, parser.get_method(), self._target, self._headers)
        except NoTarget as error:
            raise Refused(400, "malformed_request", str(error)) from None
        cycle = Http1Cycle(self.connection, scope)
        cycle.lasting = version == "1.1" and parser.should_keep_alive()
        return cycle

    def _size(self) -> int:
        return len(self._target) + sum(len(name) + len(value) for name, value in self._headers)

    def _upgrade(self, rest: bytes) -> None:
        """Go on as a WebSocket; what else a caller would rather speak is not offered, and he is answered as he came."""
        parser = self._parser
        if parser is None or parser.get_method() == b"CONNECT":
            raise Refused(400, "malformed_request", "this is no proxy")
        if (b"upgrade", b"websocket") in [(name, value.lower()) for name, value in self._headers]:
            self.connection.speak_websocket(self._head(parser, self._headers) + rest)
            return
        self._parser = HttpRequestParser(self)
        self.read(self._head(parser, [field for field in self._headers if field[0] != b"upgrade"]) + rest)

    def _head(self, parser: HttpRequestParser, headers: Fields) -> bytes:
        """Return the head of the request as it could have come, with these headers."""
        line = b"%b %b HTTP/%b" % (parser.get_method(), self._target, parser.get_http_version().encode())
        return b"\r\n".join((line, *map(b": ".join, headers), b"", b""))


def too_long() -> Refused:
    """Return what a head is refused with that is too long."""
    text = f"a request may have {HEADERS} headers, and {LONGEST_HEAD} bytes of them and its target"
    return Refused(431, "headers_too_large", text)


def refused(why: BaseException | None) -> Refused:
    """Return what a request is refused with whose reading raised an error."""
    if isinstance(why, Refused):
        return why
    LOG.error("the server failed to read a request", exc_info=why)
    return failed()
