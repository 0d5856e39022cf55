"""The same claims, on counters in memory and on those in a Redis."""

from collections.abc import AsyncIterator, Iterator

import pytest

from router.store.counters import Counters, LocalCounters
from router.store.shared_counters import SharedCounters
from router.testing.redis import Redis, program, redis

NOW = 1_700_000_000.0


@pytest.fixture(scope="session")
def server() -> Iterator[Redis]:
    """A Redis that this worker started."""
    if program() is None:
        pytest.skip("needs redis-server, which is not installed")
    with redis() as server:
        yield server


@pytest.fixture(params=["local", "shared"])
async def counters(request: pytest.FixtureRequest) -> AsyncIterator[Counters]:
    """Counters of one kind and then of the other."""
    if request.param == "local":
        yield LocalCounters(lambda: NOW)
        return
    server: Redis = request.getfixturevalue("server")
    async with SharedCounters(server.url) as shared:
        yield shared
