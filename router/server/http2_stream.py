"""One request over HTTP/2 and its answer."""

import asyncio
from typing import TYPE_CHECKING

from router.server.connection import Scope
from router.server.cycle import Cycle, Message
from router.server.head import Fields, Refused, checked, failed

if TYPE_CHECKING:
    from router.server.http2 import Http2


class Stream(Cycle):
    """A request and its answer; an answer that does not come to its end is reset."""

    connection: "Http2"

    def __init__(self, connection: "Http2", number: int, scope: Scope) -> None:
        super().__init__(connection, scope)
        self.number = number
        self._widened = asyncio.Event()

    def ask(self) -> None:
        """Nothing is held back but by windows, which open as the body is taken."""

    def begin(self, status: int, fields: Fields) -> None:
        """Send the head of the answer. Raises `ValueError`."""
        self.connection.begin(self.number, status, checked(fields))

    async def go_on(self, body: bytes, *, more: bool) -> None:
        """Send a piece of the body, as far and as soon as the caller takes it."""
        rest = memoryview(body if self.scope["method"] != "HEAD" else b"")
        while rest and not self.left:
            self._widened.clear()
            size = self.connection.put(self.number, rest)
            rest = rest[size:]
            if not size:
                await self._widened.wait()
            elif self.connection.full:
                await self.connection.room()
        if not (more or self.left):
            self.done()
            self.connection.end(self.number, heard_out=self.ended)

    def widen(self) -> None:
        """The caller takes more."""
        self._widened.set()

    def leave(self) -> None:
        """The caller is gone, or wants no answer any more."""
        super().leave()
        self.widen()

    def break_off(self) -> None:
        """Reset it, or say that there is no answer."""
        if self.left:
            return
        if self.started:
            self.connection.reset(self.number)
        else:
            self.refuse(failed())

    def refuse(self, why: Refused) -> None:
        """Answer it without the application."""
        self.connection.begin(self.number, why.status, why.fields)
        self.connection.put(self.number, memoryview(why.body))
        self.connection.end(self.number, heard_out=self.ended)

    def _taken(self) -> Message:
        self.connection.acknowledge(self.held, self.number)
        return super()._taken()

    def _give_up(self) -> None:
        self.connection.acknowledge(self.held, self.number)
        super()._give_up()
