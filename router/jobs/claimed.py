"""What a job that is over has used of what was claimed for it: see `router.teams.reserve`."""

from router.contract import JobState
from router.engine.billing import milliseconds
from router.jobs.record import Job
from router.teams.reserve import Admission


def end_claim(admission: Admission, job: Job) -> None:
    """Count what a job has used; said again, it changes nothing."""
    admission.end_job(job.team, job.id, job.created_at, used_by(job))


def used_by(job: Job) -> tuple[int | None, ...]:
    """Return what it used of each unit, None where that is what was claimed.

    One that failed used nothing, but for the money where an order may have been taken.
    """
    if job.state is JobState.DONE:
        return None, None, None, milliseconds(job.seconds or 0.0) or None, None
    ordered = job.upstream_id or job.asked or job.failed
    return 0, 0, 0, 0, None if ordered else 0
