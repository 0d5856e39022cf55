"""One request over HTTP/1.1 and its answer."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from router.server.cycle import Cycle, Message, Scope
from router.server.head import CHUNKED, CLOSED, CONTINUE, FAILED, head, refusal

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
    _left: int | None = None
    _chunked = _mute = False

    def __init__(self, connection: "Http1", scope: Scope, *, lasting: bool, expects: bool) -> None:
        super().__init__(connection, scope)
        self.lasting = lasting
        self._expects = expects

    def ask(self) -> None:
        """Let the rest come."""
        if self._expects:
            self._expects = False
            self.connection.transport.write(CONTINUE)
        self.connection.let_read()

    async def send(self, message: Message) -> None:
        """Send a part of the answer."""
        if self.connection.full:
            await self.connection.room()
        if self.left:
            return
        if message["type"] == "http.response.start" and not self.started:
            self._begin(message["status"], message.get("headers", ()))
        elif message["type"] == "http.response.body" and self.started and not self.answered:
            self._go_on(message.get("body", b""), more=message.get("more_body", False))
        else:
            raise RuntimeError(f"{message['type']} is out of place")

    def break_off(self) -> None:
        """Close the connection before the last chunk, or short of the length."""
        self.lasting = False
        if not (self.started or self.left):
            self.connection.transport.write(refusal(500, "internal_error", FAILED))
        self.connection.answered(self)

    def _begin(self, status: int, headers: Iterable[tuple[bytes, bytes]]) -> None:
        self.started = True
        self._expects = False
        fields = [*self.connection.state.default_headers, *headers]
        named = dict(fields)
        if named.keys() & OURS:
            self.lasting = self.lasting and b"connection" not in named
            fields = [field for field in fields if field[0] not in OURS]
        self.connection.transport.write(head(status, fields, self._framing(status, named)))

    def _framing(self, status: int, named: Mapping[bytes, bytes]) -> bytes:
        """Settle where the body is to end, and return the lines that say so."""
        length = named.get(b"content-length")
        framing = b""
        if self.scope["method"] == "HEAD" or status in BODILESS:
            self._mute = True
        elif length is not None:
            self._left = int(length)
        elif self.scope["http_version"] == "1.1":
            self._chunked = True
            framing = CHUNKED
        else:
            self.lasting = False
        return framing if self.lasting else framing + CLOSED

    def _go_on(self, body: bytes, *, more: bool) -> None:
        if self._left is not None:
            self._left -= len(body)
            if self._left < 0 or (self._left and not more):
                raise RuntimeError(f"the answer differs from its length by {self._left} bytes")
        self._write(body, more=more)
        if not more:
            self.done()
            self.connection.answered(self)

    def _write(self, body: bytes, *, more: bool) -> None:
        transport = self.connection.transport
        if self._chunked and body:
            transport.writelines((b"%x\r\n" % len(body), body, b"\r\n" if more else b"\r\n0\r\n\r\n"))
        elif self._chunked and not more:
            transport.write(b"0\r\n\r\n")
        elif body and not self._mute:
            transport.write(body)
