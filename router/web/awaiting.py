"""Waiting for a job's end, for as long as its caller is there to be told, and this process to tell him."""

from typing import Any

from litestar import Request

from router.jobs import Job
from router.web.leaving import Leaving
from router.web.presence import CallerLeft, Presence
from router.web.site import call_of


async def awaited(request: Request[Any, Any, Any], id: str, seconds: float) -> Job:  # noqa: A002 - what it is
    """Return a job as soon as it has ended, or as it stands: after `seconds`, or once the port is closed.

    A caller who waits on asks another process then; one who has left waits for nothing. Raises `NotFound`.
    """
    call = call_of(request)
    leaving: Leaving = request.app.state.leaving
    try:
        with Presence(request.receive):
            return await call.site.jobs.wait(call.team, id, seconds, leaving.closed.is_set)
    except CallerLeft:
        return await call.site.jobs.get(call.team, id)
