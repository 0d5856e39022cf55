"""HTTP/1.1 to callers: what comes is read by llhttp, and becomes calls of an ASGI application in the same loop.

In place of uvicorn's own protocol (docs/adr/0025).
"""

import asyncio
from collections import deque
from http import HTTPStatus
from typing import Any, ClassVar, Final

from uvicorn.config import Config
from uvicorn.server import ServerState

from router.loop.awake import awake_here
from router.server.connection import IDLE, Connection
from router.server.head import Refused
from router.server.http1_cycle import Http1Cycle
from router.server.http1_reader import Reader

SPACE: Final = memoryview(bytearray(256 * 1024))
"""Where connections read to. They may share it: it is empty again before the event loop goes on."""
HEADS: Final = SPACE[: 64 * 1024]
"""Where they read heads to, and as much of a body: no more of it comes before somebody asks for it."""
PREFACE: Final = b"PRI"
"""How HTTP/2 begins (RFC 9113, section 3.4), and no request of HTTP/1.1."""
ARRIVING: Final = 30.0
"""Seconds that the head of a request may take, or the rest of a body which nobody wants any more."""
PARTING: Final = 0.5
"""Seconds that are left, once the port is closed, for the first request of a caller who was let in before."""
PIPELINED: Final = 64
"""Requests that may wait for those before them to be answered."""


class Http1(Connection, asyncio.BufferedProtocol):
    """A connection of a caller. Requests are answered one after another, in the order in which they came."""

    alpn_protocols: ClassVar = ["h2", "http/1.1"]

    def __init__(self, config: Config, server_state: ServerState, app_state: dict[str, Any], _loop: Any = None) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._reader = Reader(self)
        self._now: Http1Cycle | None = None
        self._waiting: deque[Http1Cycle] = deque()
        self._fresh = True
        self.awake = awake_here()
        self._paused = self._ending = False

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody called."""
        super().connection_made(transport)
        secured = transport.get_extra_info("ssl_object")
        if secured is not None and secured.selected_alpn_protocol() == "h2":
            self._speak_http2(b"")

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - the loop's own signature
        """Return where to put what comes."""
        return HEADS if self._reader.coming is None else SPACE

    def buffer_updated(self, nbytes: int) -> None:
        """Something came."""
        came = SPACE[:nbytes]
        if self._fresh:
            self._fresh = False
            if came[: len(PREFACE)].tobytes() == PREFACE:
                self._speak_http2(came.tobytes())
                return
            if self.surplus:
                self._refuse(Refused(503, "too_many_connections", "the router holds as many connections as it may"))
                return
        self.transport.outbox.owed += 1
        try:
            self._reader.read(came)
        except Refused as why:
            self._refuse(why)
        coming = self._reader.coming
        if coming is not None:
            coming.wake()
        if self._waiting or (coming is not None and coming.sated):
            self._pause()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - gone is gone
        """The caller is gone; so is one who has closed no more than his own side."""
        self.state.connections.discard(self)
        self._paused = False
        for cycle in (self._now, self._reader.stop(), *self._waiting):
            if cycle is not None:
                cycle.leave()
        self._waiting.clear()
        self.resume_writing()

    # What its reader calls.

    def asked(self, cycle: Http1Cycle) -> None:
        """The head of a request is there. Raises `Refused` if too many are."""
        if self._ending:
            cycle.lasting = False
        if self._now is None:
            self._now = cycle
            cycle.start()
            self._expect()
        elif len(self._waiting) < PIPELINED:
            self._waiting.append(cycle)
        else:
            raise Refused(400, "too_many_requests", f"{PIPELINED} requests may wait on a connection")

    def speak_websocket(self, begun: bytes) -> None:
        """Go on as a WebSocket, which begins with these bytes. Raises `Refused` while answers are under way."""
        from uvicorn.protocols.websockets.websockets_sansio_impl import (  # noqa: PLC0415 - see `listening.LATER`
            WebSocketsSansIOProtocol,
        )

        if self._now is not None:
            raise Refused(400, "malformed_request", "a WebSocket takes the whole connection")
        self._switch(WebSocketsSansIOProtocol(self.config, self.state, self.app_state, self.loop), begun)

    # What a cycle calls.

    def let_read(self) -> None:
        """Let more come."""
        if self._paused and not self._waiting:
            self._paused = False
            self.transport.resume_reading()

    def answered(self, cycle: Http1Cycle) -> None:
        """An answer is out: the next request's turn, if there is one."""
        if cycle is not self._now:  # the rest of it was malformed
            return
        self.since = self.loop.time()
        self._expect()
        self._now = None
        if not cycle.lasting:
            self._end()
        elif self._waiting:
            self._now = self._waiting.popleft()
            self._now.start()
        self.let_read()

    # What uvicorn's server calls.

    def shutdown(self) -> None:
        """End it after the answer that is under way, or after that to a request which may have been sent already."""
        self._ending = True
        if self._now is not None:
            self._now.lasting = False
        elif self._fresh or self._reader.heading:
            self.loop.call_later(PARTING, self._part)
        else:
            self.transport.close()

    def expire(self) -> None:
        """Close it if nobody has asked for anything for too long, or has not come to an end with asking."""
        reader = self._reader
        arriving = reader.heading or reader.coming is not None or reader.stopped
        if self._now is not None or self.idle() <= (ARRIVING if arriving else IDLE):
            return
        if reader.heading:
            self._refuse(Refused(408, "request_timeout", f"a request's head may take {ARRIVING:g} seconds"))
        else:
            self.transport.abort()

    # How it is done.

    def _expect(self) -> None:
        """A request began or ended. If it is the only one here, what follows may follow at once; others need not be looked for."""
        if len(self.state.tasks) == 1:
            self.awake.expect()

    def _part(self) -> None:
        if self._now is None:
            self.transport.close()

    def _pause(self) -> None:
        if not self._paused:
            self._paused = True
            self.transport.pause_reading()

    def _end(self) -> None:
        """Close it after the last answer."""
        self._waiting.clear()
        self._close(sending=self._reader.stop() is not None)

    def _refuse(self, why: Refused) -> None:
        """Say what is wrong with the last of the requests, unless others are still to be answered: then only these are."""
        broken = self._reader.stop()
        if broken is not None and broken in self._waiting:
            self._waiting.remove(broken)
        last = self._waiting[-1] if self._waiting else self._now
        if last is not None and last is not broken:
            last.lasting = False
            return
        self._now = None
        if broken is None or not broken.started:
            self.transport.write(why.answer())
        if broken is not None:
            broken.leave()
        self._close(sending=why.status < HTTPStatus.INTERNAL_SERVER_ERROR)

    def _close(self, *, sending: bool) -> None:
        """Close it; but hear out a caller who is still sending, or his system may drop what he was answered (RFC 9112, 9.6)."""
        if sending and not self._ending and self.transport.can_write_eof():
            self.transport.write_eof()
        else:
            self.transport.close()

    def _speak_http2(self, begun: bytes) -> None:
        from router.server.http2 import Http2  # noqa: PLC0415 - see `listening.LATER`

        self._switch(Http2(self.config, self.state, self.app_state, self.loop), begun)

    def _switch(self, protocol: Any, begun: bytes) -> None:
        """Leave the connection to another protocol, for which something may have come already."""
        self.state.connections.discard(self)
        self._reader.stop()
        self.transport.set_protocol(protocol)
        protocol.connection_made(self.transport)
        if begun:
            protocol.data_received(begun)
        if self._ending:
            protocol.shutdown()
