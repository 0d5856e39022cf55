"""The one way work is answered: asked for, watched, streamed, and announced exactly once."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Final

import msgspec
from litestar.types import Receive, Scope, Send

from router.contract import ByteStream, MediaError, Task, is_over
from router.contract.streams import Into, pour_of
from router.engine.exchange import Exchange
from router.web.gathered import gather, unframed
from router.web.intake import Intake
from router.web.presence import CallerLeft, Presence
from router.web.problems import Refusal, known, refusal
from router.web.site import Call

log = logging.getLogger(__name__)

Headers = tuple[tuple[str, str], ...]
Fields = list[tuple[bytes, bytes]]
"""Headers as they are sent."""
SENT: Final = asyncio.Future
"""What our server returns for what it has sent: no caller is slow, and no other ASGI application is between."""
CALLER_LEFT: Final = 499
"""nginx's status for a caller who left; it is counted, never sent."""


class Telling(msgspec.Struct, frozen=True):
    """How a result is told: the bytes, their type, and headers of its own.

    `broken` renders an error inside the stream for dialects that have a place for it; without it a
    stream that breaks is cut off, so that the caller's HTTP library reports a failed transfer. `done` renders what
    such dialects say after the last chunk.
    """

    content_type: str
    content: bytes | ByteStream
    headers: tuple[tuple[str, str], ...] = ()
    broken: Callable[[MediaError], bytes] | None = None
    done: Callable[[Exchange], bytes] | None = None


class Asked(msgspec.Struct, frozen=True):
    """A checked request, and how its result is to be told."""

    request: Any
    tell: Callable[[Any], Telling]


Ask = Callable[[Intake], Awaitable[Asked]]


