"""One request over HTTP/1.1 and its answer."""

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Final

from router.server.cycle import HELD, Cycle
from router.server.head import CHUNKED, CLOSED, CONTINUE, Fields, failed, head

if TYPE_CHECKING:
    from router.server.http1 import Http1

OURS: Final = frozenset({b"connection", b"transfer-encoding"})
"""What says how an answer is framed, and so is the server's alone to say."""
BODILESS: Final = frozenset({204, 304})


class Http1Cycle(Cycle):
    """A request and its answer; unless it is `lasting`, its connection ends with it.

    The answer's body is bounded by its length, by chunks or by the connection's end, or there is none (RFC 9112, section 6.3).
    """

    connection: "Http1"
    lasting = True
    _left: int | None = None
    _asked = _chunked = _mute = False
    _head = b""

    @property
    def sated(self) -> bool:
        """Whether no more of the body is to come for now: enough of it waits, or nobody has asked for any yet."""
        return self.held > HELD or not (self._asked or self.answered)

    def ask(self) -> None:
        """Let the rest come; a caller who waits to be told so is told (RFC 9110, section 10.1.1)."""
        if not self._asked:
            self._asked = True
            if not (self.ended or self.started) and self._expects():
                self.connection.transport.write(CONTINUE)
        self.connection.let_read()

    def begin(self, status: int, fields: Fields) -> None:
        """Have the head sent with what comes first of the body: alone it would wake the caller for nothing.

        Raises `ValueError`.
        """
        named = dict(fields)
        if not OURS.isdisjoint(named):
            self.lasting = self.lasting and b"connection" not in named
            fields = [field for field in fields if field[0] not in OURS]
        self._head = head(status, fields + self._framing(status, named.get(b"content-length")))

    def go_on(self, body: bytes, *, more: bool) -> Awaitable[None]:
        """Send a piece of the body. Raises `RuntimeError` if it does not end where it was to."""
        pieces = chunk(body, more=more) if self._chunked else self._plain(body, more=more)
        if self._head:
            pieces, self._head = (self._head, *pieces), b""
        if pieces:
            self.connection.transport.writelines(pieces)
        if not more:
            self.done()
            self.connection.answered(self)
        return self.connection.sent

    def break_off(self) -> None:
        """Close the connection before the last chunk, or short of the length."""
        self.lasting = False
        unsent = self._head if self.started else failed().answer()
        if unsent and not self.left:
            self.connection.transport.write(unsent)
        self.connection.answered(self)

    def _plain(self, body: bytes, *, more: bool) -> tuple[bytes, ...]:
        """Return a piece of a body that is bounded by its length or the connection's end, or is not to be sent at all."""
        if self._left is not None:
            self._left -= len(body)
            if self._left < 0 or (self._left and not more):
                raise RuntimeError(f"the answer differs from its length by {self._left} bytes")
        return (body,) if body and not self._mute else ()

    def _framing(self, status: int, length: bytes | None) -> Fields:
        """Settle where the body is to end, and return the fields that say so."""
        framing = []
        if status in BODILESS or self.scope["method"] == "HEAD":
            self._mute = True
        elif length is not None:
            self._left = int(length)
        elif self.scope["http_version"] == "1.1":
            self._chunked = True
            framing.append(CHUNKED)
        else:
            self.lasting = False
        if not self.lasting:
            framing.append(CLOSED)
        return framing

    def _expects(self) -> bool:
        return self.scope["http_version"] == "1.1" and any(
            name == b"expect" and value.lower() == b"100-continue" for name, value in self.scope["headers"]
        )


def chunk(body: bytes, *, more: bool) -> tuple[bytes, ...]:
    """Return a piece of a body as a chunk, and the last one if that was all; an empty one would say so too."""
    if body:
        return b"%x\r\n" % len(body), body, b"\r\n" if more else b"\r\n0\r\n\r\n"
    return () if more else (b"0\r\n\r\n",)
