"""What a job that is over, or called off, has used of what was claimed for it: see `router.teams.reserve`."""

from router.contract import JobState
from router.engine.billing import milliseconds
from router.jobs.record import Job
from router.teams.reserve import Admission


def end_claim(admission: Admission, job: Job) -> None:
    """Count what a job has used; said again, it changes nothing."""
    admission.end_job(job.team, claim_of(job), job.since, used_by(job))


def claim_of(job: Job) -> str:
    """Return what a job counts under. One that began anew counts anew, and nothing was claimed for it."""
    return job.id if job.reopened_at is None else f"{job.id}@{job.reopened_at:.0f}"


def used_by(job: Job) -> tuple[int | None, ...]:
    """Return what it used of each unit, None where that is what was claimed; of money always what its calls have cost.

    One that failed used nothing else, nor did one that was called off before anybody was asked.
    """
    cost = sum(one.cost for one in job.charges)
    if job.state is JobState.FAILED or not (job.film or job.asked or job.upstream_id):
        return 0, 0, 0, 0, cost
    shown = milliseconds(job.seconds or 0.0)
    if job.reopened_at is None:
        return None, None, None, shown or None, cost
    return 1, sum(one.characters for one in job.charges), 0, shown, cost
