import asyncio
from typing import Any

import pytest

from router.contract import NotAllowed, Outcome, Task
from router.engine.exchange import Exchange
from router.engine.settings import Limits, Team
from router.store.counters import Claim, Count, LocalCounters
from router.teams.admitting import Admitting
from router.teams.quota import OverLimit
from router.teams.reserve import Admission
from router.testing.clock import FakeClock
from tests.unit.teams.making import Wall, settings, speech


class Served:
    """An engine that serves whatever it is asked."""

    def __init__(self) -> None:
        self.requests: list[Any] = []
        self.outcomes: list[Outcome] = []

    def open(self, task: Task, team: str, request_id: str) -> Exchange:
        return Exchange(task, team, request_id, FakeClock(), self.outcomes.append)

    async def serve(self, request: Any, exchange: Exchange, within: float | None = None) -> Any:
        self.requests.append(request)
        return "served"


class Slow(LocalCounters):
    """Counters that take their time to answer."""

    def __init__(self, wall: Wall) -> None:
        super().__init__(wall)
        self.answer = asyncio.Event()

    async def claim(self, claim: Claim) -> Count:
        count = await super().claim(claim)
        await self.answer.wait()
        return count


def behind_the_door(engine: Served, team: Team) -> Admitting:
    return Admitting(engine, Admission(settings(team), LocalCounters(Wall()), Wall()))


async def test_each_part_of_a_conversation_is_held_and_counted() -> None:
    """What its team may still use is served; a failure gives it back; one too many is refused, and nobody is asked."""
    engine = Served()
    door = behind_the_door(engine, Team(name="ads", limits=Limits(characters="10/min")))
    for outcome in ("all_providers_failed", "ok"):
        exchange = door.open(Task.SPEECH, "ads", "r")
        assert await door.serve(speech("seven77"), exchange) == "served"
        exchange.finish(outcome, 200)
    with pytest.raises(OverLimit):
        await door.serve(speech("seven77"), door.open(Task.SPEECH, "ads", "r"))
    assert (len(engine.requests), len(engine.outcomes)) == (2, 2)


async def test_a_turn_is_one_at_once() -> None:
    """However many of its parts are under way, it counts as one; another is let in once it has been left."""
    engine = Served()
    admission = Admission(settings(Team(name="ads", limits=Limits(concurrent=1))), LocalCounters(Wall()), Wall())
    first, second = Admitting(engine, admission), Admitting(engine, admission)
    await asyncio.gather(*(first.serve(speech(), first.open(Task.SPEECH, "ads", "r")) for _ in range(3)))
    with pytest.raises(OverLimit):
        await second.serve(speech(), second.open(Task.SPEECH, "ads", "r"))
    first.leave()
    await first.serve(speech("late"), first.open(Task.SPEECH, "ads", "r"))
    await second.serve(speech(), second.open(Task.SPEECH, "ads", "r"))
    second.leave()
    assert await admission.enter("ads") is not None
    assert len(engine.requests) == 5


async def test_a_turn_that_is_left_as_it_enters() -> None:
    """Who leaves while it is found out whether there is room takes none."""
    counters = Slow(Wall())
    admission = Admission(settings(Team(name="ads", limits=Limits(concurrent=1))), counters, Wall())
    door = Admitting(Served(), admission)
    entering = asyncio.ensure_future(door.serve(speech(), door.open(Task.SPEECH, "ads", "r")))
    await asyncio.sleep(0)
    door.leave()
    counters.answer.set()
    await entering
    assert await admission.enter("ads") is not None


async def test_what_is_forbidden_is_not_asked_for() -> None:
    """A conversation may use the routes that its team may use."""
    engine = Served()
    door = behind_the_door(engine, Team(name="ads", routes=("hear",)))
    with pytest.raises(NotAllowed):
        await door.serve(speech(), door.open(Task.SPEECH, "ads", "r"))
    assert engine.requests == []
