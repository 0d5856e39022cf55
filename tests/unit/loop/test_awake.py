"""Staying awake: after what, for how long, and that nothing else keeps a loop from its sleep."""

import asyncio
from collections.abc import Callable, Sequence
from typing import cast

import pytest

from router.loop.awake import AT_ONCE, Awake
from router.testing.clock import FakeClock

STEPS = 20


class Turns:
    """A loop that turns when told. It sleeps if it has nothing to do next."""

    def __init__(self) -> None:
        self.next: list[Callable[[], object]] = []

    def call_soon(self, callback: Callable[[], object]) -> None:
        self.next.append(callback)

    def turn(self) -> None:
        due, self.next = self.next, []
        for one in due:
            one()


class Scene:
    """A loop, a clock, and things that come one after another."""

    def __init__(self) -> None:
        self.loop, self.clock = Turns(), FakeClock()
        self.awake = Awake(cast("asyncio.AbstractEventLoop", self.loop), self.clock.now)

    def pass_time(self, seconds: float) -> None:
        for _ in range(STEPS):
            self.clock.advance(seconds / STEPS)
            self.loop.turn()

    def come(self, after: Sequence[float]) -> bool:
        """Have things come after so many seconds each; return whether the loop is awake then."""
        for seconds in after:
            self.pass_time(seconds)
            self.awake.expect()
        return bool(self.loop.next)


@pytest.mark.parametrize(
    ("after", "awake"),
    [
        ([10], False),
        ([10, 0.0001], False),
        ([10, 0.0001, 0.0002], True),
        ([10, 0.0001, 0.0002, 0.0009, 0.0009], True),
        ([10, 0.0001, 0.0002, 2 * AT_ONCE], False),
        ([10, 0.0001, 0.0002, 2 * AT_ONCE, 0.0001, 0.0001], True),
        ([10, 0.2, 0.0001, 0.2, 0.0001, 0.2, 0.0001], False),  # who asks again and again of someone slow
    ],
)
def test_what_follows_at_once(after: Sequence[float], *, awake: bool) -> None:
    """Once two have followed at once, the next is expected to as well."""
    assert Scene().come(after) is awake


def test_until_when() -> None:
    """It looks once in each turn, for a millisecond after the last that came, and then no more."""
    scene = Scene()
    assert scene.come([10, 0.0001, 0.0001, 0.0001, 0.0001])
    scene.pass_time(0.9 * AT_ONCE)
    assert len(scene.loop.next) == 1
    scene.pass_time(0.2 * AT_ONCE)
    assert not scene.loop.next


async def test_a_loop_that_is_awake_does_all_else_meanwhile() -> None:
    """Looking is a turn of the loop, in which whatever else is to be done is."""
    clock = FakeClock()
    awake, done = Awake(asyncio.get_running_loop(), clock.now), asyncio.Event()
    for _ in range(3):
        awake.expect()
    asyncio.get_running_loop().call_later(0.01, done.set)
    async with asyncio.timeout(5):
        await done.wait()
    clock.advance(1)
