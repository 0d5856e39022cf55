"""HTTP/1.1 to callers: what comes is read by llhttp, and becomes calls of an ASGI application in the same loop.

In place of uvicorn's own protocol (docs/adr/0025): a request costs a third of the CPU, a piece of a stream a fourth.
"""

import asyncio
import ssl
from collections import deque
from typing import Any, ClassVar, Final, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser
from uvicorn.config import Config
from uvicorn.server import ServerState

from router.server.cycle import HELD, Scope
from router.server.head import FAILED, HEADERS, LONGEST_HEAD, TOO_LONG, Refused, refusal
from router.server.http1_cycle import Http1Cycle
from router.server.target import NoTarget, Target, taken_apart

SPACE: Final = memoryview(bytearray(256 * 1024))
"""Where connections read to. They may share it: it is empty again before the event loop goes on."""
PREFACE: Final = b"PRI"
"""How HTTP/2 begins (RFC 9113, section 3.4), and no request of HTTP/1.1."""
IDLE: Final = 75.0
"""Seconds that a connection is kept for the next request: longer than load balancers keep theirs (60 s with AWS)."""
ARRIVING: Final = 30.0
"""Seconds that the head of a request may take, or the rest of a body which nobody wants any more."""


class Http1(asyncio.BufferedProtocol):
    """A connection of a caller. Requests are answered one after another, in the order in which they came."""

    alpn_protocols: ClassVar = ["h2", "http/1.1"]

    def __init__(self, config: Config, server_state: ServerState, app_state: dict[str, Any], _loop: Any = None) -> None:
        self.config = config
        self.app = config.loaded_app
        self.state = server_state
        self.app_state = app_state
        self.tasks = server_state.tasks
        self.loop: asyncio.AbstractEventLoop = _loop or asyncio.get_running_loop()
        self.full = False
        self._room: list[asyncio.Future[None]] = []
        self._waiting: deque[Http1Cycle] = deque()
        self._now: Http1Cycle | None = None
        self._coming: Http1Cycle | None = None
        self._heading = self._paused = False
        self._parser: HttpRequestParser | None = HttpRequestParser(self)
        self._fresh = True
        self._came = 0

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody called."""
        self.transport = cast("asyncio.Transport", transport)
        self.state.connections.add(self)  # type: ignore[arg-type]
        self.since = self.loop.time()
        peer, here = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
        secured: ssl.SSLObject | None = transport.get_extra_info("ssl_object")
        self._fixed = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.5"},
            "scheme": "https" if secured else "http",
            "client": tuple(peer[:2]) if peer else None,
            "server": tuple(here[:2]) if here else None,
            "root_path": "",
        }
        if secured is not None and secured.selected_alpn_protocol() == "h2":
            self._speak_http2(b"")

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - the loop's own signature
        """Return where to put what comes."""
        return SPACE

    def buffer_updated(self, nbytes: int) -> None:
        """Something came."""
        if self._parser is None:
            return
        came = SPACE[:nbytes]
        if self._fresh:
            self._fresh = False
            if came[: len(PREFACE)].tobytes() == PREFACE:
                self._speak_http2(came.tobytes())
                return
        self._came += nbytes
        try:
            self._parser.feed_data(came)
        except HttpParserUpgrade:
            self._upgrade()
        except HttpParserError as error:
            self._refuse(error.__context__ or Refused(400, "malformed_request", f"this is not HTTP/1.1: {error}"))
        if self._heading and self._came > LONGEST_HEAD:
            self._refuse(Refused(431, "headers_too_large", TOO_LONG))
        coming = self._coming
        if coming is not None:
            coming.wake()
        if self._waiting or (coming is not None and coming.held > HELD):
            self._pause()

    def eof_received(self) -> None:
        """The caller has closed his side, and so has gone: none waits for an answer on half a connection."""

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - gone is gone
        """The caller is gone."""
        self.state.connections.discard(self)
        self._parser = None
        self._paused = False
        for cycle in (self._now, self._coming, *self._waiting):
            if cycle is not None:
                cycle.leave()
        self._waiting.clear()
        self.resume_writing()

    def pause_writing(self) -> None:
        """The caller takes less than he is sent."""
        self.full = True

    def resume_writing(self) -> None:
        """The caller has caught up, or is gone."""
        self.full = False
        waiting, self._room = self._room, []
        for one in waiting:
            if not one.done():
                one.set_result(None)

    # What llhttp calls.

    def on_message_begin(self) -> None:
        """A request begins."""
        most = self.config.limit_concurrency
        if most is not None and len(self.state.connections) > most:
            raise Refused(503, "too_many_connections", f"the router holds {most} connections, as many as it may")
        self._heading = True
        self.since = self.loop.time()
        self._target = b""
        self._headers: list[tuple[bytes, bytes]] = []

    def on_url(self, piece: bytes) -> None:
        """A piece of the target came."""
        self._target += piece

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header came."""
        self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """All headers are there."""
        self._heading = False
        if len(self._headers) > HEADERS or (self._came > LONGEST_HEAD and self._size() > LONGEST_HEAD):
            raise Refused(431, "headers_too_large", TOO_LONG)
        parser = cast("HttpRequestParser", self._parser)
        self._upgrading = parser.should_upgrade()
        try:
            target = taken_apart(self._target)
        except NoTarget as error:
            raise Refused(400, "malformed_request", str(error)) from None
        version = parser.get_http_version()
        lasting = version == "1.1" and parser.should_keep_alive() and not self._upgrading
        scope = self._scope(parser.get_method().decode("ascii"), version, target)
        expects = (b"expect", b"100-continue") in self._headers
        self._coming = cycle = Http1Cycle(self, scope, lasting=lasting, expects=expects)
        if self._upgrading and self._is_socket():
            return
        if self._now is None:
            self._begin(cycle)
        else:
            self._waiting.append(cycle)

    def on_body(self, piece: bytes) -> None:
        """A piece of a body came."""
        cast("Http1Cycle", self._coming).feed(piece)

    def on_message_complete(self) -> None:
        """A request is complete."""
        cycle = cast("Http1Cycle", self._coming)
        cycle.end()
        cycle.wake()
        self._coming = None
        self._came = 0

    # What a cycle calls.

    async def room(self) -> None:
        """Wait until the caller has taken enough of what was sent, or is gone."""
        while self.full:
            waiting = self.loop.create_future()
            self._room.append(waiting)
            await waiting

    def let_read(self) -> None:
        """Let more come."""
        if self._paused and not self._waiting:
            self._paused = False
            self.transport.resume_reading()

    def answered(self, cycle: Http1Cycle) -> None:
        """An answer is out: the next request's turn, if there is one."""
        self.state.total_requests += 1
        self.since = self.loop.time()
        self._now = None
        if not cycle.lasting:
            self._waiting.clear()
            self._end()
        elif self._waiting:
            self._begin(self._waiting.popleft())
        self.let_read()

    # What uvicorn's server calls.

    def shutdown(self) -> None:
        """End it after the answer that is under way."""
        if self._now is None:
            self.transport.close()
        else:
            self._now.lasting = False

    def expire(self) -> None:
        """Close it if nobody has asked for anything for too long, or has not come to an end with asking."""
        if self._now is not None:
            return
        arriving = self._heading or self._coming is not None
        if self.loop.time() - self.since > (ARRIVING if arriving else IDLE):
            if self._heading:
                self.transport.write(refusal(408, "request_timeout", f"a request's head may take {ARRIVING:g} seconds"))
            self._end()

    # How it is done.

    def _size(self) -> int:
        return len(self._target) + sum(len(name) + len(value) for name, value in self._headers)

    def _scope(self, method: str, version: str, target: Target) -> Scope:
        return {
            **self._fixed,
            "http_version": version,
            "method": method,
            "path": target.path,
            "raw_path": target.raw,
            "query_string": target.query,
            "headers": self._headers,
            "state": self.app_state.copy(),
        }

    def _begin(self, cycle: Http1Cycle) -> None:
        self._now = cycle
        cycle.start()

    def _pause(self) -> None:
        if not self._paused:
            self._paused = True
            self.transport.pause_reading()

    def _end(self) -> None:
        self._parser = None
        self.transport.close()

    def _refuse(self, why: BaseException) -> None:
        """Say what is wrong, unless an answer is under way, which is cut then: its request may be the one that broke."""
        self._parser = None
        self._heading = False
        if self._now is not None:
            self.transport.abort()
            return
        self.transport.write(why.answer if isinstance(why, Refused) else refusal(500, "internal_error", FAILED))
        self.transport.close()

    def _is_socket(self) -> bool:
        return (b"upgrade", b"websocket") in [(name, value.lower()) for name, value in self._headers]

    def _upgrade(self) -> None:
        """Go on as a WebSocket; what else a caller would rather speak is not offered, and he is answered as he came."""
        if not self._is_socket():
            return
        self.state.connections.discard(self)
        lines = [b"GET ", self._target, b" HTTP/1.1\r\n"]
        for name, value in self._headers:
            lines += (name, b": ", value, b"\r\n")
        socket = cast("Any", self.config.ws_protocol_class)(self.config, self.state, self.app_state)
        self._switch(socket, b"".join((*lines, b"\r\n")))

    def _speak_http2(self, begun: bytes) -> None:
        from router.server.http2 import Http2  # noqa: PLC0415 - few speak it, and to import it takes a twentieth of a start

        self.state.connections.discard(self)
        self._switch(Http2(self.config, self.state, self.app_state, self.loop), begun)

    def _switch(self, protocol: Any, begun: bytes) -> None:
        self._parser = None
        self.transport.set_protocol(protocol)
        protocol.connection_made(self.transport)
        if begun:
            protocol.data_received(begun)
