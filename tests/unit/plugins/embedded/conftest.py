from collections.abc import AsyncIterator

import httpx
import pytest_asyncio

from plugins.embedded import EmbeddedProvider, EmbeddedSettings


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def embedded() -> AsyncIterator[EmbeddedProvider]:
    """One provider and two worker processes for all tests: a worker takes a second to start."""
    async with (
        httpx.AsyncClient() as client,
        EmbeddedProvider("local", EmbeddedSettings(workers=2), client) as provider,
    ):
        yield provider
