"""Knowing that the caller left: a raw ASGI application is told only if it keeps reading `receive`."""

import asyncio
from types import TracebackType
from typing import Any, Self

from litestar.types import Receive


class CallerLeft(Exception):
    """The connection closed before the answer was complete."""


class Presence:
    """`with Presence(receive):` cancels its block when the caller leaves and raises `CallerLeft`.

    Enter it only after the request's body has been read. Built as `asyncio.timeout` is: a cancellation
    from elsewhere stays a cancellation.
    """

    def __init__(self, receive: Receive) -> None:
        self.receive = receive
        self.left = self.over = False

    def __enter__(self) -> Self:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("Presence needs a running task")
        self.task = task
        self.cancelling = task.cancelling()
        self._look()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.over = True  # what is seen from now on, or is about to be told, concerns nobody
        self.watch.cancel()
        if self.left and self.task.uncancel() <= self.cancelling:
            raise CallerLeft from error

    def _look(self) -> None:
        # What granian receives by is a future already, and costs no task.
        self.watch = asyncio.ensure_future(self.receive())
        self.watch.add_done_callback(self._seen)

    def _seen(self, watch: asyncio.Future[Any]) -> None:
        if self.over or watch.cancelled():
            return
        if watch.result()["type"] != "http.disconnect":
            self._look()
            return
        self.left = True
        self.task.cancel()
