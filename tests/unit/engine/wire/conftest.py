"""On the loop that serves, and on the standard library's."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack

import pytest
import uvloop

from router.engine.wire.direct import Direct

Opened = Callable[..., Direct]


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Return what makes the loops that each test runs on."""
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture
async def opened() -> AsyncIterator[Opened]:
    """Return what opens a client with limits, and closes it in the end."""
    async with AsyncExitStack() as stack:

        def client(connect: float = 2.0, read: float = 5.0, connections: int = 8, idle: float = 30.0) -> Direct:
            made = Direct(connect, read, connections, ssl.create_default_context, idle)
            stack.push_async_callback(made.close)
            return made

        yield client
