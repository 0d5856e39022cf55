"""The life of a socket on which people talk, whatever its dialect: who may open it, how long, and how it ends."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

import msgspec
from litestar.enums import ScopeType
from litestar.types import Receive, Scope, Send

from router.contract import Invalid, MediaError, NotAllowed, OpenSockets, Unauthenticated
from router.engine.clock import Clock
from router.teams.admitting import Admitting
from router.voice import Conversation, Event, Failed, Host, Outbox
from router.voice.outbox import Stalled
from router.web.auth import is_local, presented
from router.web.leaving import Leaving
from router.web.problems import known, refusal
from router.web.site import SANE_ID, Site

KEYED: Final = ("api-key.", "openai-insecure-api-key.")
"""Begin the subprotocol in which a browser, which can set no header, sends its key; the second is OpenAI's."""
DENIAL: Final = "websocket.http.response"
"""The ASGI extension by which a handshake is answered with an ordinary HTTP response."""
NORMAL: Final = 1000
GOING_AWAY: Final = 1001
POLICY: Final = 1008
DEFECT: Final = 1011
UNAUTHORIZED: Final = 3000
"""Close codes of RFC 6455 and, the last, of IANA's registry."""
GRACE: Final = 2.0
"""Seconds in which what is still to be said may be written before a socket is closed."""

Message = Mapping[str, Any]


class Closing(Exception):
    """The socket is to be closed from this side."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Tongue(Protocol):
    """How a dialect speaks: what a caller's frames mean and how events are told; `greeting` are the first frames."""

    name: str
    rate: int
    protocols: Sequence[str]
    greeting: Sequence[str]

    async def heed(self, conversation: Conversation, frame: str | bytes) -> None:
        """Do what a frame asks for. Raises `MediaError`."""

    def tell(self, event: Event) -> Sequence[str | bytes]:
        """Return the frames that tell an event."""


Speaking = Callable[["Caller"], Tongue]
"""Returns how to speak with a caller who may come in. Raises `MediaError` for one who asks for what is not there."""


class OpenCount(msgspec.Struct):
    """How many sockets this process has open, by dialect."""

    by_dialect: dict[str, int]

    @contextmanager
    def one_more(self, site: Site, dialect: str) -> Iterator[None]:
        """Count a socket while it is open. Raises `MediaError` (503) if there are too many."""
        most = site.talks.sockets.at_once
        if sum(self.by_dialect.values()) >= most:
            raise MediaError(
                f"{most} sockets are open, and this process keeps no more",
                code="too_many_sockets",
                status=503,
                limit=most,
            )
        self._change(site, dialect, 1)
        try:
            yield
        finally:
            self._change(site, dialect, -1)

    def _change(self, site: Site, dialect: str, by: int) -> None:
        self.by_dialect[dialect] = self.by_dialect.get(dialect, 0) + by
        site.talks.opened(OpenSockets(dialect=dialect, open=self.by_dialect[dialect]))


class Caller:
    """Who opened a socket, by what its handshake said."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        self.offered: Sequence[str] = scope.get("subprotocols") or ()  # type: ignore[assignment]  # of WebSocket scopes only
        key = next((one.partition("api-key.")[2] for one in self.offered if one.startswith(KEYED)), None)
        if key and presented(self.headers) is None:
            self.headers["x-api-key"] = key

    @property
    def site(self) -> Site:
        """The site in force now, which may not be the one that was when the socket was opened."""
        site: Site = self.scope["litestar_app"].state.site
        return site

    @property
    def leaving(self) -> Leaving:
        """Whether this process is about to end."""
        leaving: Leaving = self.scope["litestar_app"].state.leaving
        return leaving

    def team(self, site: Site) -> str:
        """Return the team that calls. Raises `Unauthenticated`, or `NotAllowed` for a stranger's web page.

        Browsers let any page open a socket to this machine, and a router without keys would serve it.
        """
        client = self.scope["client"]
        team = site.keys.team_of(self.headers, client[0] if client else None)
        origin = self.headers.get("origin")
        if origin is not None and site.keys.open and not at_home(origin):
            raise NotAllowed(
                "without team keys only pages of this machine may open a socket", code="origin_not_allowed"
            )
        return team

    def request_id(self, site: Site) -> str:
        """Return the caller's own id for the socket if it is a sane one, else a new one."""
        given = self.headers.get("x-request-id", "")
        return given if SANE_ID.fullmatch(given) else site.new_id()

    @contextmanager
    def lodged(self) -> Iterator[Host]:
        """Let one turn in, on the site that is in force as it begins and stays so for it. Raises as `team` does."""
        site = self.site
        team = self.team(site)
        with site.uses:
            door = Admitting(site.engine, site.admission)
            try:
                yield Host(door, team, site.talks)
            finally:
                door.leave()


def at_home(origin: str) -> bool:
    """Whether a page came from this machine. What `Host` says proves nothing: whoever owns a name can point it here."""
    host = urlsplit(origin).hostname
    return host == "localhost" or is_local({}, host)


