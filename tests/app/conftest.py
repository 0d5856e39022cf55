"""A web layer behind real sockets: its server in this very loop, so that tests see both ends."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from router.server.listening import Server, listen, server_for
from router.web import create_app
from tests.unit.web.making import StubEngine, site_over

Serving = Callable[[StubEngine], Awaitable[str]]


@pytest.fixture
async def serving() -> AsyncIterator[Serving]:
    """Return a function that serves a stub engine and gives back its base URL."""
    servers: list[tuple[Server, asyncio.Task[None]]] = []

    async def start(engine: StubEngine) -> str:
        [listener] = listen("127.0.0.1", 0)
        port = listener.getsockname()[1]
        server = server_for(lambda: create_app(site_over(engine)))
        servers.append((server, asyncio.create_task(server.serve([listener]))))
        return f"http://127.0.0.1:{port}"

    yield start
    for server, task in servers:
        server.should_exit = True
        await task
