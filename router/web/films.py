"""GET and HEAD /v1/videos/{video_id}/content: a film from disk, so that players can seek in it."""

import enum
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from litestar import Request, route
from litestar.openapi.spec import OpenAPIResponse, Operation
from litestar.params import FromPath

from router.contract import Task
from router.engine.settings import Route
from router.web.openapi import BINARY, describe
from router.web.playing import Playing, play
from router.web.query import query_of
from router.web.site import call_of
from router.web.video_jobs import LOOK_UP, ONE


class Variant(enum.StrEnum):
    """OpenAI's names for what there may be of a video; thumbnails and sprite sheets are not made here."""

    VIDEO = "video"


class ContentQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What of the video is wanted."""

    variant: Variant = Variant.VIDEO


Described: Final[type[Operation]] = describe({"video/mp4": BINARY}, statuses=(*LOOK_UP, 416), query=ContentQuery)


class ContentOperation(Described):  # type: ignore[misc, valid-type]  # a class made at run time, as litestar wants them
    """Says of the route that it may answer with a part, or with nothing new."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.responses |= {
            "206": OpenAPIResponse(description="The part asked for by Range", content=self.responses["200"].content),
            "307": OpenAPIResponse(description="Where its store serves it"),
            "304": OpenAPIResponse(description="It is still the file that If-None-Match names"),
        }


@route(
    f"{ONE}/content", http_method=["GET", "HEAD"], summary="Fetch a video's content", operation_class=ContentOperation
)
async def get_content(request: Request[Any, Any, Any], video_id: FromPath[str]) -> Playing:
    """Return the film, whole or the one byte range asked for; 404 with code `video_not_ready` until it is there.

    Where the configuration gives links and the video's route allows them, the answer is a redirect to the store that keeps it.
    """
    call = call_of(request)
    query_of(request, ContentQuery)
    jobs = call.site.jobs
    film, job = await jobs.film(call.team, video_id)
    link = jobs.links if linked(job.model, call.site.engine.routes) else None
    return await play(request, film, jobs.media, link=link, headers=(("x-request-id", call.id),))


def linked(model: str, routes: Sequence[Route]) -> bool:
    """Whether callers may be sent to the store for what a model made, as its route says; where none has it, they may."""
    serving = (route.links for route in routes if route.task is Task.AVATAR and model in (route.name, *route.models))
    return next(serving, True)
