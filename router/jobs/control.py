"""What an operator may do to a job, whoever works on it: end it, or have it begin anew."""

from router.contract import Conflict, JobState, MediaError, NotFound
from router.jobs.jobs import Kept
from router.jobs.record import Job
from router.store.media import MediaStore
from router.store.rows import JobRow, JobRows, Stale

TRIES = 5
"""How often a job is ended that its worker writes down at the very moment."""
CANCELLED = "cancelled"
"""The code of a job that an operator has ended."""


async def find(rows: JobRows, id: str) -> JobRow:  # noqa: A002 - what it is
    """Return a job's row, whosever it is. Raises `NotFound`."""
    row = await rows.get(id)
    if row is None:
        raise NotFound(f"there is no job {id[:60]!r}")
    return row


async def cancel(kept: Kept, id: str, now: float, age: float) -> Job:  # noqa: A002 - what it is
    """End a job as failed and tell its owner; it goes after `age` seconds. Whoever works on it finds its writes stale.

    What a provider was asked for is not taken back. Raises `NotFound`, and `Conflict` where it has ended already.
    """
    for _ in range(TRIES):
        row = await find(kept.rows, id)
        job = Job.of(row)
        if job.final:
            raise Conflict(f"job {id} has ended already: it is {job.state.value}")
        ended = job.lost(now, MediaError("it was cancelled by the router's operator", code=CANCELLED)).expiring(age)
        try:
            await kept.rows.write(ended.row(None, row.epoch), kept.notices(ended))
        except Stale:
            continue
        return ended
    raise Conflict(f"job {id} is being written by its worker; try again")


async def reopen(kept: Kept, id: str, now: float) -> Job:  # noqa: A002 - what it is
    """Have a failed job ordered anew, under a new key. Its owner is told of that end too.

    Raises `NotFound`, and `Conflict` where it has not failed, or what it was made of is gone.
    """
    row = await find(kept.rows, id)
    job = Job.of(row)
    if job.state is not JobState.FAILED:
        raise Conflict(f"only a job that failed can be retried, and {id} is {job.state.value}")
    if job.expires_at is not None and job.expires_at <= now:
        raise Conflict(f"job {id} has expired: it is being removed")
    if not await complete(kept.media, job):
        raise Conflict(f"job {id} cannot be retried: the media it was asked with are not kept any more")
    opened = job.reopened(now)
    try:
        await kept.rows.write(opened.row(now, row.epoch))
    except Stale as error:
        raise Conflict(f"job {id} was changed or removed just now; look at it again") from error
    return opened


def unsettled(job: Job) -> bool:
    """Whether an order of a failed job may have been taken, and so be paid for, without anybody having its film."""
    if job.error is None:
        return False
    return job.error.code == "outcome_unknown" or (
        job.error.code == CANCELLED and (job.asked is not None or bool(job.upstream_id))
    )


async def complete(media: MediaStore, job: Job) -> bool:
    """Whether all that a job was asked with is still there."""
    for name in job.inputs:
        try:
            content = await media.read(name, 0, 1)
        except NotFound:
            return False
        await content.aclose()
    return True
