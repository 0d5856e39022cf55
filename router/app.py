"""The composition root: the one place where everything meets and nothing is decided."""

import asyncio
import gc
import os
import secrets
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from ipaddress import ip_network
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Final, cast

from litestar import Litestar
from litestar.types import ASGIApp
from msgspec.structs import replace

from router.cli.config import CONFIG, DRAIN, SOUND, WORKERS
from router.contract import Carried, Inline
from router.drain import Drain, Ending, Notice
from router.engine.announce import Announcer
from router.engine.clock import SystemClock
from router.engine.engine import Engine, Surroundings
from router.engine.fleet import Fleet
from router.engine.registry import Registry, installed
from router.engine.settings import ProviderSettings, RouterSettings, served_by
from router.engine.settings.load import parse, read_text
from router.engine.settings.secrets import References
from router.engine.transport import Telling, client
from router.jobs import Job, Jobs
from router.jobs.census import watched
from router.jobs.claimed import end_claim
from router.jobs.courier import Courier
from router.jobs.notices import Receiver, notice
from router.jobs.signing import Scheme
from router.media import Workers, probe, still
from router.media.addresses import Network
from router.outward import fetching, posting
from router.reload import Reading, Reloads, Watched
from router.state import state_folder
from router.store.rows import NoticeRow
from router.stores import Stores
from router.teams.keys import KeyRing
from router.teams.ledger import Ledger
from router.teams.reserve import Admission
from router.teams.watching import LimitsWatch
from router.telemetry import logs, metrics, series
from router.telemetry.tracing import tracing
from router.trees import Tree, Trees
from router.voice.host import Talks
from router.web import create_app
from router.web.auth import Keys
from router.web.cached import Cached, SpeechCache
from router.web.console.desk import Desk, digests
from router.web.console.recent import Memory
from router.web.generation import end_of
from router.web.repeats import Repeats
from router.web.room import Room
from router.web.site import Site
from router.web.spoken import Spoken
from router.web.tracing import Traced
from router.web.video_jobs import event_of

if TYPE_CHECKING:
    from router.telemetry.traces import Traces

PATIENT: Final = (5_000, 20, 20)
"""When garbage is looked for (`gc.set_threshold`). With Python's own 700, which requests that are under way together exceed
for a moment again and again, it takes a tenth of the time and finds next to nothing."""


def create() -> ASGIApp:
    """Build the application in a server's worker process."""
    registry = installed()
    path = Path(os.environ[CONFIG])
    logs.configure()
    reading = reading_of(path, registry, Path(os.environ[SOUND]), int(os.environ[WORKERS]))
    settings = reading.begin()
    notice = Notice(float(os.environ[DRAIN]), settings.server.finish)
    app = build(settings, registry, state_folder(os.environ), reading, notice)
    gc.freeze()  # all of it stays: looking it through again and again would take a tenth of a busy second
    gc.set_threshold(*PATIENT)
    return Traced(app, app.state.traces, SystemClock().wall) if app.state.traces else app


def reading_of(path: Path, registry: Registry, sound: Path, workers: int) -> Reading:
    """Return what reads a configuration for so many processes, and keeps in `sound` the text in force."""
    references = References(os.environ, path.parent, read_text)
    return Reading(Watched(path), lambda text: served_by(parse(text, str(path), registry, references), workers), sound)


def build(
    settings: RouterSettings,
    registry: Registry,
    state: Path,
    reading: Reading | None = None,
    notice: Notice | None = None,
) -> Litestar:
    """Put the application together; `state` is the folder for what the configuration gives no other place.

    With a `reading` it follows changes of the configuration while it runs, with a `notice` it drains on SIGTERM.
    """
    ground, first = founded(settings, registry, state)

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        async with at_work(ground, first, partial(ground.show, app), reading) as trees, AsyncExitStack() as stack:
            if notice is not None:
                ending = Ending(ground.jobs.hand_over, partial(os.kill, os.getpid(), signal.SIGINT), trees.cut)
                await stack.enter_async_context(Drain(notice, app.state.leaving, ending, ground.world.clock))
            yield

    app = create_app(first.site, lifespan)
    app.state.traces = ground.traces
    return app


