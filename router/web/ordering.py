"""What is made in the background is limited like everything else, when it is asked for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from router.contract import AvatarRequest
from router.web.site import Call

Headers = tuple[tuple[str, str], ...]


class Order(msgspec.Struct, frozen=True):
    """The id that a job must have, None if any will do, and what its caller is told of the team's limits."""

    job: str | None
    headers: Headers = ()


@asynccontextmanager
async def ordering(call: Call, asked: AvatarRequest) -> AsyncIterator[Order]:
    """Let a job be made that its team may ask for now; what it was to use is free again if it is not made.

    Raises `NotAllowed`, `OverQuota` or `CountersUnavailable`.
    """
    admission = call.site.admission
    job = call.job or (call.site.jobs.new_id() if call.team in admission.quotas else None)
    hold = await admission.admit_job(call.team, asked, job or "")
    if hold is None:
        yield Order(job)
        return
    try:
        yield Order(job, hold.headers)
    except BaseException:
        hold.release()
        raise
