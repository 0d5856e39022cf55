"""HTTP/2 to callers, over TLS or by prior knowledge, as h2 reads and writes it (RFC 9113)."""

import asyncio
from collections.abc import Iterable, Sequence
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

from router.server.cycle import HELD, Cycle, Message, Scope
from router.server.head import FAILED, told
from router.server.http1 import IDLE
from router.server.target import NoTarget, taken_apart

Fields = Sequence[tuple[bytes, bytes]]
CONFIGURATION: Final = H2Configuration(client_side=False, header_encoding=None)
STREAMS: Final = 128
"""Requests at once on one connection."""
WINDOW: Final = 1024 * 1024
"""Bytes of all bodies on a connection that may be on their way to the application."""
RESETS: Final = 1000
"""Requests that a caller may take back on one connection: to make and to drop them in masses is an attack (CVE-2023-44487)."""
ONE_CONNECTION: Final = frozenset({b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"})
"""Fields of HTTP/1.1 that HTTP/2 forbids (section 8.2.2)."""


class Stream(Cycle):
    """A request and its answer; an answer that has no end is reset."""

    connection: "Http2"

    def __init__(self, connection: "Http2", number: int, scope: Scope) -> None:
        super().__init__(connection, scope)
        self.number = number
        self._room: asyncio.Future[None] | None = None

    def ask(self) -> None:
        """Nothing is held back but by windows, which open as the body is taken."""

    def _taken(self) -> Message:
        taken = self.held
        message = super()._taken()
        self.connection.acknowledge(taken, self.number)
        return message

    async def send(self, message: Message) -> None:
        """Send a part of the answer."""
        if self.connection.full:
            await self.connection.room()
        if self.left:
            return
        if message["type"] == "http.response.start" and not self.started:
            self.started = True
            fields = [*self.connection.state.default_headers, *message.get("headers", ())]
            self.connection.begin(self.number, message["status"], fields)
        elif message["type"] == "http.response.body" and self.started and not self.answered:
            await self._go_on(message.get("body", b""), more=message.get("more_body", False))
        else:
            raise RuntimeError(f"{message['type']} is out of place")

    async def _go_on(self, body: bytes, *, more: bool) -> None:
        rest = memoryview(body if self.scope["method"] != "HEAD" else b"")
        while rest and not self.left:
            size = self.connection.put(self.number, rest)
            rest = rest[size:]
            if not size:
                self._room = self.connection.loop.create_future()
                await self._room
        if not (more or self.left):
            self.done()
            self.connection.end(self.number)

    def widen(self) -> None:
        """The caller takes more."""
        room, self._room = self._room, None
        if room is not None and not room.done():
            room.set_result(None)

    def leave(self) -> None:
        """The caller is gone, or wants no answer any more."""
        super().leave()
        self.widen()

    def break_off(self) -> None:
        """Reset it, or say that there is no answer."""
        if not (self.left or self.started):
            body = told("internal_error", FAILED, 500)
            self.connection.begin(self.number, 500, [(b"content-type", b"application/json")])
            self.connection.put(self.number, memoryview(body))
            self.connection.end(self.number)
        elif not self.left:
            self.connection.reset(self.number)


class Http2(asyncio.Protocol):
    """A connection of a caller, with many requests at once."""

    def __init__(self, config: Config, server_state: ServerState, app_state: dict[str, Any], _loop: Any = None) -> None:
        self.app = config.loaded_app
        self.state = server_state
        self.app_state = app_state
        self.tasks = server_state.tasks
        self.loop: asyncio.AbstractEventLoop = _loop or asyncio.get_running_loop()
        self.full = False
        self._writable = asyncio.Event()
        self._h2 = H2Connection(CONFIGURATION)
        self._streams: dict[int, Stream] = {}
        self._resets = 0
        self._ending = False

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody called."""
        self.transport = cast("asyncio.Transport", transport)
        self.state.connections.add(self)  # type: ignore[arg-type]
        self.since = self.loop.time()
        peer, here = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
        self._fixed = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.5"},
            "http_version": "2",
            "client": tuple(peer[:2]) if peer else None,
            "server": tuple(here[:2]) if here else None,
            "root_path": "",
        }
        self._h2.local_settings.update(
            {SettingCodes.MAX_CONCURRENT_STREAMS: STREAMS, SettingCodes.INITIAL_WINDOW_SIZE: HELD}
        )
        self._h2.initiate_connection()
        self._h2.increment_flow_control_window(WINDOW)
        self._flush()

    def data_received(self, data: bytes) -> None:
        """Something came."""
        try:
            for event in self._h2.receive_data(data):
                self._see(event)
        except ProtocolError:
            self._ending = True
        self._flush()
        for stream in [*self._streams.values()]:
            stream.wake()
        self._end_if_over()

    def eof_received(self) -> None:
        """The caller has closed his side, and so has gone."""

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - gone is gone
        """The caller is gone."""
        self.state.connections.discard(self)
        for stream in [*self._streams.values()]:
            stream.leave()
        self._streams.clear()
        self.resume_writing()

    def pause_writing(self) -> None:
        """The caller takes less than he is sent."""
        self.full = True
        self._writable.clear()

    def resume_writing(self) -> None:
        """The caller has caught up, or is gone."""
        self.full = False
        self._writable.set()

    # What a stream calls.

    async def room(self) -> None:
        """Wait until the caller has taken enough of what was sent, or is gone."""
        await self._writable.wait()

    def acknowledge(self, size: int, number: int) -> None:
        """Let as much come again as the application has taken."""
        if size and number in self._streams:
            self._h2.acknowledge_received_data(size, number)
            self._flush()

    def begin(self, number: int, status: int, fields: Iterable[tuple[bytes, bytes]]) -> None:
        """Send the head of an answer."""
        allowed = [(name.lower(), value) for name, value in fields if name.lower() not in ONE_CONNECTION]
        self._h2.send_headers(number, [(b":status", b"%d" % status), *allowed])
        self._flush()

    def put(self, number: int, body: memoryview) -> int:
        """Send so many bytes as fit into the caller's windows and one frame; return how many that were."""
        size = min(len(body), self._h2.local_flow_control_window(number), self._h2.max_outbound_frame_size)
        if size > 0:
            self._h2.send_data(number, bytes(body[:size]))
            self._flush()
        return max(size, 0)

    def end(self, number: int) -> None:
        """End an answer well."""
        self._h2.end_stream(number)
        if not self._streams[number].ended:  # whoever goes on sending a body that nobody reads is told to stop
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
        if not self._streams and self.loop.time() - self.since > IDLE:
            self.shutdown()

    # How it is done.

    def _see(self, event: Event) -> None:
        match event:
            case RequestReceived():
                self._take(event.stream_id, cast("Fields", event.headers))
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
            case ConnectionTerminated():
                self._ending = True

    def _take(self, number: int, headers: Fields) -> None:
        pseudo = {name: value for name, value in headers if name.startswith(b":")}
        try:
            target = taken_apart(pseudo.get(b":path", b""))
        except NoTarget:
            self._h2.reset_stream(number, ErrorCodes.PROTOCOL_ERROR)
            return
        rest = [(name, value) for name, value in headers if not name.startswith(b":")]
        host = [(b"host", pseudo[b":authority"])] if b":authority" in pseudo else []
        scope = {
            **self._fixed,
            "scheme": pseudo.get(b":scheme", b"http").decode("latin-1"),
            "method": pseudo[b":method"].decode("latin-1"),
            "path": target.path,
            "raw_path": target.raw,
            "query_string": target.query,
            "headers": [*host, *rest],
            "state": self.app_state.copy(),
        }
        self._streams[number] = stream = Stream(self, number, scope)
        stream.start()

    def _feed(self, number: int, data: bytes, controlled: int) -> None:
        stream = self._streams.get(number)
        if stream is None:
            self._h2.acknowledge_received_data(controlled, number)
            return
        stream.feed(data)
        padding = controlled - len(data)
        if padding:
            self._h2.acknowledge_received_data(padding, number)

    def _dropped(self, number: int) -> None:
        self._resets += 1
        if self._resets > RESETS:
            self._h2.close_connection(ErrorCodes.ENHANCE_YOUR_CALM)
            self._flush()
            self.transport.close()
        if stream := self._streams.pop(number, None):
            stream.leave()

    def _over(self, number: int) -> None:
        self.state.total_requests += 1
        self.since = self.loop.time()
        self._streams.pop(number, None)
        self._flush()
        self._end_if_over()

    def _end_if_over(self) -> None:
        if self._ending and not self._streams and not self.transport.is_closing():
            self._h2.close_connection()
            self._flush()
            self.transport.close()

    def _flush(self) -> None:
        sent = self._h2.data_to_send()
        if sent and not self.transport.is_closing():
            self.transport.write(sent)
