"""HTTP/2 to callers, over TLS or by prior knowledge, as h2 reads and writes it (RFC 9113)."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final, cast

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    RemoteSettingsChanged,
    RequestReceived,
    StreamEnded,
    StreamReset,
    WindowUpdated,
)
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes
from uvicorn.config import Config
from uvicorn.server import ServerState

from router.server.connection import IDLE, Connection, Scope
from router.server.cycle import HELD
from router.server.head import Fields
from router.server.http2_stream import Stream
from router.server.target import NoTarget

CONFIGURATION: Final = H2Configuration(client_side=False, header_encoding=None)
STREAMS: Final = 128
"""Requests at once on one connection."""
WINDOW: Final = 1024 * 1024
"""Bytes of all bodies on a connection that may be on their way to the application."""
RESETS: Final = 1000
"""Requests that a caller may take back on one connection: to make and to drop them in masses is an attack (CVE-2023-44487)."""
ONE_CONNECTION: Final = frozenset({b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"})
"""Fields of HTTP/1.1 that HTTP/2 forbids (section 8.2.2)."""


class Http2(Connection, asyncio.Protocol):
    """A connection of a caller, with many requests at once."""

    def __init__(self, config: Config, server_state: ServerState, app_state: dict[str, Any], _loop: Any = None) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._h2 = H2Connection(CONFIGURATION)
        self._streams: dict[int, Stream] = {}
        self._resets = 0
        self._ending = False

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody called."""
        super().connection_made(transport)
        self._h2.initiate_connection()
        self._h2.update_settings({SettingCodes.MAX_CONCURRENT_STREAMS: STREAMS, SettingCodes.INITIAL_WINDOW_SIZE: HELD})
        self._h2.increment_flow_control_window(WINDOW)
        self._flush()
        if self.surplus:
            self._cut(ErrorCodes.ENHANCE_YOUR_CALM)

    def data_received(self, data: bytes) -> None:
        """Something came."""
        if self.transport.is_closing():
            return
        try:
            for event in self._h2.receive_data(data):
                if not self.transport.is_closing():
                    self._see(event)
        except ProtocolError:  # which h2 has told the caller
            self._cut()
            return
        self._flush()
        for stream in [*self._streams.values()]:
            stream.wake()
        self._end_if_over()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - gone is gone
        """The caller is gone; so is one who has closed no more than his own side."""
        self.state.connections.discard(self)
        self._leave()
        self.resume_writing()

    # What a stream calls.

    def acknowledge(self, size: int, number: int) -> None:
        """Let as much come again as the application has taken, or will not take any more."""
        if size:
            self._h2.acknowledge_received_data(size, number)
            self._flush()

    def begin(self, number: int, status: int, fields: Fields) -> None:
        """Send the head of an answer."""
        allowed = [field for field in fields if field[0] not in ONE_CONNECTION]
        self._h2.send_headers(number, [(b":status", b"%d" % status), *allowed])
        self._flush()

    def put(self, number: int, body: memoryview) -> int:
        """Send so many bytes as fit into the caller's windows and one frame; return how many that were."""
        size = min(len(body), self._h2.local_flow_control_window(number), self._h2.max_outbound_frame_size)
        if size <= 0:  # less, where a caller has taken a window back
            return 0
        self._h2.send_data(number, bytes(body[:size]))
        self._flush()
        return size

    def end(self, number: int, *, heard_out: bool) -> None:
        """End an answer well; whoever goes on sending a body that nobody reads is told to stop."""
        self._h2.end_stream(number)
        if not heard_out:
            self._h2.reset_stream(number, ErrorCodes.NO_ERROR)
        self._over(number)

    def reset(self, number: int) -> None:
        """End an answer badly."""
        self._h2.reset_stream(number, ErrorCodes.INTERNAL_ERROR)
        self._over(number)

    # What uvicorn's server calls.

    def shutdown(self) -> None:
        """End it after the answers that are under way; none is begun any more."""
        self._ending = True
        self._end_if_over()

    def expire(self) -> None:
        """Close it if nobody has asked for anything for too long."""
        if self._streams or self.idle() <= IDLE:
            return
        if self.transport.is_closing():  # and the caller does not take the rest
            self.transport.abort()
        else:
            self.shutdown()

    # How it is done.

    def _see(self, event: Event) -> None:
        match event:
            case RequestReceived():
                self._take(event.stream_id, cast("Sequence[tuple[bytes, bytes]]", event.headers))
            case DataReceived():
                self._feed(event.stream_id, event.data, event.flow_controlled_length or 0)
            case StreamEnded():
                if stream := self._streams.get(event.stream_id):
                    stream.end()
            case StreamReset():
                self._dropped(event.stream_id)
            case WindowUpdated() | RemoteSettingsChanged():
                for stream in [*self._streams.values()]:
                    stream.widen()
            case ConnectionTerminated():  # after which h2 sends nothing
                self._cut()

    def _take(self, number: int, headers: Sequence[tuple[bytes, bytes]]) -> None:
        self.since = self.loop.time()
        if self._ending:
            self._h2.reset_stream(number, ErrorCodes.REFUSED_STREAM)  # it may be asked again elsewhere
            return
        try:
            scope = self._scope(headers)
        except NoTarget:
            self._h2.reset_stream(number, ErrorCodes.PROTOCOL_ERROR)
            return
        self._streams[number] = stream = Stream(self, number, scope)
        stream.start()

    def _scope(self, headers: Sequence[tuple[bytes, bytes]]) -> Scope:
        pseudo = {name: value for name, value in headers if name.startswith(b":")}
        fields = [(name, value) for name, value in headers if not name.startswith(b":")]
        host = [(b"host", pseudo[b":authority"])] if b":authority" in pseudo else []
        told = [*host, *(field for field in fields if not (host and field[0] == b"host"))]
        return self.scope_of("2", pseudo[b":method"], pseudo.get(b":path", b""), told)

    def _feed(self, number: int, piece: bytes, controlled: int) -> None:
        stream = self._streams.get(number)
        if stream is None:
            self.acknowledge(controlled, number)
        else:
            stream.feed(piece)
            self.acknowledge(controlled - len(piece), number)  # padding is nobody's

    def _dropped(self, number: int) -> None:
        if stream := self._streams.pop(number, None):
            stream.leave()
        self._resets += 1
        if self._resets > RESETS:
            self._cut(ErrorCodes.ENHANCE_YOUR_CALM)

    def _over(self, number: int) -> None:
        self.since = self.loop.time()
        self._streams.pop(number, None)
        self._flush()
        self._end_if_over()

    def _end_if_over(self) -> None:
        if self._ending and not self._streams and not self.transport.is_closing():
            self._cut(ErrorCodes.NO_ERROR)

    def _cut(self, why: ErrorCodes | None = None) -> None:
        """Close it, and say why if h2 has not; what is under way has nobody any more to go to."""
        self._leave()
        if why is not None:
            self._h2.close_connection(why)
        self._flush()
        self.transport.close()

    def _leave(self) -> None:
        streams, self._streams = self._streams, {}
        for stream in streams.values():
            stream.leave()

    def _flush(self) -> None:
        sent = self._h2.data_to_send()
        if sent and not self.transport.is_closing():
            self.transport.write(sent)
