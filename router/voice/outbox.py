"""What is on its way to one caller: a short queue, so that nobody works far ahead of who listens."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

from router.voice.events import REPLYING, Event

MOST: Final = 8
"""Events that wait to be written."""
STALLED: Final = 30.0
"""Seconds that one event may take to be written before its reader counts as gone."""


class Stalled(Exception):
    """The caller reads nothing."""


class Outbox:
    """A sink whose events are given to `write`, one at a time and in order, while `run` is at work."""

    def __init__(self, write: Callable[[Event], Awaitable[None]], most: int = MOST, stalled: float = STALLED) -> None:
        self._write = write
        self._stalled = stalled
        self._waiting: deque[Event] = deque()
        self._room = asyncio.Semaphore(most)
        self._some = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()

    async def emit(self, event: Event) -> None:
        """Take an event; wait until there is room for it."""
        await self._room.acquire()
        self._waiting.append(event)
        self._some.set()
        self._empty.clear()

    def drop(self) -> bool:
        """Forget what is left of a reply; say whether there was any."""
        kept = [one for one in self._waiting if not isinstance(one, REPLYING)]
        dropped = len(self._waiting) - len(kept)
        self._waiting = deque(kept)
        for _ in range(dropped):
            self._room.release()
        return dropped > 0

    async def run(self) -> None:
        """Write what comes, for good. Raises `Stalled`, and what `write` raises."""
        while True:
            while self._waiting:
                await self._next()
            self._some.clear()
            self._empty.set()
            await self._some.wait()

    async def written(self) -> None:
        """Wait until all that was taken is written."""
        await self._empty.wait()

    async def _next(self) -> None:
        event = self._waiting.popleft()
        self._room.release()
        try:
            async with asyncio.timeout(self._stalled):
                await self._write(event)
        except TimeoutError:
            raise Stalled(f"nothing was read for {self._stalled:g} seconds") from None
