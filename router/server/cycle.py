"""A request that an ASGI application answers, whichever version of HTTP it came by."""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Mapping
from typing import Any, Final

from router.server.connection import Connection, Scope
from router.server.head import Fields

LOG: Final = logging.getLogger(__name__)
Message = Mapping[str, Any]

HELD: Final = 256 * 1024
"""Bytes of a request's body that may wait for the application before the caller is made to wait."""
GONE: Final[Message] = {"type": "http.disconnect"}


class Cycle(ABC):
    """A request, whose body comes in by `feed` and `end`, and its answer.

    `ended` once the body is complete, `started` once the answer's head is out, `answered` once all of it is, well or not,
    and `left` when the caller went before. `held` counts the bytes that wait for the application; `_untold` is an end that it
    does not know of.
    """

    # Of the class, and of a request only once they change: a quarter of what it costs to make one.
    ended = answered = left = started = _untold = False
    held = 0
    _awaited: asyncio.Future[Message] | None = None

    def __init__(self, connection: Connection, scope: Scope) -> None:
        self.connection = connection
        self.scope = scope
        self._pieces: list[bytes] = []

    def start(self) -> None:
        """Have the application answer it."""
        self._task = self.connection.loop.create_task(self._run())
        self.connection.state.tasks.add(self._task)

    def feed(self, piece: bytes) -> None:
        """Take a piece of the body in; one that nobody will want any more is dropped. `wake` follows."""
        if not self.answered:
            self._pieces.append(piece)
            self.held += len(piece)

    def end(self) -> None:
        """The body is complete."""
        self.ended = self._untold = True
        if self._awaited is not None:
            self.wake()

    def wake(self) -> None:
        """Hand what came to the application, if that waits for it."""
        if self._awaited is not None and (self._pieces or self._untold) and not self._awaited.done():
            self._awaited.set_result(self._taken())
            self._awaited = None

    def leave(self) -> None:
        """The caller is gone."""
        self.left = True
        self._give_up()

    def receive(self) -> "asyncio.Future[Message]":
        """Return what came of the body, or will; after its end, that the caller is gone or has his answer.

        Who no longer waits for it cancels it, and loses nothing: the next one gets what came meanwhile.
        """
        coming: asyncio.Future[Message] = self.connection.loop.create_future()
        if self.left or self.answered:
            coming.set_result(GONE)
        elif self._pieces or self._untold:
            coming.set_result(self._taken())
        else:
            self._awaited = coming
            self.ask()
        return coming

    def send(self, message: Message) -> Awaitable[None]:
        """Send a part of the answer, or wait until the caller has taken enough of the last. To one who is gone nothing is sent."""
        connection = self.connection
        if connection.full:
            return self._send_later(message)
        if self.left:
            return connection.sent
        kind = message["type"]
        if kind == "http.response.body" and self.started and not self.answered:
            return self.go_on(message.get("body", b""), more=message.get("more_body", False))
        if kind == "http.response.start" and not self.started:
            self.begin(message["status"], [*connection.state.default_headers, *message.get("headers", ())])
            self.started = True
            return connection.sent
        raise RuntimeError(f"{kind} is out of place")

    @abstractmethod
    def ask(self) -> None:
        """Have more of the body come, if it was held back."""

    @abstractmethod
    def begin(self, status: int, fields: Fields) -> None:
        """Send the head of the answer. Raises `ValueError` for one that cannot be sent."""

    @abstractmethod
    def go_on(self, body: bytes, *, more: bool) -> Awaitable[None]:
        """Send a piece of the answer's body, which is its last one unless there are more."""

    @abstractmethod
    def break_off(self) -> None:
        """End an answer without the end that a whole one has, so that the caller knows; if it never began, say so."""

    def done(self) -> None:
        """The answer is out: nothing more is to be had."""
        self.answered = True
        self._give_up()

    async def _run(self) -> None:
        try:
            await self.connection.app(self.scope, self.receive, self.send)
        except Exception:
            LOG.exception("the application failed")
        finally:
            self.connection.state.tasks.discard(self._task)
            if not self.answered:
                self.done()
                self.break_off()

    async def _send_later(self, message: Message) -> None:
        await self.connection.room()
        await self.send(message)

    def _taken(self) -> Message:
        pieces, self._pieces, self.held, self._untold = self._pieces, [], 0, False
        return {"type": "http.request", "body": b"".join(pieces), "more_body": not self.ended}

    def _give_up(self) -> None:
        """Drop what is held, and tell whoever waits for more that none will come."""
        if self._pieces:
            self._pieces, self.held = [], 0
        if self._awaited is not None and not self._awaited.done():
            self._awaited.set_result(GONE)
