"""A web layer behind real sockets: granian in this very loop, so that tests see both ends."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from granian.constants import Interfaces
from granian.server.embed import Server

from router.web import create_app
from tests.unit.web.making import StubEngine, site_over

Serving = Callable[[StubEngine], Awaitable[str]]


@pytest.fixture
async def serving() -> AsyncIterator[Serving]:
    """Return a function that serves a stub engine and gives back its base URL."""
    servers: list[tuple[Server, asyncio.Task[None]]] = []

    async def start(engine: StubEngine) -> str:
        with socket.create_server(("127.0.0.1", 0)) as found:
            port = found.getsockname()[1]
        server = Server(create_app(site_over(engine)), port=port, interface=Interfaces.ASGI, log_enabled=False)
        servers.append((server, asyncio.create_task(server.serve())))
        await until_open(port)
        return f"http://127.0.0.1:{port}"

    yield start
    for server, task in servers:
        server.stop()  # type: ignore[no-untyped-call]
        await task


async def until_open(port: int) -> None:
    """Wait until somebody listens."""
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.01)
        else:
            writer.close()
            return
