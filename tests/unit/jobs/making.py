"""Jobs over a stub engine whose clips a test holds in its hand."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

from router.contract import AvatarRequest, Clip, Inline, Size
from router.engine.exchange import Exchange
from router.jobs import Ask, Bounds, Jobs
from router.testing.clock import FakeClock
from tests.unit.web.making import Chunks, StubEngine, attempt

ADS, NEWS = "ads", "news"
REQUEST = AvatarRequest(
    face=Inline(b"face", "image/png"), voice=Inline(b"voice", "audio/wav", seconds=4.0), size=Size.SQUARE
)


class Held:
    """A stream that waits after its first chunk until it is let go."""

    def __init__(self) -> None:
        self.going = asyncio.Event()
        self.begun = asyncio.Event()
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"first"
        self.begun.set()
        await self.going.wait()
        yield b"last"

    async def aclose(self) -> None:
        self.closed = True


def playing(stream: Any) -> StubEngine:
    """An engine that answers everything with this stream."""

    async def serve(_: Any, exchange: Exchange) -> Clip:
        exchange.attempts.append(attempt(exchange, 1, "studio", "ok"))
        return Clip(stream)

    return StubEngine(serve)


def chunks(*parts: bytes | Exception) -> StubEngine:
    return playing(Chunks(*parts))


def by(team: str = ADS, **options: Any) -> Ask:
    return Ask(team, "req_1", "a-model", **options)


async def until(holds: Callable[[], bool]) -> None:
    """Wait for what happens beside the event loop."""
    for _ in range(2000):
        if holds():
            return
        await asyncio.sleep(0.001)
    raise TimeoutError("it never came about")


@asynccontextmanager
async def jobs_over(
    engine: StubEngine, folder: Path, clock: FakeClock | None = None, **bounds: Any
) -> AsyncIterator[Jobs]:
    """Jobs numbered from 1 in a folder of their own; time stands still unless the test moves it."""
    ids = count(1)
    clock = clock or FakeClock(waits=True)
    async with Jobs(engine, folder / "films", clock, lambda: f"video_{next(ids)}", Bounds(**bounds)) as jobs:
        yield jobs
