"""Knowing that the caller left: a raw ASGI application is told only if it keeps reading `receive`."""

import asyncio
from types import TracebackType
from typing import Any, Final, Self

from litestar.types import Receive

from router.loop.within import Bound


class CallerLeft(Exception):
    """The connection closed before the answer was complete."""


GRACE: Final = 0.05
"""Seconds until the first look: each costs a future and a callback, and what is over by then can do without."""


class Presence(Bound):
    """`with Presence(receive):` cancels its block when the caller leaves, or has left within `grace`; raises `CallerLeft`.

    Enter it only after the request's body has been read. Built as `asyncio.timeout` is: a cancellation
    from elsewhere stays a cancellation.
    """

    __slots__ = ("grace", "left", "receive", "watch")

    def __init__(self, receive: Receive, grace: float = GRACE) -> None:
        self.receive = receive
        self.grace = grace
        self.left = False
        self.watch: asyncio.Future[Any] | None = None

    def __enter__(self) -> Self:
        self.begin(self.grace)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.alarm.waits.discard(self)
        if self.watch is not None:
            watch, self.watch = self.watch, None  # what it sees from now on, or is about to tell, concerns nobody
            watch.cancel()
        if self.left and self.task.uncancel() <= self.cancelling:
            raise CallerLeft from error

    def ring(self) -> None:
        """Begin to look."""
        coming = self.receive()
        # A server that receives by futures costs no task.
        self.watch = coming if isinstance(coming, asyncio.Future) else asyncio.ensure_future(coming)
        self.watch.add_done_callback(self._seen)

    def _seen(self, watch: asyncio.Future[Any]) -> None:
        if watch is not self.watch or watch.cancelled():
            return
        if watch.result()["type"] != "http.disconnect":
            self.ring()
            return
        self.left = True
        self.task.cancel()