def founded(settings: RouterSettings, registry: Registry, state: Path) -> "tuple[Shared, Tree]":
    """Return what a process keeps, and what serves by its first configuration; nothing of it is open yet."""
    workers = Workers(settings.server.media_workers)
    stores = Stores.of(settings.storage, state)
    private = networks(settings.server.webhook_networks)
    ledger = Ledger(stores.ledger, SystemClock(), settings.storage.keep_ledger, metrics.count_entries)
    memory = Memory(SystemClock().wall)
    traces = tracing(os.environ, SystemClock().wall)
    listeners = {"ledger": ledger, "console": memory} | ({"traces": traces} if traces else {})
    announcer = Announcer(registry.heard_by(**listeners))
    ground = Shared(registry, surroundings(workers, announcer), stores, private, ledger)
    ground.memory, ground.traces = memory, traces
    first = ground.tree(settings, ground.fleet(settings))
    ground.site = first.site
    return ground, first


@asynccontextmanager
async def at_work(
    ground: "Shared", first: Tree, show: Callable[[Site], None], reading: Reading | None
) -> AsyncIterator[Trees]:
    """Open everything but the jobs, and follow changes of the configuration; `show` is told of each new site."""
    trees = Trees(first, ground, show)
    async with AsyncExitStack() as stack:
        stack.callback(logs.LINES.flush)
        stack.callback(series.flush)
        if ground.traces is not None:
            stack.push_async_callback(asyncio.to_thread, ground.traces.close)
        await stack.enter_async_context(ground.world.workers)
        await stack.enter_async_context(ground.stores)
        await stack.enter_async_context(ground.ledger)
        stack.push_async_callback(ground.cache.settled)
        await stack.enter_async_context(ground.ring)
        await stack.enter_async_context(running(ground.limits.run()))
        await stack.enter_async_context(running(ground.courier.run()))
        await stack.enter_async_context(running(ground.repeats.sweep()))
        await stack.enter_async_context(
            running(watched(ground.stores.kept.rows, ground.world.clock, metrics.show_jobs))
        )
        await stack.enter_async_context(trees)
        if reading is not None:
            await stack.enter_async_context(Reloads(reading, trees, ground.world.clock, ground.world.announcer.reload))
        yield trees


def surroundings(workers: Workers, announcer: Announcer) -> Surroundings:
    """Return what engines are given of the world."""
    random = Random(secrets.randbits(64))  # noqa: S311 - spreads load, guards nothing
    fetch, film = fetching(workers), filming(workers)
    return Surroundings(SystemClock(), random, workers, fetch, film, announcer)


