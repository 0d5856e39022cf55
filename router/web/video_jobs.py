"""POST, GET and DELETE /v1/videos: a talking head as a job, in the shape that OpenAI's and Boson's clients share.

Where the two differ, Boson's written schema holds: `error` is a string. OpenAI's SDK (3.52) declares an object
there but does not validate, and hands the string on; the code it would have held is in `error_code`.
"""

import enum
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, Final

import msgspec
from litestar import Request, Response, delete, get, post
from litestar.openapi.spec import Operation
from litestar.params import FromPath
from msgspec import Meta

from router.contract import MediaError, Task
from router.engine.settings import Route
from router.jobs import Ask, Hook, Job, Query
from router.jobs.notices import Event, told
from router.jobs.signing import Scheme
from router.web.awaiting import awaited
from router.web.catalogue import listing
from router.web.idempotency import PAID, Paid
from router.web.intake import Intake
from router.web.openapi import describe, schema_of
from router.web.ordering import ordering
from router.web.query import query_of
from router.web.site import Call, call_of
from router.web.videos import BODY, drawing

PATH: Final = "/v1/videos"
ONE: Final = f"{PATH}/{{video_id:str}}"
LOOK_UP: Final = (400, 401, 403, 404, 405, 500, 503)
"""What a look-up of a video may end in."""
REFUSALS: Final = (400, 401, 402, 403, 404, 405, 409, 413, 415, 422, 429, 500, 503, 507)
"""What asking for a video may end in: whatever befalls a provider is told by the video itself, and 503 is the stores'."""
LONGEST_WAIT: Final = 60


class Video(msgspec.Struct, frozen=True, kw_only=True):
    """A video, made or in the making. Times are whole unix seconds; `seconds` is its length as OpenAI spells it.

    `error` says why it failed and `error_code` is what to switch on; `expires_at` is when it will be removed.
    """

    id: str
    object: Annotated[str, Meta(extra_json_schema={"enum": ["video"]})] = "video"
    model: str
    status: Annotated[str, Meta(extra_json_schema={"enum": ["queued", "in_progress", "completed", "failed"]})]
    progress: Annotated[int, Meta(ge=0, le=100)]
    created_at: int
    completed_at: int | None
    expires_at: int | None
    size: str | None
    seconds: str | None
    error: str | None
    error_code: str | None


class Videos(msgspec.Struct, frozen=True, kw_only=True):
    """A page of videos; the next begins after `last_id`."""

    object: str = "list"
    data: list[Video]
    first_id: str | None
    last_id: str | None
    has_more: bool


class Deleted(msgspec.Struct, frozen=True, kw_only=True):
    """What is left of a deleted video."""

    id: str
    object: str = "video.deleted"
    deleted: bool = True


class Order(enum.StrEnum):
    """By when they were made."""

    ASC = "asc"
    DESC = "desc"


class ListQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which videos to list."""

    after: Annotated[str, Meta(description="The last id of the page before")] | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 20
    order: Order = Order.DESC


class OneQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long to wait for its end."""

    wait: Annotated[
        float, Meta(ge=0, le=LONGEST_WAIT, description="Answer when it has ended, or after so many seconds")
    ] = 0.0


class NoQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """No parameter is taken."""


Described: Final[type[Operation]] = describe({"application/json": schema_of(Video)}, BODY, REFUSALS)


class CreateOperation(Described):  # type: ignore[misc, valid-type]  # a class made at run time, as litestar wants them
    """Promises no header about providers: none has been asked when a video is created."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        told = self.responses["200"].headers
        self.responses["200"].headers = {"X-Request-Id": told["X-Request-Id"]}


@post(
    PATH,
    status_code=200,
    summary="Make a face speak, in the background",
    operation_class=CreateOperation,
    opt={PAID: Paid(Task.AVATAR)},
)
async def create_video(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Return a queued video; look at it again until it is `completed` or `failed`, then fetch its content.

    The body is that of /v1/videos/stream. The video is made whatever becomes of the caller or of the router.
    """
    call = call_of(request)
    with refusals_counted(call):
        draw = await drawing(request)
        with Intake(call.site.probe) as intake:
            asked = await draw(intake)
            model = asked.model or default_model(call.site.engine.routes)
            async with ordering(call, asked) as order:
                ask = Ask(call.team, call.id, model, hook=hook_of(call), job=order.job)
                job = await call.site.jobs.create(asked, ask)
    return listing(request, video(job), *order.headers)


