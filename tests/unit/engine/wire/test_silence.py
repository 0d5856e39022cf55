import asyncio

from router.engine.wire.silence import Silence


async def test_waits_end_in_time() -> None:
    """Only a wait without a break counts, and it is noticed when it has lasted long enough, not later."""
    loop = asyncio.get_running_loop()
    rang: list[float] = []
    silence = Silence(0.1, lambda: rang.append(loop.time()))
    for _ in range(4):
        silence.begin()
        await asyncio.sleep(0.06)
        silence.end()
    assert not rang
    begun = loop.time()
    silence.begin()
    await asyncio.sleep(0.2)
    assert len(rang) == 1
    assert 0.09 < rang[0] - begun < 0.16


async def test_closed() -> None:
    """Nothing rings after it was closed."""
    rang: list[bool] = []
    silence = Silence(0.01, lambda: rang.append(True))
    silence.begin()
    silence.close()
    await asyncio.sleep(0.03)
    assert not rang
