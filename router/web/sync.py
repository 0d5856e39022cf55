"""POST /v2/generate and what follows it: sync's films made in the background, over the same jobs as /v1/videos."""

import enum
from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec
from litestar import Request, Response, get, post, route
from litestar.params import FromPath
from msgspec import Meta

from router.contract import AvatarRequest, Invalid, JobState, NotFound, Task, Unsupported
from router.jobs import Ask, Job, Page, Query
from router.web.auth import is_among
from router.web.awaiting import awaited
from router.web.body import FORM, JSON, Fields, body_of, form_of, only, single, text_only
from router.web.dialects import SYNC
from router.web.films import get_content
from router.web.generation import GENERATIONS, STATUSES, Generation, echo_of, file_name, generation, hook_for
from router.web.idempotency import PAID, Paid
from router.web.intake import Intake
from router.web.openapi import BINARY, describe, form_body, json_body, schema_of
from router.web.ordering import ordering
from router.web.playing import Playing
from router.web.query import explaining, query_of
from router.web.sent import Sent
from router.web.site import Call, call_of
from router.web.sync_body import REASONS, GenerationBody, GenerationForm
from router.web.sync_input import Files, request_of
from router.web.video_jobs import LOOK_UP, REFUSALS, refusals_counted
from router.web.wire import convert, decode

GENERATE: Final = "/v2/generate"
FILES: Final = ("video", "image", "audio")
PARTS: Final = ("input", "options", "segments")
"""Fields of the form that hold JSON."""
MOST_LISTED: Final = 1_000_000
"""Generations in a page whose size the caller leaves open: sync's own list has no limit."""
POLL: Final = ("retry-after", "2")
"""Seconds after which sync tells its clients to look again."""
STATES: Final[Mapping[str, JobState]] = {status: state for state, status in STATUSES.items()}
MEDIA: Final = dict.fromkeys(FILES, BINARY)


class Status(enum.StrEnum):
    """sync's statuses; nothing is ever rejected once it has been taken."""

    PENDING = "PENDING"
    PROCESSING = "PROCESSING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    REJECTED = "REJECTED"


class WaitQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether to answer only when it has ended, and after how many seconds at the latest."""

    wait: bool = False
    timeout: Annotated[int, Meta(ge=1, le=55)] | None = None


class GenerationsQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which to list. Without a limit all are."""

    status: tuple[Status, ...] = ()
    ids: tuple[str, ...] = ()
    limit: Annotated[int, Meta(ge=1, le=100)] | None = None
    cursor: Annotated[str, Meta(description="The last id of the page before")] | None = None