def hook_of(call: Call) -> Hook | None:
    """Return whom the caller's team wants told of a job's end."""
    webhook = call.site.webhooks.get(call.team)
    return None if webhook is None else Hook(webhook.url, Scheme.STANDARD.value)


def event_of(job: Job, now: float) -> bytes:
    """Return what is sent of a job that is over: its video, as a look at it would show it."""
    event = Event.COMPLETED if job.film else Event.FAILED
    return told(event, msgspec.json.encode(video(job)), now)


def default_model(routes: Sequence[Route]) -> str:
    """Return the name of the model that serves who names none: the first of the first route."""
    names = (name for route in routes if route.task is Task.AVATAR for name in (*route.models, route.name))
    return next(names, "")


@contextmanager
def refusals_counted(call: Call) -> Iterator[None]:
    """Announce a request that is refused before there is a job, as one that is answered at once would be."""
    try:
        yield
    except MediaError as error:
        call.site.engine.open(Task.AVATAR, call.team, call.id).finish(error.code, error.status)
        raise


@get(
    PATH,
    summary="List videos",
    operation_class=describe({"application/json": schema_of(Videos)}, statuses=LOOK_UP, query=ListQuery),
)
async def list_videos(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Return the team's videos, the newest first unless asked otherwise."""
    call, query = call_of(request), query_of(request, ListQuery)
    newest_first = query.order is Order.DESC
    wanted = Query(team=call.team, after=query.after, limit=query.limit, newest_first=newest_first)
    page = await call.site.jobs.list(wanted)
    ids = [job.id for job in page.jobs]
    return listing(
        request,
        Videos(
            data=[video(job) for job in page.jobs],
            first_id=ids[0] if ids else None,
            last_id=ids[-1] if ids else None,
            has_more=page.more,
        ),
    )


@get(
    ONE,
    summary="Look at a video",
    operation_class=describe({"application/json": schema_of(Video)}, statuses=LOOK_UP, query=OneQuery),
)
async def get_video(request: Request[Any, Any, Any], video_id: FromPath[str]) -> Response[bytes]:
    """Return a video as it stands, at once or when it has ended."""
    return listing(request, video(await awaited(request, video_id, query_of(request, OneQuery).wait)))


@delete(
    ONE,
    status_code=200,
    summary="Delete a video",
    operation_class=describe({"application/json": schema_of(Deleted)}, statuses=LOOK_UP),
)
async def delete_video(request: Request[Any, Any, Any], video_id: FromPath[str]) -> Response[bytes]:
    """Remove a video and its content; one that is in the making is called off."""
    call = call_of(request)
    query_of(request, NoQuery)
    return listing(request, Deleted(id=(await call.site.jobs.delete(call.team, video_id)).id))


def video(job: Job) -> Video:
    """Return a job as OpenAI's and Boson's clients read it."""
    return Video(
        id=job.id,
        model=job.model,
        status=job.state.value,
        progress=job.progress,
        created_at=int(job.created_at),
        completed_at=whole(job.completed_at),
        expires_at=whole(job.expires_at),
        size=job.size,
        seconds=None if job.seconds is None else f"{round(job.seconds, 2):g}",
        error=job.error.message if job.error else None,
        error_code=job.error.code if job.error else None,
    )


def whole(time: float | None) -> int | None:
    """Return a time in whole seconds."""
    return None if time is None else int(time)
