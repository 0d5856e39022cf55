"""Where records are kept. In memory, for now: a durable store has to do no more than this."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from router.contract import JobState, NotFound
from router.jobs.record import Job


@dataclass(frozen=True, slots=True)
class Query:
    """Which of a team's jobs to list: in the order they were made, `after` one of them, at most `limit`.

    Empty `states` and `ids` mean any.
    """

    after: str | None = None
    limit: int = 20
    newest_first: bool = True
    states: Sequence[JobState] = ()
    ids: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """Some jobs, and whether there are more beyond the last."""

    jobs: tuple[Job, ...]
    more: bool


class Store(Protocol):
    """Records of jobs."""

    def put(self, job: Job) -> None:
        """Keep a record in place of any with its id."""

    def get(self, team: str, id: str) -> Job:  # noqa: A002 - what it is
        """Return a record. Raises `NotFound`, for another team's too."""

    def page(self, team: str, query: Query) -> Page:
        """Return some of a team's records. Raises `NotFound` where `after` is none of them."""

    def unfinished(self, team: str) -> int:
        """Return how many of a team's jobs have not ended."""

    def expired(self, now: float) -> Sequence[Job]:
        """Return the records whose time has come."""

    def remove(self, job: Job) -> None:
        """Forget a record; it need not be there."""


class MemoryStore:
    """Records in this process, which go with it."""

    def __init__(self) -> None:
        self.jobs: dict[str, Job] = {}

    def put(self, job: Job) -> None:
        """Keep a record; its place in the order is that of its first."""
        self.jobs[job.id] = job

    def get(self, team: str, id: str) -> Job:  # noqa: A002 - what it is
        """Return a record. Raises `NotFound`."""
        job = self.jobs.get(id)
        if job is None or job.team != team:
            raise NotFound(f"there is no job {id[:60]!r}")
        return job

    def page(self, team: str, query: Query) -> Page:
        """Return some of a team's records. Raises `NotFound`."""
        jobs = list(self._of(team))
        if query.newest_first:
            jobs.reverse()
        if query.after is not None:
            jobs = jobs[jobs.index(self.get(team, query.after)) + 1 :]
        found = [job for job in jobs if wanted(job, query)]
        return Page(tuple(found[: query.limit]), len(found) > query.limit)

    def unfinished(self, team: str) -> int:
        """Return how many of a team's jobs have not ended."""
        return sum(not job.final for job in self._of(team))

    def expired(self, now: float) -> Sequence[Job]:
        """Return the records whose time has come."""
        return [job for job in self.jobs.values() if job.expires_at is not None and job.expires_at <= now]

    def remove(self, job: Job) -> None:
        """Forget a record."""
        self.jobs.pop(job.id, None)

    def _of(self, team: str) -> Iterable[Job]:
        return (job for job in self.jobs.values() if job.team == team)


def wanted(job: Job, query: Query) -> bool:
    """Whether a job is among those asked for."""
    return (not query.states or job.state in query.states) and (not query.ids or job.id in query.ids)
