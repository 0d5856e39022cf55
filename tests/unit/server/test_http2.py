"""HTTP/2: streams and their windows, and how one that does not end well is told from one that does."""

import asyncio
import json
from collections import defaultdict

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import ConnectionTerminated, DataReceived, Event, ResponseReceived, StreamEnded, StreamReset
from h2.settings import SettingCodes
from uvicorn.server import ServerState

from router.loop.outbox import MOST
from router.server.connection import Scope
from router.server.cycle import HELD
from router.server.http2 import RESETS, STREAMS, WINDOW, Http2
from tests.unit.server.wires import (
    App,
    Call,
    Fields,
    Receive,
    Send,
    answering,
    called,
    echo,
    piece,
    settled,
    start,
    whole,
)

HEADERS: Fields = [(b":method", b"POST"), (b":path", b"/a"), (b":scheme", b"https"), (b":authority", b"here")]


class Caller:
    """Somebody who speaks HTTP/2 to an application, and keeps what he was told."""

    def __init__(self, app: App, most: int | None = None) -> None:
        self.call = Call(Http2, app, most, ServerState())
        self.h2 = H2Connection(H2Configuration(client_side=True, header_encoding=None))
        self.h2.initiate_connection()
        self.heads: dict[int, dict[bytes, bytes]] = {}
        self.bodies: defaultdict[int, bytes] = defaultdict(bytes)
        self.ended: set[int] = set()
        self.resets: dict[int, int] = {}
        self.goodbye: int | None = None
        self.generous = True
        self._read = 0

    async def turn(self) -> None:
        """Say what is to be said, and hear what there is, until nothing is left."""
        for _ in range(200):
            said = self.h2.data_to_send()
            if said:
                self.call.put_in(said)
            await settled()
            came = bytes(self.call.wire.sent[self._read :])
            self._read += len(came)
            for event in self.h2.receive_data(came):
                self.hear(event)
            if not (came or said):
                return

    def hear(self, event: Event) -> None:
        match event:
            case ResponseReceived():
                self.heads[event.stream_id] = dict(event.headers)
            case DataReceived():
                self.bodies[event.stream_id] += event.data
                if self.generous:
                    self.h2.acknowledge_received_data(event.flow_controlled_length or 0, event.stream_id)
            case StreamEnded():
                self.ended.add(event.stream_id)
            case StreamReset():
                self.resets[event.stream_id] = event.error_code
            case ConnectionTerminated():
                self.goodbye = event.error_code

    async def ask(self, body: bytes = b"", *, more: bool = False, headers: Fields = HEADERS) -> int:
        """Ask something, after what the server has to say of itself; return the number of its stream."""
        await self.turn()
        number = self.h2.get_next_available_stream_id()
        self.h2.send_headers(number, headers, end_stream=not (body or more))
        await self.go_on(number, body, more=more)
        return number

    async def go_on(self, number: int, body: bytes, *, more: bool) -> None:
        while body and number not in self.resets:
            size = min(len(body), self.h2.local_flow_control_window(number), self.h2.max_outbound_frame_size)
            assert size, "the server opens no window"
            self.h2.send_data(number, body[:size], end_stream=not more and size == len(body))
            body = body[size:]
            await self.turn()
        await self.turn()


async def test_scope() -> None:
    """The application is told what it would be over HTTP/1.1, `host` included, which is `:authority`, once."""
    seen: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope)
        await echo(scope, receive, send)

    fields = [*HEADERS, (b"host", b"here"), (b"x-y", b"Z")]
    fields[1] = (b":path", b"/a%20b?c=%20")
    await Caller(app).ask(headers=fields)
    told = {
        key: seen[0][key] for key in ("http_version", "method", "scheme", "path", "raw_path", "query_string", "headers")
    }
    assert told == {
        "http_version": "2", "method": "POST", "scheme": "http", "path": "/a b", "raw_path": b"/a%20b", "query_string": b"c=%20",
        "headers": [(b"host", b"here"), (b"x-y", b"Z")],
    }  # fmt: skip


async def test_many() -> None:
    """Many streams at once have answers of their own."""
    caller = Caller(echo)
    open_ones = [await caller.ask(b"%d " % number, more=True) for number in range(STREAMS - 1)]
    assert len(caller.call.state.tasks) == STREAMS - 1
    for number in open_ones:
        await caller.go_on(number, b"end", more=False)
    assert [caller.bodies[number] for number in open_ones] == [b"POST /a %d end" % one for one in range(STREAMS - 1)]
    assert caller.ended == set(open_ones)
    assert not caller.call.state.tasks


