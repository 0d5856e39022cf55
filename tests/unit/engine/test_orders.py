"""Orders that are paid for: see also tests/unit/jobs."""

import asyncio
from typing import Any

import pytest

from router.contract import AvatarLimits, AvatarRequest, DeadlinePassed, JobOffer, JobState, MediaError, Task, Ticket
from router.engine.breaker import IN_A_ROW, Verdict
from router.engine.policy import Candidate
from router.engine.settings import Price, Prices
from tests.unit.engine.stage import FACE, SOUND, Stage, route, staged

REQUEST = AvatarRequest(face=FACE, voice=SOUND)
TAKEN = Ticket("up-1", JobState.QUEUED)
SLOW = 1.2
"""Seconds: longer than a probe of a target that is quick as a rule gets."""


async def ordered(stage: Stage, *acts: Any) -> tuple[Any, list[str | None]]:
    """Have a film made by a; return what came of it, and who was noted as being asked."""
    provider, noted = stage.of("a"), list[str | None]()
    stage.acts("a", *acts)
    stage.engine.fleet.jobs["a", Task.AVATAR] = JobOffer(
        AvatarRequest, provider.play, AvatarLimits(), poll=provider.play, collect=provider.play
    )

    async def before(candidate: Candidate | None) -> None:
        noted.append(candidate.provider if candidate else None)

    stage.exchange = stage.engine.open(Task.AVATAR, "ads", "req_1")
    try:
        return await stage.engine.order(REQUEST, stage.exchange, tuple, before), noted
    except DeadlinePassed as error:
        return error, noted


async def slowly() -> Ticket:
    await asyncio.sleep(SLOW)
    return TAKEN


async def test_an_order_that_is_a_probe() -> None:
    """Unlike other probes it gets all the time of its route: cut short, it may have been taken, and is asked for again."""
    async with staged(route(Task.AVATAR, "a")) as stage:
        health = stage.engine.health.of("a", Task.AVATAR)
        health.saw_first_byte(0.01)
        for _ in range(IN_A_ROW):
            health.leave(health.enter(0.0), Verdict.BAD, 0.0)
        assert await ordered(stage, slowly) == (TAKEN, ["a"])


async def test_an_order_that_is_not_answered() -> None:
    """When its deadline passes, who was asked stays noted: that may have been bought."""
    async with staged(route(Task.AVATAR, "a", deadline=0.1)) as stage:
        error, noted = await ordered(stage, slowly)
        assert isinstance(error, DeadlinePassed)
        assert noted == ["a"]


async def test_what_an_order_may_cost_is_known_before_it_is_made() -> None:
    """Whoever writes down that an order is under way writes what it costs if nobody hears of it; once heard it is certain."""
    async with staged(route(Task.AVATAR, "a")) as stage:
        stage.engine.prices = Prices(targets={"a": Price(per_request=7)})
        known: list[tuple[int, bool]] = []
        stage.acts("a", TAKEN)
        exchange = stage.engine.open(Task.AVATAR, "ads", "req_1")

        async def before(_: Candidate | None) -> None:
            known.extend((one.cost, one.certain) for one in exchange.settle())

        await stage.engine.order(REQUEST, exchange, tuple, before)
        assert known == [(7, False)]
        assert [(one.cost, one.certain) for one in exchange.settle()] == [(7, True)]


async def test_an_order_that_cannot_be_written_down() -> None:
    """Nobody is asked, so nothing is on the bill."""
    async with staged(route(Task.AVATAR, "a")) as stage:
        stage.acts("a", TAKEN)
        exchange = stage.engine.open(Task.AVATAR, "ads", "req_1")

        async def before(_: Candidate | None) -> None:
            raise MediaError("the database is away")

        with pytest.raises(MediaError):
            await stage.engine.order(REQUEST, exchange, tuple, before)
        assert exchange.settle() == ()
