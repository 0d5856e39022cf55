"""What one engine leaves to the next."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import msgspec

from router.contract import Busy, Settings, Task
from router.engine.engine import Engine
from router.engine.fleet import Fleet
from router.engine.settings import ProviderSettings, Route, RouterSettings
from tests.unit.engine.stage import Scripted, Stage, route, speech, staged, whole


@asynccontextmanager
async def after(stage: Stage, changed: dict[str, ProviderSettings], *routes: Route) -> AsyncIterator[Stage]:
    """An engine that comes after another, where some providers are configured otherwise."""
    before = stage.engine
    accounts = {**before.fleet.settings, **changed}
    settings = RouterSettings(providers=accounts, routes=routes or tuple(before.routes))
    clock = before.world.clock
    async with Fleet(accounts, {"scripted": Scripted}, lambda _: httpx.AsyncClient(), clock, before.fleet) as fleet:
        yield Stage(Engine(settings, fleet, before.world, before), stage.told)


def account(name: str, **limits: float) -> ProviderSettings:
    return msgspec.structs.replace(ProviderSettings(name=name, kind="scripted", settings=Settings()), **limits)


async def test_a_block_outlives_the_engine() -> None:
    """A target that asked to be left alone is left alone by the next engine; one that was changed is asked afresh."""
    async with staged() as stage:
        stage.acts("a", Busy("", retry_after=60.0))
        stage.acts("b", speech())
        await whole(await stage.speak())
        async with after(stage, {}) as same:
            same.acts("b", speech())
            await whole(await same.speak())
            assert same.outcomes() == ["b ok"]
        async with after(stage, {"a": account("a", connect=1.0)}) as changed:
            changed.acts("a", speech())
            await whole(await changed.speak())
            assert changed.outcomes() == ["a ok"]


async def test_both_know_the_same() -> None:
    """What a request on the old engine learns of an unchanged target, requests on the new one know, and back."""
    async with staged() as stage, after(stage, {"b": account("b", connect=1.0)}) as later:
        for task in (Task.SPEECH, Task.TRANSCRIPTION):
            assert stage.engine.health.of("a", task) is later.engine.health.of("a", task)
            assert stage.engine.health.of("b", task) is not later.engine.health.of("b", task)


async def test_another_concurrency() -> None:
    """A call that is under way is counted on under the new limit."""
    async with staged(concurrency=4) as stage:
        stage.acts("a", speech())
        under_way = await stage.speak()
        async with after(stage, {"a": account("a", concurrency=1)}) as later:
            health = later.engine.health.of("a", Task.SPEECH)
            assert (health.load, health.has_room) == (1, False)
            await whole(under_way)
            assert (health.load, health.has_room) == (0, True)


async def test_what_was_saved_up_for_hedges() -> None:
    """A hedged route goes on with its budget, under whatever limits it now has."""
    hedged = route(Task.SPEECH, "ab", hedge=True)
    async with staged(hedged) as stage:
        stage.engine.hedges.budgets[hedged.name].saved = 7
        async with after(stage, {}, msgspec.structs.replace(hedged, attempts=2)) as later:
            assert later.engine.hedges.budgets[hedged.name] is stage.engine.hedges.budgets[hedged.name]
        async with after(stage, {}, msgspec.structs.replace(hedged, hedge=False)) as without:
            assert without.engine.hedges.budgets == {}
