"""The composition root: the one place where everything meets and nothing is decided."""

import gc
import os
import secrets
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from random import Random

import msgspec
from litestar import Litestar

from router.cli.config import CONFIG, SOUND
from router.contract import Inline, Upload
from router.engine.announce import Announcer
from router.engine.clock import SystemClock
from router.engine.engine import Engine, Surroundings
from router.engine.fleet import Fleet
from router.engine.registry import Registry
from router.engine.settings import RouterSettings
from router.engine.settings.load import parse, read_text
from router.engine.settings.secrets import References
from router.engine.transport import client
from router.jobs import Jobs
from router.media import Fetcher, Workers, probe, still
from router.reload import Reading, Reloads, Watched
from router.telemetry import logs, metrics
from router.trees import Tree, Trees
from router.web import create_app
from router.web.auth import Keys
from router.web.site import Site


def create() -> Litestar:
    """Build the application in a server's worker process."""
    registry = Registry.discover()
    path = Path(os.environ[CONFIG])
    references = References(os.environ, path.parent, read_text)
    logs.configure()
    reading = Reading(
        Watched(path),
        lambda text: parse(text, str(path), registry, references),
        Path(os.environ[SOUND]),
    )
    app = build(reading.begin(), registry, reading)
    gc.freeze()  # all of it stays: looking it through again and again would take a tenth of a busy second
    return app


def build(settings: RouterSettings, registry: Registry, reading: Reading | None = None) -> Litestar:
    """Put the application together. With a `reading` it follows changes of the configuration while it runs."""
    workers = Workers(settings.server.media_workers)
    world = surroundings(workers, registry)
    ground = Shared(registry, world)
    first = ground.tree(settings, ground.fleet(settings))

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        trees = Trees(first, ground, partial(setattr, app.state, "site"))
        async with AsyncExitStack() as stack:
            stack.callback(logs.LINES.flush)
            await stack.enter_async_context(workers)
            await stack.enter_async_context(trees)
            if reading is not None:
                await stack.enter_async_context(Reloads(reading, trees, world.clock, world.announcer.reload))
            yield

    return create_app(first.site, lifespan)


def surroundings(workers: Workers, registry: Registry) -> Surroundings:
    """Return what engines are given of the world."""
    random = Random(secrets.randbits(64))  # noqa: S311 - spreads load, guards nothing
    fetch, film = fetching(Fetcher(), workers), filming(workers)
    return Surroundings(SystemClock(), random, workers, fetch, film, Announcer(registry.hook))


class Shared:
    """What a process keeps, whatever its configuration: see `Ground`."""

    def __init__(self, registry: Registry, world: Surroundings) -> None:
        self.registry = registry
        self.world = world
        self.jobs: Jobs | None = None

    def fleet(self, settings: RouterSettings, before: Fleet | None = None) -> Fleet:
        """Return the providers, not yet started."""
        return Fleet(settings.providers, self.registry.kinds, client, self.world.clock, before)

    def tree(self, settings: RouterSettings, fleet: Fleet, before: Engine | None = None) -> Tree:
        """Return an engine over the providers, and the site that it serves."""
        engine = Engine(settings, fleet, self.world, before)
        keys = Keys({team.name: team.keys for team in settings.teams})
        self.jobs = self.jobs.over(engine) if self.jobs else Jobs(engine, films(), self.world.clock, new_video_id)
        measure = partial(probe, self.world.workers)
        site = Site(engine, keys, measure, metrics.render, new_id, self.jobs, settings.voices)
        return Tree(settings, fleet, engine, site)


def fetching(fetcher: Fetcher, workers: Workers) -> Callable[[str, str, int], Awaitable[Inline]]:
    """Return what downloads media and says how long it lasts, if it is sound."""

    async def fetch(url: str, param: str, limit: int) -> Inline:
        media = await fetcher.fetch(url, limit, param=param)
        if not media.media_type.startswith("audio/"):
            return media
        return msgspec.structs.replace(media, seconds=(await probe(workers, media.data)).seconds)

    return fetch


def filming(workers: Workers) -> Callable[[Inline | Upload, float], Awaitable[Inline]]:
    """Return what makes a video of a picture."""

    async def film(picture: Inline | Upload, seconds: float) -> Inline:
        return await still(workers, picture.source, seconds)

    return film


def films() -> Path:
    """Return the folder for the films of this process: it goes with them, as jobs do not survive a restart yet."""
    return Path(tempfile.gettempdir()) / f"media-router-films-{secrets.token_hex(8)}"


def new_id() -> str:
    """Return a request id."""
    return f"req_{secrets.token_hex(12)}"


def new_video_id() -> str:
    """Return a video's public id: not to be guessed, since that is how it is named to anyone."""
    return f"video_{secrets.token_hex(12)}"
