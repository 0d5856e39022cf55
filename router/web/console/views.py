"""GET /console/api/…: what the console shows, for operators alone. Each is of the process that answers."""

import os
from datetime import date
from typing import Any

import msgspec
from litestar import Request, Response, get
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.params import FromPath

from router.contract import NotFound, Outcome
from router.engine.settings.shown import shown
from router.engine.standings import TargetState
from router.jobs import Job, Query
from router.teams.usage import dates_of, lines_of, spanning
from router.web.console.desk import Desk
from router.web.console.recent import ReadAt
from router.web.ops import site_of
from router.web.playing import Playing, play
from router.web.query import query_of
from router.web.site import Site
from router.web.usage import UsageGroup
from router.web.video_jobs import Video, video


class Targets(msgspec.Struct, frozen=True, kw_only=True):
    """How every target stands; `processes` says how many share the work, and so that others may see it otherwise."""

    pid: int
    processes: int
    targets: tuple[TargetState, ...]


class Requests(msgspec.Struct, frozen=True, kw_only=True):
    """The latest requests, the newest first."""

    pid: int
    processes: int
    requests: list[Outcome]


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A job as its team sees it, and what only operators see: whose it is, who makes it, and whether there is a film."""

    team: str
    provider: str
    playable: bool
    video: Video


class JobList(msgspec.Struct, frozen=True, kw_only=True):
    """A page of everybody's jobs, the newest first."""

    jobs: list[Listed]
    more: bool


class JobsQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which jobs to list."""

    after: str | None = None


class SpentQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose usage to sum up: everybody's where no team is named."""

    team: str | None = None
    since: date | None = msgspec.field(name="from", default=None)
    until: date | None = msgspec.field(name="to", default=None)
    group_by: tuple[UsageGroup, ...] = ()


class Spent(msgspec.Struct, frozen=True, kw_only=True, rename={"since": "from", "until": "to"}):
    """What was used and what it cost."""

    since: date
    until: date
    teams: list[str]
    lines: list[dict[str, Any]]


class Configuration(msgspec.Struct, frozen=True, kw_only=True):
    """The configuration in force without its secrets, and what came of its latest readings, the newest first."""

    pid: int
    settings: dict[str, Any]
    readings: list[ReadAt]


def operators_only(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Let nobody else in. Raises `Unauthenticated` or `NotAllowed`."""
    site: Site = connection.app.state.site
    client = connection.client.host if connection.client else None
    desk_of(site).admit(connection.headers, client, keyless=site.keys.open)


def desk_of(site: Site) -> Desk:
    """Return what the console works with. Raises `NotFound` where there is none."""
    if site.desk is None:
        raise NotFound("this router has no console")
    return site.desk


def told(content: msgspec.Struct) -> Response[bytes]:
    """Return JSON that nobody keeps."""
    return Response(msgspec.json.encode(content), media_type="application/json", headers={"cache-control": "no-store"})


@get("/targets")
async def show_targets(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Return how every target stands now."""
    site = site_of(request)
    processes = desk_of(site).settings.server.workers
    return told(Targets(pid=os.getpid(), processes=processes, targets=site.engine.standings()))


@get("/requests")
async def show_requests(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Return the latest requests with their attempts and the choices that led to them."""
    desk = desk_of(site_of(request))
    kept = list(reversed(desk.memory.requests))
    return told(Requests(pid=os.getpid(), processes=desk.settings.server.workers, requests=kept))


@get("/jobs")
async def show_jobs(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Return everybody's jobs."""
    page = await site_of(request).jobs.list(Query(team=None, after=query_of(request, JobsQuery).after, limit=50))
    return told(JobList(jobs=[listed(job) for job in page.jobs], more=page.more))


def listed(job: Job) -> Listed:
    """Return a job as operators see it."""
    return Listed(team=job.team, provider=job.provider, playable=job.film is not None, video=video(job))


@get("/jobs/{video_id:str}/content")
async def show_film(request: Request[Any, Any, Any], video_id: FromPath[str]) -> Playing:
    """Return any team's film."""
    jobs = site_of(request).jobs
    (job,) = (await jobs.list(Query(team=None, ids=(video_id,), limit=1))).jobs or (None,)
    if job is None or job.film is None:
        raise NotFound(f"there is no film of job {video_id[:60]!r}")
    return await play(request, job.film, jobs.media)


@get("/usage")
async def show_spent(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Return what teams used, by day, provider and so on."""
    site, query = site_of(request), query_of(request, SpentQuery)
    names = [team.name for team in desk_of(site).settings.teams]
    span = spanning(query.since, query.until, site.jobs.clock.wall(), query.team, [one.value for one in query.group_by])
    lines = lines_of(span, await site.totals(span))
    since, until = dates_of(span)
    return told(Spent(since=since, until=until, teams=names, lines=lines))


@get("/configuration")
async def show_configuration(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Return the configuration in force, without secrets, and what its latest readings changed."""
    desk = desk_of(site_of(request))
    readings = list(reversed(desk.memory.readings))
    return told(Configuration(pid=os.getpid(), settings=shown(desk.settings), readings=readings))
