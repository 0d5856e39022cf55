"""Leaving without anybody noticing: on SIGTERM readiness falls, and only a while later does the process stop to listen.

Whoever sends requests here, a load balancer or a Service, needs that while to learn of it; requests that still come are
served. Jobs are handed to other processes at once. Then sockets are closed, as soon as what is being said on each is said,
and the server is told to stop, which closes the port and waits for what is under way; what takes too long is cut. SIGINT
stops the server without any of that.
"""

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

import msgspec

from router.engine.clock import Clock
from router.web.leaving import Leaving

LOG: Final = logging.getLogger(__name__)


class Notice(msgspec.Struct, frozen=True):
    """Seconds: `window` from being told to go until the port closes, `finish` from there until what is under way is cut."""

    window: float
    finish: float


class Ending(msgspec.Struct, frozen=True):
    """What is done on the way out: jobs are handed over, the server is stopped, and what takes too long is cut."""

    hand_over: Callable[[], Awaitable[None]]
    stop: Callable[[], None]
    cut: Callable[[], Awaitable[None]]


class Drain:
    """`async with Drain(...)`: inside, a SIGTERM is the beginning of the end. A second one changes nothing."""

    def __init__(self, notice: Notice, leaving: Leaving, ending: Ending, clock: Clock) -> None:
        self.notice = notice
        self.leaving = leaving
        self.ending = ending
        self.clock = clock
        self._work: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self.begin)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # The signal stays heeded: by default it would kill a process that is writing down its last figures.
        for one in self._work:
            one.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)

    def begin(self) -> None:
        """Begin to leave."""
        if self.leaving.begun:
            return
        self.leaving.begun = True
        LOG.info("told to stop: the port closes in %g s, and what is under way then gets %g s", *self._seconds())
        self._work = [asyncio.create_task(self._hand_over()), asyncio.create_task(self._leave())]

    def _seconds(self) -> tuple[float, float]:
        return self.notice.window, self.notice.finish

    async def _hand_over(self) -> None:
        try:
            await self.ending.hand_over()
        except Exception:
            LOG.exception("jobs could not be handed over; others take them when their leases run out")

    async def _leave(self) -> None:
        await self.clock.sleep(self.notice.window)
        until = self.clock.now() + self.notice.finish
        self.leaving.closed.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(self.notice.finish):
                await self.leaving.conversations.over()  # the server has no last word for them but its own
        self.ending.stop()
        await self.clock.sleep(until - self.clock.now())
        LOG.warning("what is under way is cut, %g s after the port was closed", self.notice.finish)
        await self.ending.cut()
