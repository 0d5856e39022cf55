"""How long a request's body may take to arrive."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any, Final

from litestar.types import Receive

from router.contract import Invalid
from router.loop.within import Within, alarm_here


@dataclass(frozen=True, slots=True)
class Pace:
    """What is asked of a caller's connection: never silent for `silence` seconds, and `rate` bytes a second after as long."""

    silence: float
    rate: float


PACE: Final = Pace(silence=30.0, rate=16 * 1024)
"""25 MB may take 27 minutes."""


def arriving(receive: Receive, pace: Pace = PACE) -> Receive:
    """Return a `receive` that raises `Invalid` (408) when the body comes too slowly."""
    now = alarm_here().loop.time
    until, size = now() + pace.silence, 0

    async def in_time(coming: Awaitable[Any]) -> Any:
        due = min(now() + pace.silence, until + size / pace.rate)
        try:
            with Within(due - now()):
                return await coming
        except TimeoutError:
            raise too_slow(size, pace) from None

    async def received() -> Any:
        nonlocal size
        coming = receive()
        here = isinstance(coming, asyncio.Future) and coming.done()  # as short bodies are
        message: Any = await (coming if here else in_time(coming))
        if message["type"] == "http.request":
            size += len(message["body"])
        return message

    return received


def too_slow(size: int, pace: Pace = PACE) -> Invalid:
    """Return the error for a body of which only so many bytes came in time."""
    return Invalid(
        f"the request's body came too slowly: {size} bytes, then nothing for {pace.silence:g} seconds, "
        f"or less than {pace.rate:g} bytes a second",
        status=408, code="request_timeout", limit=pace.silence,
    )  # fmt: skip
