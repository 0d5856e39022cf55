"""`Idempotency-Key` at the door to what is paid for: the same request again gets the same answer."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing, contextmanager
from hashlib import sha256
from re import compile as regex
from typing import Any, Final

import msgspec
from litestar import Request
from litestar.types import ASGIApp, Receive, Scope, Send

from router.contract import Held, Invalid, MediaError, NotFound, Task
from router.jobs.inputs import Read
from router.store.idempotency import Answer, Claim
from router.web.arrival import Arriving
from router.web.fingerprint import Fingerprint
from router.web.repeats import LONGEST, Repeats, lost
from router.web.sent import Sent
from router.web.site import CALL, Call, Keyed, call_of

IDEMPOTENCY_KEY: Final = "idempotency-key"
log = logging.getLogger(__name__)

PAID: Final = "paid"
"""Marks a route that is paid for; it holds a `Paid`."""
KEY: Final = regex(r"[\x21-\x7e]{1,255}")
OWN: Final = frozenset({"content-length", "server-timing", "x-request-id"})
"""Headers that are each answer's own, and not repeated."""


class Paid(msgspec.Struct, frozen=True):
    """What a route asks of providers. `order`: it is a paid order, not to be made again where its end is not known."""

    task: Task
    order: bool = False


async def serve_once(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Serve a request that has a key, or say again what was said before.

    Raises `InProgress`, `Invalid` (another request with this key, or a key that is none), `Conflict` (the answer is lost).
    """
    call: Call = scope["state"][CALL]
    paid: Paid = scope["route_handler"].opt[PAID]
    request, body = Request[Any, Any, Any](scope, Arriving(receive), send), Sent()
    try:
        with counted(call, paid.task):
            claim = await claimed(request, body)
            before = await begun(claim, call.site.repeats, paid)
            if before is not None:
                await replay(before, call, send)
        if before is None:
            await Work(call, claim, paid, send).run(app, scope, again(body, receive))
        else:
            call.site.engine.open(paid.task, call.team, call.id).finish("replayed", before.status)
    finally:
        body.discard()


@contextmanager
def counted(call: Call, task: Task) -> Iterator[None]:
    """Announce a request that is refused here, as one that is refused further on would be."""
    try:
        yield
    except MediaError as error:
        call.site.engine.open(task, call.team, call.id).finish(error.code, error.status)
        raise


async def claimed(request: Request[Any, Any, Any], body: Sent) -> Claim:
    """Take in a request's body, and return what stands for all of it. Raises `Invalid`."""
    key, fingerprint = key_of(request), Fingerprint(request)
    async with aclosing(request.stream()) as pieces:
        async for piece in pieces:
            fingerprint.add(piece)
            await body.write(piece)
    await body.finish()
    call = call_of(request)
    return call.site.repeats.claim(call.team, key, fingerprint.end())


async def begun(claim: Claim, repeats: Repeats, paid: Paid) -> Answer | None:
    """Return what was answered before, or None for whoever is to work now. Raises what `Repeats.begin` does."""
    outcome = await repeats.begin(claim)
    if isinstance(outcome, Answer):
        return outcome
    if outcome.resumed and paid.order:
        await repeats.lose(claim)
        raise lost()
    return None


def key_of(request: Request[Any, Any, Any]) -> str:
    """Return the request's key. Raises `Invalid`."""
    given = request.headers.getall(IDEMPOTENCY_KEY)
    if len(given) != 1 or KEY.fullmatch(given[0]) is None:
        raise Invalid(
            "`Idempotency-Key` must be given once, with 1 to 255 visible ASCII characters",
            code="invalid_idempotency_key", param="Idempotency-Key", limit=255,
        )  # fmt: skip
    return given[0]


def job_id(claim: Claim) -> str:
    """Return the id of the video that a request makes: sent again, it finds the one it made."""
    named = "\0".join((claim.team, claim.key, claim.fingerprint))
    return f"video_{sha256(named.encode()).hexdigest()[:24]}"


async def replay(answer: Answer, call: Call, send: Send) -> None:
    """Say again what was said before. Raises `Conflict` where its media is gone."""
    media = call.site.repeats.media
    try:
        content = Held(answer.body or b"") if answer.media is None else await media.read(answer.media)
    except NotFound:
        raise lost() from None
    headers = (*answer.headers, ("x-request-id", call.id), ("idempotent-replayed", "true"))
    coded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    try:
        await send({"type": "http.response.start", "status": answer.status, "headers": coded})
        async for piece in content:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
    finally:
        await content.aclose()


class Work:
    """A request that is carried out, and what is kept of its answer.

    `settled` says that its key has found its end, `uncopied` that there was no room to hold on to the answer.
    """

    def __init__(self, call: Call, claim: Claim, paid: Paid, send: Send) -> None:
        self.send = send
        self.claim = claim
        self.paid = paid
        self.repeats = call.site.repeats
        self.keyed = Keyed(job_id(claim))
        self.call = msgspec.structs.replace(call, keyed=self.keyed)
        self.status = 0
        self.headers: tuple[tuple[str, str], ...] = ()
        self.body = Sent()
        self.settled = False
        self.uncopied = False

    async def run(self, app: ASGIApp, scope: Scope, receive: Receive) -> None:
        """Carry it out. Whatever happens, the key is settled or free again, unless the stores are away."""
        scope["state"][CALL] = self.call
        try:
            await app(scope, receive, self._passing)
        except Exception:
            await self._settle(self.repeats.drop)  # refused before there was an answer, so before anything was spent
            raise
        finally:
            await self._broken()
            self.body.discard()

    async def _passing(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            told = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in message["headers"]]
            self.headers = tuple((name, value) for name, value in told if name.lower() not in OWN)
        elif message["type"] == "http.response.body":
            await self._copy(message.get("body", b""))
            if not message.get("more_body", False):
                await self._whole()
        await self.send(message)

    async def _copy(self, piece: bytes) -> None:
        """Hold on to a piece of the answer; the caller gets it even where there is no room for a copy."""
        if self.uncopied or self.body.size > LONGEST:
            return
        try:
            await self.body.write(piece)
        except MediaError as error:
            log.warning("an answer is not kept for repeats: %s", error.code)
            self.uncopied = True

    async def _whole(self) -> None:
        """Settle before the caller sees the end, so that whoever has it all can have it again."""
        if self.keyed.truncated:
            await self._broken()
        elif not self._worth_keeping():
            await self._settle(self.repeats.drop)
        elif self.uncopied or self.body.size > LONGEST:
            await self._settle(self.repeats.lose)
        else:
            await self._keep()

    async def _keep(self) -> None:
        try:
            await self.body.finish()
        except MediaError:
            await self._settle(self.repeats.lose)
            return
        self.settled = True
        await self.repeats.keep(self.claim, self.status, self.headers, self.body)

    def _worth_keeping(self) -> bool:
        """Whether something was, or may have been, spent: refusals and 503 say that nothing was."""
        return self.status < 300 or (self.paid.order and self.status >= 500 and self.status != 503)

    async def _broken(self) -> None:
        """End without a whole answer: an order may have been paid for all the same."""
        await self._settle(self.repeats.lose if self.paid.order else self.repeats.drop)

    async def _settle(self, end: Callable[[Claim], Awaitable[None]]) -> None:
        if not self.settled:
            self.settled = True
            await end(self.claim)


def again(body: Sent, receive: Receive) -> Receive:
    """Return a `receive` that gives a body once more, and then what else there is to receive."""
    pieces = _pieces(body)

    async def received() -> Any:
        message = await anext(pieces, None)
        return await receive() if message is None else message

    return received


async def _pieces(body: Sent) -> AsyncIterator[Any]:
    async for piece in Read(body.path) if body.path else Held(body.whole):
        yield {"type": "http.request", "body": piece, "more_body": True}
    yield {"type": "http.request", "body": b"", "more_body": False}
