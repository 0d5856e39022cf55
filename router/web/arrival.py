"""How long a request's body may take to arrive."""

import asyncio
from collections.abc import Awaitable
from functools import partial
from typing import Any, Final

import msgspec
from litestar.types import Receive

from router.contract import Invalid
from router.loop.within import Within, alarm_here


class Pace(msgspec.Struct, frozen=True):
    """What is asked of a caller's connection: never silent for `silence` seconds, and `rate` bytes a second after as long."""

    silence: float
    rate: float


PACE: Final = Pace(silence=30.0, rate=16 * 1024)
"""25 MB may take 27 minutes."""


class Arriving(msgspec.Struct, eq=False):
    """A `receive` that raises `Invalid` (408) when the body comes too slowly. Its time runs from when it is first waited for."""

    receive: Receive
    pace: Pace = PACE
    size: int = 0
    until: float | None = None

    def __call__(self) -> Awaitable[Any]:
        """Return what comes next, or will."""
        coming = self.receive()
        if isinstance(coming, asyncio.Future) and coming.done():  # as short bodies are
            self.size += size_of(coming.result())
            return coming
        return self._in_time(coming)

    async def _in_time(self, coming: Awaitable[Any]) -> Any:
        now, pace = alarm_here().loop.time(), self.pace
        if self.until is None:
            self.until = now + pace.silence
        left = min(pace.silence, self.until + self.size / pace.rate - now)
        with Within(left, partial(too_slow, self.size, pace)):
            message = await coming
        self.size += size_of(message)
        return message


def size_of(message: Any) -> int:
    """Return how many bytes of a body came; none with the word that the caller left."""
    return len(message.get("body", b""))


def too_slow(size: int, pace: Pace = PACE) -> Invalid:
    """Return the error for a body of which only so many bytes came in time."""
    return Invalid(
        f"the request's body came too slowly: {size} bytes, then nothing for {pace.silence:g} seconds, "
        f"or less than {pace.rate:g} bytes a second",
        status=408, code="request_timeout", limit=pace.silence,
    )  # fmt: skip