class Shared:
    """What a process keeps, whatever its configuration: see `Ground`."""

    def __init__(
        self, registry: Registry, world: Surroundings, stores: Stores, private: Sequence[Network], ledger: Ledger
    ) -> None:
        self.registry = registry
        self.world = world
        self.ledger = ledger
        self.stores = stores
        self.private = private
        self.site: Site
        self.memory: Memory
        self.traces: Traces | None = None
        self.courier = Courier(stores.notices, posting(private), world.clock, world.random, self.secrets)
        self.courier.heard = metrics.count_delivery
        kept = replace(stores.kept, notices=self.notices, posted=self.courier.wake, dropped=self.dropped)
        self.repeats = Repeats(stores.answers, stores.kept.media, world.clock)
        self.room = Room()
        self.cache = SpeechCache(stores.answers, stores.kept.media, world.clock)
        self.ring = KeyRing(stores.keys, world.clock)
        self.limits = LimitsWatch(lambda: self.site.admission, world.clock, world.announcer.limits)
        self.jobs = Jobs(lambda: cast("Engine", self.site.engine), kept, world.clock, new_video_id, stores.bounds)

    def secrets(self, team: str) -> Sequence[str]:
        """Return the secrets that sign a team's webhooks, none if it has no webhook any more."""
        webhook = self.site.webhooks.get(team)
        return webhook.secrets if webhook else ()

    def dropped(self, job: Job) -> None:
        """Count what a job has used that its owner called off."""
        end_claim(self.site.admission, job)

    def notices(self, job: Job) -> Sequence[NoticeRow]:
        """Return what is to be sent of a job that is over, which has used what it has used."""
        end_claim(self.site.admission, job)
        if job.hook is None:
            return ()
        now = self.world.clock.wall()
        scheme = Scheme(job.hook.kind)
        body = end_of(job) if scheme is Scheme.SYNC else event_of(job, now)
        receiver = Receiver(team=job.team, job=job.id, url=job.hook.url, scheme=scheme)
        return (notice(receiver, body, now, new_webhook_id),)

    def fleet(self, settings: RouterSettings, before: Fleet | None = None) -> Fleet:
        """Return the providers, not yet started."""
        connected = partial(client, kind=Telling) if self.traces else client
        return Fleet(settings.providers, self.registry.kinds, connected, self.world.clock, before)

    def tree(self, settings: RouterSettings, fleet: Fleet, before: Engine | None = None) -> Tree:
        """Return an engine over the providers, and the site that it serves."""
        engine = Engine(settings, fleet, self.world, before)
        keys = Keys({team.name: team.keys for team in settings.teams})
        self.ring.follow(keys)
        measure, name = partial(probe, self.world.workers), partial(new_id, self.world.random)
        webhooks = {team.name: team.webhook for team in settings.teams if team.webhook}
        signers, tell = signers_of(settings.providers), self.world.announcer
        site = Site(
            engine, keys, measure, series.render, name, self.jobs, self.repeats,
            voices=settings.voices, webhooks=webhooks, private=self.private, signers=signers,
            scrapers=networks(settings.server.metrics_networks), proxies=networks(settings.server.trusted_proxies),
            totals=self.stores.ledger.totals, cache=self.cached(settings), room=self.room,
            admission=Admission(settings, self.stores.counters, self.world.clock.wall),
            desk=Desk(settings, self.memory, digests(settings.server.admin_keys)),
            talks=Talks(settings.scenarios, settings.sockets, self.world.clock, tell.turn, tell.sockets),
        )  # fmt: skip
        return Tree(settings, fleet, engine, site)

    def cached(self, settings: RouterSettings) -> Cached | None:
        """Return the cache as a configuration uses it, if it does."""
        return Cached(self.cache, Spoken(settings)) if any(route.cache for route in settings.routes) else None

    def show(self, app: Litestar, site: Site) -> None:
        """Let requests, and the work on jobs, from now on into a site."""
        app.state.site = self.site = site


def filming(workers: Workers) -> Callable[[Carried, float], Awaitable[Inline]]:
    """Return what makes a video of a picture."""

    async def film(picture: Carried, seconds: float) -> Inline:
        return await still(workers, picture.source, seconds)

    return film


def signers_of(providers: Mapping[str, ProviderSettings]) -> Mapping[str, str]:
    """Return the secrets of the accounts that are to tell us when their jobs end: kinds that can have such a setting."""
    given = {name: getattr(one.settings, "webhook_secret", None) for name, one in providers.items()}
    return {name: secret for name, secret in given.items() if secret}


def new_id(random: Random) -> str:
    """Return a request id. It guards nothing, and callers may bring their own: so it need not cost a call of the system."""
    return f"req_{random.getrandbits(96):024x}"


def new_webhook_id() -> str:
    """Return a webhook's id, by which its receiver tells repeats."""
    return f"msg_{secrets.token_hex(12)}"


def networks(written: Sequence[str]) -> list[Network]:
    """Return networks. Raises `ValueError`."""
    return [ip_network(one) for one in written]


@asynccontextmanager
async def running(work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Do something beside everything else, until that is over."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


def new_video_id() -> str:
    """Return a video's public id: not to be guessed, since that is how it is named to anyone."""
    return f"video_{secrets.token_hex(12)}"
