"""The job soak, in small: `make soak-jobs` has 1,000 films made on each kind of database."""

import asyncio

import pytest

from benchmarks.job_verdict import Figures
from benchmarks.ordeal import Trial
from benchmarks.soak_jobs import soak
from router.testing.postgres import programs

TRIAL = Trial(jobs=60, kills=3, parted=8.0, in_flight=16)


@pytest.mark.timeout(300)  # a dead replica's leases run out on the machine's own clock
async def test_sixty_films() -> None:
    """With vendors that misbehave and routers that are killed no film is lost, none is ordered twice, and each is its vendor's."""
    if programs() is None:
        pytest.skip("needs postgresql, which is not installed")
    figures = await asyncio.gather(soak("SQLite", TRIAL), soak("PostgreSQL", TRIAL))
    for one in figures:
        print(f"\n{one}\n{one.told()}")
        assert list(one.breaches()) == []
        assert completed(one) > TRIAL.jobs / 2


def completed(figures: Figures) -> int:
    """Return how many films there are in the end."""
    return sum(one.state == "completed" for one in figures.ended)
