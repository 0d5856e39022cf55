"""Orders that are paid for: see also tests/unit/jobs."""

import asyncio
from typing import Any

from router.contract import AvatarLimits, AvatarRequest, DeadlinePassed, JobOffer, JobState, Task, Ticket
from router.engine.breaker import IN_A_ROW, Verdict
from router.engine.policy import Candidate
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