async def test_upload() -> None:
    """A body that is longer than all windows comes whole, since they open as it is read."""
    caller, body = Caller(echo), bytes(3 * WINDOW)
    number = await caller.ask(body)
    assert caller.bodies[number] == b"POST /a " + body


async def test_upload_that_nobody_reads() -> None:
    """The window stays shut, so that no more than 256 KB are held."""
    turn = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await turn.wait()
        await echo(scope, receive, send)

    caller, body = Caller(app), bytes(HELD)
    number = await caller.ask(body, more=True)
    assert caller.h2.local_flow_control_window(number) == 0
    turn.set()
    await caller.turn()
    await caller.go_on(number, b"end", more=False)
    assert caller.bodies[number] == b"POST /a " + body + b"end"


async def test_uploads_refused_early() -> None:
    """Their callers are told to stop, and what they have sent counts no longer: others may send on the same connection."""
    caller = Caller(answering(*whole()))
    for _ in range(3 * WINDOW // HELD):
        number = caller.h2.get_next_available_stream_id()
        caller.h2.send_headers(number, HEADERS)
        while window := caller.h2.local_flow_control_window(number):
            caller.h2.send_data(number, bytes(min(window, caller.h2.max_outbound_frame_size)))
        await caller.turn()
        assert (caller.bodies[number], caller.resets[number]) == (b"hello", ErrorCodes.NO_ERROR)
    assert caller.h2.outbound_flow_control_window > WINDOW // 2


async def test_uploads_taken_back() -> None:
    """What was sent of a request that the caller takes back counts no longer either, and the application is told."""
    told: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await turn.wait()
        told.append((await receive())["type"])

    caller = Caller(app)
    for _ in range(3 * WINDOW // HELD):
        turn = asyncio.Event()
        number = await caller.ask(bytes(HELD), more=True)
        caller.h2.reset_stream(number)
        await caller.turn()
        turn.set()
        await caller.turn()
    assert told == ["http.disconnect"] * (3 * WINDOW // HELD)


async def test_reader_who_opens_no_window() -> None:
    """The application waits for him, and nothing is kept for him but what it has said."""
    sent: list[int] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        for number in range(10):
            await send(piece(bytes(50_000), more=number < 9))
            sent.append(number)

    caller = Caller(app)
    caller.generous = False
    number = await caller.ask()
    assert (len(caller.bodies[number]), sent) == (65_535, [0])
    caller.h2.increment_flow_control_window(1_000_000)
    await caller.turn()
    assert len(caller.bodies[number]) == 65_535
    caller.h2.increment_flow_control_window(1_000_000, number)
    await caller.turn()
    assert (len(caller.bodies[number]), number in caller.ended) == (500_000, True)


async def test_slow_reader() -> None:
    """A caller who opens his windows and does not read holds the application back all the same, in the midst of a piece."""
    caller = Caller(answering(start(), piece(bytes(1_000_000), more=False)))
    caller.h2.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: 2_000_000})
    caller.h2.increment_flow_control_window(2_000_000)
    await caller.turn()
    caller.call.wire.wrote = caller.call.server.pause_writing
    number = await caller.ask()
    most, came = (MOST + 1) * caller.h2.max_inbound_frame_size, 0
    while came < 1_000_000:
        assert came < len(caller.bodies[number]) <= came + most
        came = len(caller.bodies[number])
        caller.call.server.resume_writing()
        await caller.turn()


async def test_taken_back() -> None:
    """A request that its caller takes back while the application waits for him lets it go on, and is not answered."""
    caller = Caller(answering(*whole(bytes(500_000))))
    caller.generous = False
    number = await caller.ask()
    assert caller.call.state.tasks
    caller.h2.reset_stream(number)
    await caller.turn()
    assert not caller.call.state.tasks
    assert not caller.call.wire.ended


async def test_taken_back_in_masses() -> None:
    """Whoever makes requests to take them back is no longer heard (CVE-2023-44487)."""
    asked = 0

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal asked
        asked += 1

    caller = Caller(app)
    for _ in range(RESETS + 100):
        number = caller.h2.get_next_available_stream_id()
        caller.h2.send_headers(number, HEADERS)
        caller.h2.reset_stream(number)
    await caller.turn()
    assert caller.goodbye == ErrorCodes.ENHANCE_YOUR_CALM
    assert caller.call.wire.closed
    assert asked == RESETS + 1
    assert not caller.call.state.tasks


async def test_hanging_up() -> None:
    """All that is under way ends with the connection."""
    caller = Caller(echo)
    for _ in range(3):
        await caller.ask(more=True)
    await caller.call.hang_up()
    assert not caller.call.state.tasks
    assert not caller.call.state.connections


@pytest.mark.parametrize("app", [answering(start(), piece(b"one")), answering(start())])
async def test_broken(app: App) -> None:
    """An answer that does not come to its end is reset, and the connection goes on."""
    caller = Caller(app)
    number = await caller.ask()
    assert caller.resets == {number: ErrorCodes.INTERNAL_ERROR}
    assert number not in caller.ended
    assert not caller.call.wire.ended


@pytest.mark.parametrize("app", [answering(), answering(*whole(b"hello", (b"x", b"a\r\nb: c")))])
async def test_failed(app: App) -> None:
    """An application that answers nothing, or with a header that would be two elsewhere, is answered for."""
    caller = Caller(app)
    number = await caller.ask()
    assert caller.heads[number][b":status"] == b"500"
    assert json.loads(caller.bodies[number])["error"]["code"] == "internal_error"
    assert number in caller.ended


async def test_fields_of_one_connection() -> None:
    """What HTTP/1.1 says of a connection is left out, as HTTP/2 wants it; what all answers say is not."""
    caller = Caller(answering(*whole(b"hello", (b"connection", b"close"), (b"transfer-encoding", b"chunked"))))
    caller.call.state.default_headers = [(b"date", b"today")]
    number = await caller.ask()
    assert caller.heads[number] == {b":status": b"200", b"date": b"today", b"content-length": b"5"}


async def test_head_only() -> None:
    """An answer to HEAD has no body."""
    caller = Caller(answering(*whole()))
    number = await caller.ask(headers=[(b":method", b"HEAD"), *HEADERS[1:]])
    assert (caller.heads[number][b"content-length"], caller.bodies[number]) == (b"5", b"")
    assert number in caller.ended


async def test_no_target() -> None:
    """A request that leads nowhere is reset."""
    caller = Caller(echo)
    number = await caller.ask(headers=[HEADERS[0], (b":path", b"/%ff"), *HEADERS[2:]])
    assert caller.resets == {number: ErrorCodes.PROTOCOL_ERROR}


async def test_malformed() -> None:
    """Whoever breaks the protocol is told so, and all that is under way ends."""
    caller = Caller(echo)
    await caller.ask(more=True)
    caller.call.put_in(b"\0\0\1\0\0\0\0\0\0x")
    await caller.turn()
    assert caller.goodbye == ErrorCodes.PROTOCOL_ERROR
    assert caller.call.wire.closed
    assert not caller.call.state.tasks


async def test_caller_who_says_goodbye() -> None:
    """The connection ends with it."""
    caller = Caller(echo)
    await caller.ask(more=True)
    caller.h2.close_connection()
    caller.call.put_in(caller.h2.data_to_send())
    await settled()
    assert caller.call.wire.closed
    assert not caller.call.state.tasks


async def test_shutdown() -> None:
    """What is under way is answered, what is asked then is refused so that it can be asked elsewhere, and GOAWAY ends it."""
    caller = Caller(echo)
    number = await caller.ask(b"body", more=True)
    caller.call.server.shutdown()
    refused = await caller.ask()
    assert caller.resets == {refused: ErrorCodes.REFUSED_STREAM}
    assert not caller.call.wire.closed
    await caller.go_on(number, b" end", more=False)
    assert caller.bodies[number] == b"POST /a body end"
    assert caller.goodbye == ErrorCodes.NO_ERROR
    assert caller.call.wire.closed


async def test_idle() -> None:
    """A connection is closed that nobody has used for 75 seconds, unless something is under way."""
    caller = Caller(echo)
    number = await caller.ask(b"body", more=True)
    caller.call.hours.passed += 76
    caller.call.server.expire()
    assert not caller.call.wire.closed
    await caller.go_on(number, b"end", more=False)
    caller.call.hours.passed += 76
    caller.call.server.expire()
    await caller.turn()
    assert caller.goodbye == ErrorCodes.NO_ERROR
    assert caller.call.wire.closed


async def test_too_many_connections() -> None:
    """Who comes when there are as many as there may be is sent away."""
    caller = Caller(echo, most=0)
    await caller.turn()
    assert caller.goodbye == ErrorCodes.ENHANCE_YOUR_CALM
    assert caller.call.wire.closed


async def test_begun_after_the_port_is_closed() -> None:
    """Who was let in before, and turns out to speak HTTP/2, is answered and told that this was all."""
    call = called(answering(*whole()))
    call.server.shutdown()
    caller = H2Connection(H2Configuration(client_side=True, header_encoding=None))
    caller.initiate_connection()
    caller.send_headers(1, HEADERS, end_stream=True)
    heard = {type(event) for event in caller.receive_data(await call.say(caller.data_to_send()))}
    assert heard >= {ResponseReceived, DataReceived, StreamEnded, ConnectionTerminated}
    assert call.wire.closed
