import asyncio

from router.engine.wire.silence import Silence


class Waits:
    """Somebody who may be waiting, and when that was too long."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.waiting = False
        self.rang: list[float] = []

    def waited(self) -> bool:
        return self.waiting

    def over(self) -> None:
        self.rang.append(self.loop.time())


async def test_waits_end_in_time() -> None:
    """Only a wait without a break counts, and it is noticed when it has lasted long enough, not later."""
    waits = Waits()
    silence = Silence(0.3, waits.waited, waits.over)
    for _ in range(4):
        waits.waiting = True
        silence.begin()
        await asyncio.sleep(0.1)
        waits.waiting = False
    assert not waits.rang
    begun = waits.loop.time()
    waits.waiting = True
    silence.begin()
    await asyncio.sleep(0.6)
    assert len(waits.rang) == 1
    assert 0.29 < waits.rang[0] - begun < 0.5


async def test_nobody_waits() -> None:
    """A wait that ended in time is not held against anybody, though no other begins."""
    waits = Waits()
    Silence(0.01, waits.waited, waits.over).begin()
    await asyncio.sleep(0.03)
    assert not waits.rang


async def test_closed() -> None:
    """Nothing rings after it was closed."""
    waits = Waits()
    waits.waiting = True
    silence = Silence(0.01, waits.waited, waits.over)
    silence.begin()
    silence.close()
    await asyncio.sleep(0.03)
    assert not waits.rang
