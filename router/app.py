"""The composition root: the one place where everything meets and nothing is decided."""

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

from router.cli.config import CONFIG
from router.contract import Inline, Upload
from router.engine.announce import Announcer
from router.engine.clock import SystemClock
from router.engine.engine import Engine, Surroundings
from router.engine.fleet import Fleet
from router.engine.registry import Registry
from router.engine.settings import RouterSettings, load
from router.engine.transport import client
from router.jobs import Jobs
from router.media import Fetcher, Workers, probe, still
from router.telemetry import logs, metrics
from router.web import create_app
from router.web.auth import Keys
from router.web.site import Site


def create() -> Litestar:
    """Build the application in a server's worker process."""
    registry = Registry.discover()
    settings = load(Path(os.environ[CONFIG]), registry, os.environ)
    logs.configure()
    return build(settings, registry)


def build(settings: RouterSettings, registry: Registry) -> Litestar:
    """Put the application together."""
    random = Random(secrets.randbits(64))  # noqa: S311 - spreads load, guards nothing
    workers = Workers(settings.server.media_workers)
    fetcher = Fetcher()
    clock = SystemClock()
    fleet = Fleet(settings.providers, registry.kinds, client, clock)
    announcer = Announcer(registry.hook)
    means = (fetching(fetcher, workers), filming(workers))
    engine = Engine(settings, fleet, Surroundings(clock, random, workers, *means, announcer))

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(workers)
            await stack.enter_async_context(fleet)
            stack.push_async_callback(engine.drain)
            yield

    keys = Keys({team.name: team.keys for team in settings.teams})
    jobs = Jobs(engine, films(), clock, new_video_id)
    site = Site(engine, keys, partial(probe, workers), metrics.render, new_id, jobs, settings.voices)
    return create_app(site, lifespan)


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
