from collections.abc import AsyncIterator

import pytest_asyncio

from router.media import Workers


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def pool() -> AsyncIterator[Workers]:
    """Worker processes shared by a module's tests, which then run in one loop: starting one takes a while."""
    async with Workers(2) as workers:
        yield workers
