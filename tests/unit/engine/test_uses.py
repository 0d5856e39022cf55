import asyncio

from router.engine.uses import Uses


async def test_nobody_ever() -> None:
    """What nobody uses can be closed at once."""
    await asyncio.wait_for(Uses().over(), 1)


async def test_the_last_to_leave() -> None:
    """It is over when everybody has left, in whatever order, and those who fail leave too."""
    uses = Uses()
    gates = [asyncio.Event(), asyncio.Event()]

    async def use(gate: asyncio.Event) -> None:
        with uses:
            await gate.wait()
            raise ValueError

    users = [asyncio.create_task(use(gate)) for gate in gates]
    waiting = asyncio.create_task(uses.over())
    await asyncio.sleep(0)
    gates[0].set()
    await asyncio.wait(users[:1])
    await asyncio.sleep(0)
    assert (uses.count, waiting.done()) == (1, False)
    gates[1].set()
    await asyncio.wait_for(waiting, 1)
    assert uses.count == 0
    await asyncio.gather(*users, return_exceptions=True)
