"""Knowing that the caller left: a raw ASGI application is told only if it keeps reading `receive`."""

import asyncio
from types import TracebackType
from typing import Self

from litestar.types import Receive


class CallerLeft(Exception):
    """The connection closed before the answer was complete."""


class Presence:
    """`async with Presence(receive):` cancels its block when the caller leaves and raises `CallerLeft`.

    Enter it only after the request's body has been read. Built as `asyncio.timeout` is: a cancellation
    from elsewhere stays a cancellation.
    """

    def __init__(self, receive: Receive) -> None:
        self.receive = receive
        self.left = False

    async def __aenter__(self) -> Self:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("Presence needs a running task")
        self.task = task
        self.cancelling = task.cancelling()
        self.watch = asyncio.create_task(self._watch())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.watch.cancel()
        if self.left and self.task.uncancel() <= self.cancelling:
            raise CallerLeft from error

    async def _watch(self) -> None:
        while (await self.receive())["type"] != "http.disconnect":
            pass
        self.left = True
        self.task.cancel()
