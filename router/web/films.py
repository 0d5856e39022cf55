"""GET and HEAD /v1/videos/{video_id}/content: a film from disk, so that players can seek in it."""

import asyncio
import enum
import logging
from dataclasses import dataclass
from functools import partial
from typing import IO, Any, Final

import msgspec
from litestar import Request, route
from litestar.openapi.spec import OpenAPIResponse, Operation
from litestar.params import FromPath
from litestar.types import Receive, Scope, Send

from router.contract import Invalid, NotFound
from router.jobs import Film
from router.web.openapi import BINARY, describe
from router.web.presence import CallerLeft, Presence
from router.web.query import query_of
from router.web.ranges import Part, Unsatisfiable, part_of, unchanged
from router.web.site import call_of
from router.web.video_jobs import LOOK_UP, ONE

CHUNK: Final = 256 * 1024
"""Bytes read at a time."""

log = logging.getLogger(__name__)


class Variant(enum.StrEnum):
    """OpenAI's names for what there may be of a video; thumbnails and sprite sheets are not made here."""

    VIDEO = "video"


class ContentQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What of the video is wanted."""

    variant: Variant = Variant.VIDEO


class OutOfRange(Invalid):
    """No byte of the film is in the range asked for."""

    code = "range_not_satisfiable"
    status = 416

    def __init__(self, size: int) -> None:
        super().__init__(f"the film has {size} bytes", param="Range", limit=size)
        self.headers = {"content-range": f"bytes */{size}"}


Described: Final[type[Operation]] = describe({"video/mp4": BINARY}, statuses=(*LOOK_UP, 416), query=ContentQuery)


@dataclass
class ContentOperation(Described):  # type: ignore[misc, valid-type]  # a class made at run time, as litestar wants them
    """Says of the route that it may answer with a part, or with nothing new."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.responses |= {
            "206": OpenAPIResponse(description="The part asked for by Range", content=self.responses["200"].content),
            "304": OpenAPIResponse(description="It is still the file that If-None-Match names"),
        }


@route(
    f"{ONE}/content", http_method=["GET", "HEAD"], summary="Fetch a video's content", operation_class=ContentOperation
)
async def get_content(request: Request[Any, Any, Any], video_id: FromPath[str]) -> "Playing":
    """Return the film, whole or the one byte range asked for; 404 with code `video_not_ready` until it is there."""
    call = call_of(request)
    query_of(request, ContentQuery)
    film = call.site.jobs.film(call.team, video_id)
    headers = [("x-request-id", call.id), ("etag", film.etag), ("cache-control", "private, no-cache")]
    if unchanged(request.headers, film.etag):
        return Playing(304, headers)
    try:
        part = part_of(request.headers, film.size, film.etag)
    except Unsatisfiable:
        raise OutOfRange(film.size) from None
    played = part or Part(0, film.size, film.size)
    headers += [
        ("content-type", film.media_type),
        ("content-length", str(played.length)),
        ("accept-ranges", "bytes"),
        *([("content-range", part.content_range)] if part else []),
    ]
    file = None if request.method == "HEAD" else await opened(film, played.start)
    return Playing(206 if part else 200, headers, file, played.length)


async def opened(film: Film, start: int) -> IO[bytes]:
    """Return a film's file at a byte. Raises `NotFound` for one that has just been removed."""
    try:
        return await asyncio.to_thread(_opened, film, start)
    except FileNotFoundError:
        raise NotFound("this video has been removed") from None


def _opened(film: Film, start: int) -> IO[bytes]:
    file = film.path.open("rb")
    file.seek(start)
    return file


class Playing:
    """An ASGI response that sends `length` bytes of a file, read beside the event loop, and closes it.

    A file that cannot be read so far leaves the response without its end, which callers see as a broken transfer.
    """

    def __init__(
        self, status: int, headers: list[tuple[str, str]], file: IO[bytes] | None = None, length: int = 0
    ) -> None:
        self.status = status
        self.headers = [(name.encode(), value.encode()) for name, value in headers]
        self.file = file
        self.length = length

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - an ASGI application
        """Send for as long as the caller stays."""
        try:
            async with Presence(receive):
                await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
                if self.file is not None:
                    await self._send(self.file, send)
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        except CallerLeft:
            return
        except OSError as error:
            log.error("a film of which %d bytes were to be sent broke off: %s", self.length, error)  # noqa: TRY400 - the stack is ours
        finally:
            if self.file is not None:
                await asyncio.to_thread(self.file.close)

    async def _send(self, file: IO[bytes], send: Send) -> None:
        left = self.length
        while left:
            chunk = await asyncio.to_thread(partial(file.read, min(CHUNK, left)))
            if not chunk:
                raise OSError("the film's file ended early")
            left -= len(chunk)
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