async def converse(scope: Scope, receive: Receive, send: Send, speaking: Speaking) -> None:
    """Serve a socket from its handshake to its end."""
    caller = Caller(scope)
    site = caller.site
    request_id = caller.request_id(site)
    try:
        if scope["type"] == ScopeType.HTTP:
            raise Invalid("this is a WebSocket: GET it with `Upgrade: websocket`", code="upgrade_required", status=426)
        caller.team(site)
        tongue = speaking(caller)
        with scope["litestar_app"].state.sockets.one_more(site, tongue.name), caller.leaving.conversations:
            await receive()  # websocket.connect
            chosen = next((one for one in caller.offered if one in tongue.protocols), None)
            await send({"type": "websocket.accept", "subprotocol": chosen, "headers": []})
            await Socket(caller, receive, send, tongue).talk(request_id)
    except MediaError as error:
        await deny(error, request_id, scope, send)


async def deny(error: MediaError, request_id: str, scope: Scope, send: Send) -> None:
    """Answer a handshake with an error: as HTTP would where the server can, else with a bare refusal."""
    plain = scope["type"] == ScopeType.HTTP
    if not plain and DENIAL not in (scope.get("extensions") or {}):
        await send({"type": "websocket.close", "code": POLICY, "reason": error.code})
        return
    told = refusal(error, request_id)
    kind = "http.response" if plain else DENIAL
    headers = [(name.encode(), value.encode("latin-1", "replace")) for name, value in told.headers]
    answer: Any = {"type": f"{kind}.start", "status": told.status, "headers": headers}
    body: Any = {"type": f"{kind}.body", "body": told.body}
    await send(answer)
    await send(body)


class Socket:
    """An open socket: what is read, what is written, and how long it may be silent."""

    def __init__(self, caller: Caller, receive: Receive, send: Send, tongue: Tongue) -> None:
        self.caller = caller
        self.receive = receive
        self.send = send
        self.tongue = tongue
        self.outbox = Outbox(self._write)
        self.clock: Clock = caller.site.talks.clock
        self.heard_at = self.clock.now()

    async def talk(self, request_id: str) -> None:
        """Converse until one side has had enough."""
        conversation = Conversation(self.caller.lodged, self.outbox, request_id, self.tongue.rate)
        for frame in self.tongue.greeting:
            await self._send(frame)
        work = [
            asyncio.create_task(one)
            for one in (
                self._listen(conversation),
                self.outbox.run(),
                self._watch(conversation),
                self._part(conversation),
            )
        ]
        try:
            await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
            why = next(one for one in work if one.done()).exception()
            if isinstance(why, Closing):
                await within_grace(self.outbox.written())
        finally:
            for one in work:
                one.cancel()
            await asyncio.gather(*work, conversation.close(), return_exceptions=True)
        await self._end(why, request_id)  # only now: not every server closes a socket that is still being read

    async def _listen(self, conversation: Conversation) -> None:
        """Heed what the caller sends, until it leaves. Raises `Closing` for one that may not stay."""
        while (message := await self.receive())["type"] != "websocket.disconnect":
            self.heard_at = self.clock.now()
            frame: Any = message.get("bytes")
            if frame is None:
                frame = message.get("text") or ""
            try:
                await self.tongue.heed(conversation, frame)
            except Unauthenticated as error:
                await self.outbox.emit(Failed(error))
                raise Closing(UNAUTHORIZED, error.code) from error
            except MediaError as error:
                await self.outbox.emit(Failed(error))

    async def _watch(self, conversation: Conversation) -> None:
        """Raise `Closing` when both sides have been silent for too long."""
        idle = self.caller.site.talks.sockets.idle
        while (left := self.heard_at + idle - self.clock.now()) > 0:
            await self.clock.sleep(left)
            if conversation.busy:
                self.heard_at = self.clock.now()
        error = MediaError(f"nothing was said for {idle:g} seconds", code="idle_timeout", status=408, limit=idle)
        await self.outbox.emit(Failed(error))
        raise Closing(NORMAL, error.code)

    async def _part(self, conversation: Conversation) -> None:
        """Raise `Closing` once this process has closed its port and has said the sentence that it was saying."""
        await self.caller.leaving.closed.wait()
        await conversation.round_off()
        raise Closing(GOING_AWAY, "draining")

    async def _write(self, event: Event) -> None:
        for frame in self.tongue.tell(event):
            await self._send(frame)

    async def _send(self, frame: str | bytes) -> None:
        message: Any = {"type": "websocket.send", "text" if isinstance(frame, str) else "bytes": frame}
        await self.send(message)

    async def _end(self, why: BaseException | None, request_id: str) -> None:
        """Close the socket from this side, unless the caller has left."""
        match why:
            case None:
                return
            case Closing():
                code, reason = why.code, why.reason
            case Stalled():
                code, reason = POLICY, "read too slowly"
            case Exception():
                code, reason = DEFECT, known(why, request_id).code
            case _:
                raise why
        closing: Any = {"type": "websocket.close", "code": code, "reason": reason}
        await within_grace(self.send(closing))


async def within_grace(work: Awaitable[Any]) -> None:
    """Wait for something, but not for long."""
    with suppress(TimeoutError):
        async with asyncio.timeout(GRACE):
            await work
