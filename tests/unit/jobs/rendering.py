"""Jobs that are worked on while a test looks: films in the making, in a house whose time is the test's."""

import asyncio
from typing import Any

from router.contract import Clip
from router.jobs import Job
from router.testing.clock import FakeClock
from tests.unit.jobs.making import ADS, House, Studio
from tests.unit.web.making import Chunks


class Rendering:
    """A film in the making: `begun` when it is ordered, there when it is `going`."""

    def __init__(self) -> None:
        self.begun, self.going = asyncio.Event(), asyncio.Event()

    async def __call__(self) -> Clip:
        self.begun.set()
        await self.going.wait()
        return Clip(Chunks(b"film"))


def house_of(*placing: Any, **bounds: Any) -> House:
    """A house whose clock stands still between advances, and that is left without waiting."""
    studio = Studio(*placing)
    studio.clock = FakeClock(waits=True)
    return House(studio, **({"grace": 0.0} | bounds))


def film() -> Clip:
    return Clip(Chunks(b"one", b"two"))


async def made(house: House, **options: Any) -> Job:
    return await house.jobs.wait(ADS, (await house.create(**options)).id, 10)