@post(
    GENERATE,
    status_code=201,
    summary="Make a face speak, in the background (sync)",
    opt={PAID: Paid(Task.AVATAR)},
    operation_class=describe(
        {"application/json": schema_of(Generation)},
        json_body(GenerationBody) | form_body(GenerationForm, ("model",), **MEDIA),
        statuses=REFUSALS,
        dialects=(SYNC,),
    ),
)
async def create_generation(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Return a pending generation; look at it again until it is COMPLETED or FAILED, then fetch its outputUrl.

    A webhookUrl is sent it at its end.
    """
    call = call_of(request)
    with refusals_counted(call), Intake(call.site.probe) as intake:
        body, files = await generation_of(request, intake)
        hook, origin = hook_for(call, body.webhook_url), origin_of(request)
        asked = await request_of(body, files, intake)
        async with ordering(call, asked) as order:
            ask = Ask(call.team, call.id, body.model, echo_of(body, origin), hook, order.job)
            job = await create(call, asked, ask)
    return told(request, generation(job, origin), *order.headers)


async def create(call: Call, asked: AvatarRequest, ask: Ask) -> Job:
    """Start a job that somebody can do. Raises `RequestRejected`."""
    chance = call.site.engine.explain(Task.AVATAR, asked)
    if not chance.targets:
        raise Unsupported(f"no provider of route {chance.route} can do this", reasons=chance.declined)
    return await call.site.jobs.create(asked, ask)


async def generation_of(request: Request[Any, Any, Any], intake: Intake) -> tuple[GenerationBody, Files]:
    """Return a body, in either encoding, and the files beside it. Raises `Invalid`."""
    with explaining(REASONS):
        if only(request, JSON, FORM) == JSON:
            return decode(await body_of(request), GenerationBody), {}
        fields = await form_of(request)
        intake.own(fields)
        return from_form(fields)


def from_form(fields: Fields) -> tuple[GenerationBody, Files]:
    """Return a form's body and its files. Raises `Invalid`."""
    files: dict[str, Sent] = {}
    for name in FILES:
        file = single(fields, name)
        if isinstance(file, str):
            raise Invalid(f"`{name}` must be a file; a URL goes into `input`", code="wrong_type", param=name)
        if file is not None:
            files[name] = file
    form = convert(text_only({name: value for name, value in fields.items() if name not in FILES}), GenerationForm)
    given = {name: text for name in PARTS if (text := getattr(form, name)) is not None}
    plain = msgspec.json.encode(
        {"model": form.model, "outputFileName": form.output_file_name, "webhookUrl": form.webhook_url}
        | {name: json_in(text, name) for name, text in given.items()}
    )
    return decode(plain, GenerationBody), files


def json_in(text: str, name: str) -> Any:
    """Return the JSON that a field of a form holds. Raises `Invalid`."""
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        raise Invalid(f"`{name}` must be JSON", code="malformed_json", param=name) from None


@get(
    [f"{GENERATE}/{{id:str}}", f"{GENERATIONS}/{{id:str}}"],
    summary="Look at a generation (sync)",
    operation_class=describe(
        {"application/json": schema_of(Generation)}, statuses=LOOK_UP, dialects=(SYNC,), query=WaitQuery
    ),
)
async def get_generation(request: Request[Any, Any, Any], id: FromPath[str]) -> Response[bytes]:  # noqa: A002 - sync's name
    """Return a generation as it stands; with `wait`, as soon as it has ended, within `timeout` seconds (5)."""
    with explaining(REASONS):
        query = query_of(request, WaitQuery)
    if query.timeout is not None and not query.wait:
        raise Invalid("`timeout` is how long to `wait`", code="conflicting_fields", param="timeout", limit="wait=true")
    job = await awaited(request, id, (query.timeout or 5) if query.wait else 0)
    return told(request, generation(job, origin_of(request)), *(() if job.final else (POLL,)))


@get(
    GENERATIONS,
    summary="List generations (sync)",
    operation_class=describe(
        {"application/json": schema_of(list[Generation])}, statuses=LOOK_UP, dialects=(SYNC,), query=GenerationsQuery
    ),
)
async def list_generations(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Return the team's generations, the newest first; x-next-cursor is there if there are more."""
    call = call_of(request)
    with explaining(REASONS):
        page = await listed(call, query_of(request, GenerationsQuery))
    origin = origin_of(request)
    headers = (("x-next-cursor", page.jobs[-1].id),) if page.more else ()
    return told(request, [generation(job, origin) for job in page.jobs], *headers)


async def listed(call: Call, query: GenerationsQuery) -> Page:
    """Return the jobs that a query asks for. Raises `NotFound` for a cursor that is none of them."""
    states = tuple(STATES[status].value for status in query.status if status in STATES)
    if query.status and not states:
        return Page((), more=False)
    limit = query.limit or MOST_LISTED
    wanted = Query(team=call.team, after=query.cursor, limit=limit, states=states, ids=query.ids)
    return await call.site.jobs.list(wanted)


@route(
    f"{GENERATIONS}/{{id:str}}/{{file:str}}",
    http_method=["GET", "HEAD"],
    summary="Fetch what came of a generation (sync)",
    operation_class=describe({"video/mp4": BINARY}, statuses=(*LOOK_UP, 416), dialects=(SYNC,)),
)
async def get_output(request: Request[Any, Any, Any], id: FromPath[str], file: FromPath[str]) -> Playing:  # noqa: A002 - sync's name
    """Return the film, under the name that outputFileName gave it; ranges are served as at /v1/videos."""
    call = call_of(request)
    if file != file_name(await call.site.jobs.get(call.team, id)):
        raise NotFound(f"generation {id[:60]!r} has no such file")
    playing: Playing = await get_content.fn(request, id)
    return playing


def origin_of(request: Request[Any, Any, Any]) -> str:
    """Return the scheme and host by which the caller reached us; the scheme may be said by a proxy that is trusted."""
    client = request.client.host if request.client else None
    trusted = is_among(call_of(request).site.proxies, {}, client)
    proto = request.headers.get("x-forwarded-proto", "") if trusted else ""
    scheme = proto if proto in {"http", "https"} else request.url.scheme
    return f"{scheme}://{request.headers.get('host', request.url.netloc)}"


def told(
    request: Request[Any, Any, Any], content: Generation | list[Generation], *headers: tuple[str, str]
) -> Response[bytes]:
    """Return JSON with the request's id."""
    given = {"x-request-id": call_of(request).id, **dict(headers)}
    return Response(msgspec.json.encode(content), media_type="application/json", headers=given)
