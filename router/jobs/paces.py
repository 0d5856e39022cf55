"""How long films take at each provider, by those that were made there last: what progress is judged by."""

from statistics import median
from typing import Final, NamedTuple

from router.contract import JobState
from router.engine.clock import Clock
from router.jobs.record import Job
from router.store.rows import JobRows, Query

RECENT: Final = 200
"""How many of the newest films are looked at."""
FEW: Final = 3
"""As many of a provider's tell something of the next."""
FRESH: Final = 60.0
"""Seconds after which they are looked at again."""


class Made(NamedTuple):
    """One film: who made it, the seconds it took, and those it lasts, if that is known."""

    provider: str
    took: float
    lasts: float | None


class Paces:
    """What the newest films say of the next one."""

    def __init__(self, rows: JobRows, clock: Clock) -> None:
        self.rows = rows
        self.clock = clock
        self._made: tuple[Made, ...] = ()
        self._looked: float | None = None

    async def typical(self, provider: str, seconds: float | None) -> float | None:
        """Return the median of the seconds that a provider's films took; None where there are too few.

        Where `seconds`, about what the film will last, is known, it is of films of that length. Raises what the store raises.
        """
        if self._looked is None or self.clock.now() - self._looked >= FRESH:
            await self._look()
        theirs = [one for one in self._made if one.provider == provider]
        shares = [one.took / one.lasts for one in theirs if one.lasts]
        if seconds and len(shares) >= FEW:
            return median(shares) * seconds
        return median(one.took for one in theirs) if len(theirs) >= FEW else None

    async def _look(self) -> None:
        page = await self.rows.page(Query(team=None, limit=RECENT, states=(JobState.DONE.value,)))
        jobs = map(Job.of, page.rows if page else ())
        self._made = tuple(
            Made(job.provider, job.completed_at - job.started_at, job.seconds)
            for job in jobs
            if job.completed_at is not None and job.started_at is not None
        )
        self._looked = self.clock.now()
