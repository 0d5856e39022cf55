"""The end of a process's life: nobody new should come, those who are here may finish, those who converse are let go."""

import asyncio
from typing import Any

from litestar.enums import ScopeType
from litestar.types import Message, Scope, Send

from router.engine.uses import Uses


class Leaving:
    """Whether the process is about to end: `begun` once nobody new should come, `closed` once the port is about to close.

    `conversations` are the sockets that are open.
    """

    def __init__(self) -> None:
        self.begun = False
        self.closed = asyncio.Event()
        self.conversations = Uses()


def parting(scope: Scope, send: Send) -> Send:
    """Return a `send` whose answers end their connections, so that the next request on each goes to somebody who stays."""
    if scope["type"] != ScopeType.HTTP or not scope["http_version"].startswith("1"):
        return send

    async def last(message: Message) -> None:
        told: Any = message
        if message["type"] == "http.response.start":
            told = {**message, "headers": [*message["headers"], (b"connection", b"close")]}
        await send(told)

    return last
