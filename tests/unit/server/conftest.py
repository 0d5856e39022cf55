import asyncio
from collections.abc import Callable, Mapping

import uvloop


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Serve by uvloop, as a router does: its sockets and its TLS are not asyncio's."""
    return {"uvloop": uvloop.new_event_loop}
