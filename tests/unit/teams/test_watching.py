import asyncio

import pytest

from router.contract import LimitsTold, QuotaUse
from router.engine.settings import Limits, WhenAway
from router.teams.quota import OverLimit
from router.teams.reserve import unlimited
from router.teams.watching import LOOK, LimitsWatch
from router.testing.clock import FakeClock
from tests.unit.teams.making import Moody, Wall, door, outcome, speech


async def test_how_limits_stand() -> None:
    """Each limit with the share that is used and what it refused; said once, and again when it is otherwise."""
    told: list[LimitsTold] = []
    wall = Wall()
    gate = door(Limits(characters="10/min", concurrent=1), wall)
    watch = LimitsWatch(lambda: gate, FakeClock(), told.append)
    hold = await gate.admit("ads", speech("12345"))
    assert hold is not None
    for text in ("x", "123456"):
        with pytest.raises(OverLimit):
            await gate.admit("ads", speech(text))
    for _ in range(3):
        watch.look()
    hold.end(outcome())
    wall.time += 60
    watch.look()
    half = QuotaUse(team="ads", limit="characters-min", used=0.5, refused=1)
    busy = QuotaUse(team="ads", limit="concurrent", used=1.0, refused=1)
    spare = QuotaUse(team="ads", limit="characters-min", used=0.0)
    assert [one.quotas for one in told] == [(half, busy), (spare,)]


async def test_that_nobody_counts() -> None:
    """It is said that what counts is away, what becomes of requests, and how many went uncounted."""
    told: list[LimitsTold] = []
    counters = Moody()
    gate = door(Limits(requests="1/min"), counters=counters, fail=WhenAway.OPEN)
    watch = LimitsWatch(lambda: gate, FakeClock(), told.append)
    watch.look()
    counters.there = False
    for _ in range(3):
        await gate.admit("ads", speech())
    watch.look()
    assert [(one.there, one.fail, one.unmetered) for one in told] == [(True, "open", 0), (False, "open", 3)]


async def test_nothing_is_said_where_nothing_is_limited() -> None:
    """Routers without limits announce none, look after look."""
    told: list[LimitsTold] = []
    clock = FakeClock(waits=True)
    task = asyncio.ensure_future(LimitsWatch(unlimited, clock, told.append).run())
    for _ in range(3):
        await asyncio.sleep(0)
        clock.advance(LOOK)
    task.cancel()
    assert (told, clock.slept) == ([], [LOOK] * len(clock.slept))
    assert clock.slept
