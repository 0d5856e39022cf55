"""One configuration after another, over scripted providers."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any, ClassVar, Self, cast

import httpx
import msgspec
import pytest

from router.contract import Clip, Task
from router.engine.announce import Announcer
from router.engine.engine import Engine, Surroundings
from router.engine.fleet import Fleet
from router.engine.settings import ProviderSettings, Route, RouterSettings, Server, SettingsError
from router.jobs import Jobs, Kept
from router.testing.clock import FakeClock
from router.testing.stores import MemoryMedia, MemoryRows
from router.trees import Tree, Trees
from router.web.auth import Keys
from router.web.site import Site
from tests.unit.engine.stage import Scripted, route
from tests.unit.jobs.making import ADS, REQUEST, Studio, by, until
from tests.unit.web.making import Chunks

SETTINGS = RouterSettings(
    providers={name: ProviderSettings(name=name, kind="noted", settings=Scripted.settings_type()) for name in "ab"},
    routes=(route(Task.SPEECH, "ab"),),
)


class Noted(Scripted):
    """Notes when it is left; one named `broken` cannot start, one named `stuck` cannot be left."""

    kind = "noted"
    left: ClassVar[list[str]] = []

    async def __aenter__(self) -> Self:
        if self.name == "broken":
            raise RuntimeError(self.name)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.left.append(self.name)
        if self.name == "stuck":
            raise RuntimeError(self.name)


class Ground:
    """Grows trees whose jobs are those of a stub engine."""

    def __init__(self, jobs: Jobs) -> None:
        self.jobs = jobs
        nothing: Any = None
        hook = SimpleNamespace(media_load_changed=lambda **_: None)
        self.world = Surroundings(FakeClock(), Random(1), nothing, nothing, nothing, Announcer(hook))

    def fleet(self, settings: RouterSettings, before: Fleet | None = None) -> Fleet:
        return Fleet(settings.providers, {"noted": Noted}, lambda _: httpx.AsyncClient(), self.world.clock, before)

    def tree(self, settings: RouterSettings, fleet: Fleet, before: Engine | None = None) -> Tree:
        engine, nothing = Engine(settings, fleet, self.world, before), cast("Any", None)
        site = Site(engine, Keys({}), cast("Any", None), lambda: (b"", ""), str, self.jobs, repeats=nothing)
        return Tree(settings, fleet, engine, site)


@asynccontextmanager
async def growing(folder: Path, longest: float = 60.0) -> AsyncIterator[tuple[Trees, list[Site]]]:
    Noted.left.clear()
    shown: list[Site] = []
    going = asyncio.Event()

    async def rendering() -> Clip:
        await going.wait()
        return Clip(Chunks(b"film"))

    studio = Studio(rendering)
    kept = Kept(MemoryRows(), MemoryMedia())
    async with Jobs(lambda: studio, kept, FakeClock(waits=True), lambda: "video_1") as jobs:
        ground = Ground(jobs)
        first = ground.tree(SETTINGS, ground.fleet(SETTINGS))
        async with Trees(first, ground, shown.append, longest) as trees:
            yield trees, shown
        going.set()


def with_(*routes: Route, **providers: float) -> RouterSettings:
    """Return settings with other routes, and providers of other patience."""
    accounts = {
        name: ProviderSettings(name=name, kind="noted", settings=Scripted.settings_type(), connect=connect)
        for name, connect in providers.items()
    }
    return RouterSettings(providers={**SETTINGS.providers, **accounts}, routes=routes or SETTINGS.routes)


async def test_the_same(tmp_path: Path) -> None:
    """Settings that say the same change nothing."""
    async with growing(tmp_path) as (trees, shown):
        assert await trees.replace(with_()) == ()
        assert (trees.generation, shown) == (1, [])


async def test_another(tmp_path: Path) -> None:
    """Once it returns, new requests get the new site; what nobody is at work on any more is closed."""
    async with growing(tmp_path) as (trees, shown):
        assert await trees.replace(with_(a=1.0)) == ("changed providers.a.connect: 5.0 -> 1.0",)
        assert (trees.generation, shown) == (2, [trees.current.site])
        await until(lambda: Noted.left == ["a"])
    assert sorted(Noted.left) == ["a", "a", "b"]


async def test_a_request_under_way(tmp_path: Path) -> None:
    """As long as it lasts its provider is open, however many configurations there are meanwhile."""
    async with growing(tmp_path) as (trees, _):
        first = trees.current
        with first.site.uses:
            for connect in (1.0, 2.0, 3.0):
                await trees.replace(with_(a=connect))
            await until(lambda: Noted.left == ["a", "a"])
            assert first.engine.providers.keys() == {"a", "b"}
        await until(lambda: Noted.left == ["a", "a", "a"])


async def test_a_job_under_way(tmp_path: Path) -> None:
    """It keeps its provider open too, though no request waits for it."""
    async with growing(tmp_path) as (trees, _):
        jobs = trees.current.site.jobs
        await jobs.create(REQUEST, by())
        await until(lambda: bool(jobs.scheduler.at_work))
        await trees.replace(with_(a=1.0))
        with pytest.raises(TimeoutError):
            await until(lambda: bool(Noted.left))
        await jobs.delete(ADS, "video_1")
        await until(lambda: Noted.left == ["a"])


async def test_a_request_that_never_ends(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """After long enough it is cut, and said to be."""
    async with growing(tmp_path, longest=0.01) as (trees, _):
        with trees.current.site.uses, caplog.at_level(logging.WARNING):
            await trees.replace(with_(a=1.0))
            await until(lambda: Noted.left == ["a"])
        assert "requests are cut" in caplog.text


async def test_the_end_while_a_request_is_under_way(tmp_path: Path) -> None:
    """When the router stops, what is left of older configurations is closed as well."""
    async with growing(tmp_path) as (trees, _):
        with trees.current.site.uses:
            await trees.replace(with_(a=1.0))
            await trees.__aexit__(None, None, None)
            assert sorted(Noted.left) == ["a", "a", "b"]


async def test_a_provider_that_cannot_start(tmp_path: Path) -> None:
    """Nothing changes, and those that did start are left again."""
    async with growing(tmp_path) as (trees, shown):
        before = trees.current
        with pytest.raises(RuntimeError, match="broken"):
            await trees.replace(with_(a=1.0, broken=1.0))
        assert (trees.current, trees.generation, shown, Noted.left) == (before, 1, [], ["a"])
        assert before.engine.ready()


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        (msgspec.structs.replace(with_(a=1.0), server=Server(port=1)), "needs a restart"),
        (with_(route(Task.CHAT, "a"), a=1.0), "offers no chat"),
    ],
    ids=["restart", "offers"],
)
async def test_what_is_refused(tmp_path: Path, settings: RouterSettings, problem: str) -> None:
    """Settings that cannot be put into force, or that no provider honours, change nothing at all."""
    async with growing(tmp_path) as (trees, shown):
        before = trees.current
        with pytest.raises(SettingsError, match=problem):
            await trees.replace(settings)
        assert (trees.current, trees.generation, shown) == (before, 1, [])
        assert before.engine.ready()


async def test_a_provider_that_cannot_be_left(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is logged, and is nobody else's trouble."""
    async with growing(tmp_path) as (trees, _):
        await trees.replace(with_(stuck=1.0))
        await trees.replace(with_())
        await until(lambda: Noted.left == ["stuck"])
        await until(lambda: "could not be closed" in caplog.text)
