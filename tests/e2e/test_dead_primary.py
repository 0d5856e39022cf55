"""A dead primary, in small: `make bench-dead-primary` measures it well enough to say "under 1.05"."""

from collections.abc import AsyncIterator
from math import inf

import pytest
import pytest_asyncio

from benchmarks.dead_primary import DEAD, Stand, stand

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROUNDS = 5
TURNS = 20
MOST = 1.3
"""Loose, as is taking the best round, for the machine does other work meanwhile; two milliseconds show in every one."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def standing() -> AsyncIterator[Stand]:
    async with stand() as made:
        yield made


@pytest.mark.parametrize("name", DEAD)
async def test_a_dead_primary(standing: Stand, name: str) -> None:
    """Once its breaker is open nobody asks it but probes, and a first byte comes as soon as if it had been removed."""
    figures = await standing.measure(name, ROUNDS, TURNS)
    print(f"\n{figures}")
    assert list(figures.breaches(most=inf)) == []
    assert len(figures.cost) == ROUNDS
    assert min(one.median for one in figures.cost) < MOST
