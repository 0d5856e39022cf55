"""GET /v1/usage: what a team has used, and what that cost. It sees its own alone."""

import enum
from datetime import date
from typing import Annotated, Any, Final

import msgspec
from litestar import Request, Response, get
from msgspec import Meta

from router.teams.usage import as_csv, dates_of, lines_of, spanning
from router.web.openapi import READ, describe, schema_of
from router.web.query import query_of
from router.web.site import call_of

CSV: Final = "text/csv; charset=utf-8"


class UsageGroup(enum.StrEnum):
    """What usage can be summed up by."""

    DAY = "day"
    TASK = "task"
    ROUTE = "route"
    PROVIDER = "provider"
    TARGET = "target"
    OUTCOME = "outcome"


class UsageFormat(enum.StrEnum):
    """As what to tell it."""

    JSON = "json"
    CSV = "csv"


class UsageQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which days (UTC, both included; the last thirty unless said otherwise), summed up by what."""

    since: Annotated[date | None, Meta(description="The first day, as 2026-11-01")] = msgspec.field(
        name="from", default=None
    )
    until: Annotated[date | None, Meta(description="The last day; today if left out")] = msgspec.field(
        name="to", default=None
    )
    group_by: tuple[UsageGroup, ...] = ()
    format: UsageFormat = UsageFormat.JSON


class UsageLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was used: `requests` answered, `calls` to providers for them. Money is a decimal number as text.

    `doubtful` is the part of `cost` for calls whose whole answer nobody saw, which may not have been charged. Which of the
    first six are there depends on `group_by`.
    """

    day: str | msgspec.UnsetType = msgspec.UNSET
    task: str | msgspec.UnsetType = msgspec.UNSET
    route: str | msgspec.UnsetType = msgspec.UNSET
    provider: str | msgspec.UnsetType = msgspec.UNSET
    target: str | msgspec.UnsetType = msgspec.UNSET
    outcome: str | msgspec.UnsetType = msgspec.UNSET
    requests: int
    calls: int
    hedges: int
    cached: int
    characters: int
    audio_seconds: float
    video_seconds: float
    cost: str
    doubtful: str
    currency: str


class Usage(msgspec.Struct, frozen=True, kw_only=True, rename={"since": "from", "until": "to"}):
    """A team's usage; lines are in the order of what they are summed up by."""

    object: str = "usage"
    team: str
    since: date
    until: date
    lines: list[UsageLine]


@get(
    "/v1/usage",
    summary="What your team has used, and what that cost",
    operation_class=describe(
        {"application/json": schema_of(Usage), "text/csv": {"type": "string"}},
        statuses=(400, *READ, 503),
        query=UsageQuery,
    ),
)
async def show_usage(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Return sums of the days asked for. What ended a second ago may not be among them yet."""
    call, query = call_of(request), query_of(request, UsageQuery)
    now = call.site.jobs.clock.wall()
    span = spanning(query.since, query.until, now, call.team, [one.value for one in query.group_by])
    lines = lines_of(span, await call.site.totals(span))
    since, until = dates_of(span)
    if query.format is UsageFormat.CSV:
        told = {"content-type": CSV, "content-disposition": f'attachment; filename="usage-{since}-{until}.csv"'}
        return Response(as_csv(span, lines).encode(), headers=told)
    usage = Usage(team=call.team, since=since, until=until, lines=msgspec.convert(lines, list[UsageLine]))
    return Response(msgspec.json.encode(usage), headers={"content-type": "application/json"})