class Answer:
    """An ASGI response that does the work when it is sent.

    `ask` checks the request and takes in its media. Whatever happens, the exchange is finished once: `ok`,
    `truncated`, `cancelled` or the error's code, and before the caller sees the end. Chunks go out one `send` each, with nothing in between.
    """

    __slots__ = ("ask", "call", "task", "told")

    def __init__(self, call: Call, task: Task, ask: Ask) -> None:
        self.call = call
        self.task = task
        self.ask = ask
        self.told: Headers = ()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Do the work for as long as the caller stays."""
        call = self.call
        site = call.site
        exchange = site.engine.open(self.task, call.team, call.id)
        try:
            with Presence(receive), Intake(site.probe) as intake:
                await self._answer(exchange, intake, scope, send)
        except CallerLeft:
            exchange.finish("cancelled", CALLER_LEFT)
        except asyncio.CancelledError:
            exchange.finish("cancelled", CALLER_LEFT)
            raise

    async def _answer(self, exchange: Exchange, intake: Intake, scope: Scope, send: Send) -> None:
        try:
            asked = await self.ask(intake)
            hold = await self.call.site.admission.admit(self.call.team, asked.request)
            if hold is not None:
                exchange.closing, self.told = hold.end, hold.headers
            telling = asked.tell(await self._result(asked.request, exchange, scope))
            if unframed(scope["http_version"]):
                telling = await _with_length(telling)
        except Exception as error:  # noqa: BLE001 - the border: whatever it was, the caller gets an answer
            await self._refuse(error, exchange, send)
            return
        if isinstance(telling.content, bytes):
            await self._send_whole(telling, telling.content, exchange, send)
            return
        try:
            await self._send_stream(telling, telling.content, exchange, send)
        finally:
            await telling.content.aclose()

    def _result(self, request: Any, exchange: Exchange, scope: Scope) -> Awaitable[Any]:
        site, within = self.call.site, self.call.within
        if site.cache is None:
            return site.engine.serve(request, exchange, within)
        return site.cache.serve(request, exchange, scope, partial(site.engine.serve, request, exchange, within))

    async def _send_whole(self, telling: Telling, body: bytes, exchange: Exchange, send: Send) -> None:
        await send(_start(200, [*self._fields(telling, exchange), _length(body)]))
        exchange.sent(len(body))
        exchange.finish("ok", 200)
        await send(_body(body, more=False))

    async def _send_stream(self, telling: Telling, chunks: ByteStream, exchange: Exchange, send: Send) -> None:
        await send(_start(200, self._fields(telling, exchange)))
        outcome, pour = "ok", pour_of(chunks)
        try:
            async for chunk in chunks:
                exchange.sent(len(chunk))
                over = is_over(chunks)
                if over:
                    exchange.finish(outcome, 200)
                sending = send(_body(chunk, more=not over))
                await sending
                if over:
                    return
                if pour is not None and isinstance(sending, SENT):
                    await pour(passing(exchange, send))
        except Exception as error:  # noqa: BLE001 - the status is out: all that is left is not to end well
            outcome = "truncated"
            if self.call.keyed is not None:
                self.call.keyed.truncated = True
            broke = known(error, self.call.id)
            log.warning("the answer to %s broke off: %s", self.call.id, broke.message)
            if telling.broken is None:
                # No final empty body: the server then aborts the transfer (HTTP/1.1) or resets the stream (h2).
                exchange.finish(outcome, 200)
                return
            await send(_body(telling.broken(broke), more=True))
        else:
            if telling.done is not None:
                await send(_body(telling.done(exchange), more=True))
        exchange.finish(outcome, 200)
        await send(_body(b"", more=False))

    async def _refuse(self, error: Exception, exchange: Exchange, send: Send) -> None:
        refused = known(error, self.call.id)
        told = refusal(refused, self.call.id, self.call.dialect)
        story = [*_story(exchange), *fields_of(self.told)]
        exchange.finish(refused.code, told.status)
        await say(told, send, story)

    def _fields(self, telling: Telling, exchange: Exchange) -> Fields:
        return [
            (b"content-type", telling.content_type.encode("latin-1", "replace")),
            (b"x-request-id", self.call.id.encode()),
            *_story(exchange),
            *fields_of(telling.headers + self.told),
        ]


def passing(exchange: Exchange, send: Send) -> Into:
    """Return what sends the pieces of a stream for as long as the server does so at once."""

    def take(piece: bytes) -> bool:
        sending: Any = send(_body(piece, more=True))
        if not isinstance(sending, SENT):
            sending.close()  # never begun, it has sent nothing
            return False
        exchange.sent(len(piece))
        return True

    return take


async def say(told: Refusal, send: Send, story: Sequence[tuple[bytes, bytes]] = ()) -> None:
    """Send an error; `story` are headers beside its own."""
    await send(_start(told.status, [*fields_of(told.headers), *story, _length(told.body)]))
    await send(_body(told.body, more=False))


async def _with_length(telling: Telling) -> Telling:
    """Hold an answer back until it is whole, unless it has a length already or a place for an error."""
    if isinstance(telling.content, bytes) or telling.broken is not None:
        return telling
    whole = await gather(telling.content)
    return msgspec.structs.replace(
        telling, content=whole, headers=(*telling.headers, ("content-length", str(whole.length)))
    )


def fields_of(headers: Headers) -> Fields:
    """Return headers as they are sent; what has no place there becomes a question mark."""
    return [(name.encode(), value.encode("latin-1", "replace")) for name, value in headers] if headers else []


def _story(exchange: Exchange) -> Fields:
    """Return the headers that say who served a request, after how many attempts, and where the time went."""
    story = [
        (b"x-media-attempts", b"%d" % len(exchange.attempts)),
        (b"server-timing", _timing(exchange).encode()),
    ]
    if provider := exchange.provider:
        story.append((b"x-media-provider", provider.encode()))
    if exchange.route:
        story.append((b"x-media-route", exchange.route.encode()))
    if exchange.cache:
        story.append((b"x-cache", exchange.cache.encode()))
    if exchange.spliced:
        story.append((b"x-media-splice", b"sentences"))
    return story


def _timing(exchange: Exchange) -> str:
    steps, queued = "", 0.0
    for one in exchange.attempts:
        hedged = " hedged" if one.hedged else ""
        steps += f'attempt{one.number};desc="{one.provider} {one.outcome}{hedged}";dur={one.seconds * 1000:.1f}, '
        queued += one.waited
    return f"{steps}queue;dur={queued * 1000:.1f}, total;dur={exchange.elapsed() * 1000:.1f}"


def _start(status: int, fields: Fields) -> Any:
    return {"type": "http.response.start", "status": status, "headers": fields}


def _length(body: bytes) -> tuple[bytes, bytes]:
    return b"content-length", b"%d" % len(body)


def _body(body: bytes, *, more: bool) -> Any:
    return {"type": "http.response.body", "body": body, "more_body": more}
