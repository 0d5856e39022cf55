"""Kept media as an answer, so that players can seek in it: whole, the one range asked for, or a link to its store."""

import logging
from collections.abc import Sequence
from typing import Any

from litestar import Request
from litestar.types import Receive, Scope, Send

from router.contract import ByteStream, Invalid, Truncated
from router.store.media import MediaStore, Stored
from router.web.presence import CallerLeft, Presence
from router.web.ranges import Part, Unsatisfiable, part_of, unchanged

Headers = Sequence[tuple[str, str]]

log = logging.getLogger(__name__)


class OutOfRange(Invalid):
    """No byte of the film is in the range asked for."""

    code = "range_not_satisfiable"
    status = 416

    def __init__(self, size: int) -> None:
        super().__init__(f"the film has {size} bytes", param="Range", limit=size)
        self.headers = {"content-range": f"bytes */{size}"}


async def play(
    request: Request[Any, Any, Any],
    stored: Stored,
    store: MediaStore,
    *,
    link: float | None = None,
    headers: Headers = (),
) -> "Playing":
    """Answer a GET or a HEAD for media, with `headers` of the caller's own.

    With `link`, a GET is sent to the store itself for so many seconds, if that can serve it. Raises `OutOfRange`,
    and what the store raises. A HEAD does not ask the store anything.
    """
    told = [*headers, ("etag", stored.etag), ("cache-control", "private, no-cache")]
    if unchanged(request.headers, stored.etag):
        return Playing(304, told)
    if link is not None and request.method == "GET":
        url = await store.link(stored.name, link)
        if url is not None:
            return elsewhere(url, link, headers)
    try:
        part = part_of(request.headers, stored.size, stored.etag)
    except Unsatisfiable:
        raise OutOfRange(stored.size) from None
    played = part or Part(0, stored.size, stored.size)
    told += [
        ("content-type", stored.media_type),
        ("content-length", str(played.length)),
        ("accept-ranges", "bytes"),
        *([("content-range", part.content_range)] if part else []),
    ]
    stream = None if request.method == "HEAD" else await store.read(stored.name, played.start, played.length)
    return Playing(206 if part else 200, told, stream)


def elsewhere(url: str, seconds: float, headers: Headers) -> "Playing":
    """Return a redirect that a player may remember for half of the time that the link works."""
    kept = f"private, max-age={int(seconds / 2)}"
    return Playing(307, [*headers, ("location", url), ("cache-control", kept), ("content-length", "0")])


class Playing:
    """An ASGI response that sends a stream as it comes, and closes it.

    A stream that breaks off leaves the response without its end, which callers see as a broken transfer.
    """

    def __init__(self, status: int, headers: Headers, stream: ByteStream | None = None) -> None:
        self.status = status
        self.headers = [(name.encode(), value.encode()) for name, value in headers]
        self.stream = stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - an ASGI application
        """Send for as long as the caller stays."""
        try:
            with Presence(receive):
                await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
                await self._send(send)
        except CallerLeft:
            return
        except Truncated as error:
            log.error("a film that was being sent broke off: %s", error)  # noqa: TRY400 - the stack is ours
        finally:
            if self.stream is not None:
                await self.stream.aclose()

    async def _send(self, send: Send) -> None:
        if self.stream is not None:
            async for piece in self.stream:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
