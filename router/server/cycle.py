"""A request that an ASGI application answers, whichever version of HTTP it came by."""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, Protocol

LOG: Final = logging.getLogger(__name__)
Message = Mapping[str, Any]
Scope = dict[str, Any]
Application = Callable[..., Awaitable[None]]

HELD: Final = 256 * 1024
"""Bytes of a request's body that may wait for the application before the caller is made to wait."""
GONE: Final[Message] = {"type": "http.disconnect"}


class Connection(Protocol):
    """What a request needs of the connection that it came by; `tasks` has everything that is being answered."""

    app: Application
    loop: asyncio.AbstractEventLoop
    tasks: set[asyncio.Task[None]]


class Cycle(ABC):
    """A request, whose body comes in by `feed` and `end`, and its answer.

    `ended` once the body is complete, `answered` once the answer is out, well or not, and `left` when the caller went before.
    """

    # Of the class, and of a request only once they change: a quarter of what it costs to make one.
    ended = answered = left = started = _told = False
    held = 0
    task: asyncio.Task[None] | None = None
    _awaited: asyncio.Future[Message] | None = None

    def __init__(self, connection: Connection, scope: Scope) -> None:
        self.connection = connection
        self.scope = scope
        self._pieces: list[bytes] = []

    def start(self) -> None:
        """Have the application answer it."""
        self.task = task = self.connection.loop.create_task(self._run())
        self.connection.tasks.add(task)

    def feed(self, piece: bytes) -> None:
        """Take a piece of the body in; one that nobody will want any more is dropped. `wake` follows."""
        if not self.answered:
            self._pieces.append(piece)
            self.held += len(piece)

    def end(self) -> None:
        """The body is complete. `wake` follows."""
        self.ended = True

    def wake(self) -> None:
        """Hand what came to the application, if that waits for it."""
        if self._awaited is not None and self._has_news():
            self._hand(self._taken())

    def leave(self) -> None:
        """The caller is gone."""
        self.left = True
        self._hand(GONE)

    def receive(self) -> "asyncio.Future[Message]":
        """Return what came of the body, or will; after its end, that the caller is gone or has his answer."""
        awaited: asyncio.Future[Message] = self.connection.loop.create_future()
        if self.left or self.answered:
            awaited.set_result(GONE)
        elif self._has_news():
            awaited.set_result(self._taken())
        else:
            self._awaited = awaited
            self.ask()
        return awaited

    @abstractmethod
    async def send(self, message: Message) -> None:
        """Send a part of the answer; wait while the caller takes less than he is sent. To one who is gone nothing is sent."""

    @abstractmethod
    def ask(self) -> None:
        """Have more of the body come, if it was held back."""

    @abstractmethod
    def break_off(self) -> None:
        """End an answer without the end that a whole one has, so that the caller knows; if it never began, say so."""

    def done(self) -> None:
        """The answer is out: nothing more is to be had."""
        self.answered = True
        self._pieces.clear()
        self._hand(GONE)

    async def _run(self) -> None:
        try:
            await self.connection.app(self.scope, self.receive, self.send)
        except Exception:
            LOG.exception("the application failed")
        finally:
            if self.task is not None:
                self.connection.tasks.discard(self.task)
            if not self.answered:
                self.done()
                self.break_off()

    def _has_news(self) -> bool:
        return bool(self._pieces) or (self.ended and not self._told)

    def _taken(self) -> Message:
        pieces, self._pieces, self.held = self._pieces, [], 0
        self._told = self.ended
        body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        return {"type": "http.request", "body": body, "more_body": not self.ended}

    def _hand(self, message: Message) -> None:
        awaited, self._awaited = self._awaited, None
        if awaited is not None and not awaited.done():
            awaited.set_result(message)
