"""What connections of callers have in common, whichever version of HTTP is spoken on them."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from typing import Any, Final, cast

from uvicorn.config import Config
from uvicorn.server import ServerState

from router.loop.outbox import Gathering, gathering
from router.server.head import Fields
from router.server.target import taken_apart

Scope = dict[str, Any]
Application = Callable[..., Awaitable[None]]

IDLE: Final = 75.0
"""Seconds that a connection is kept for the next request: longer than load balancers keep theirs (60 s with AWS)."""


class Connection:
    """A connection, made by uvicorn's server for everyone who calls.

    `surplus` if there were as many as there may be when it came, `full` while its caller takes less than he is sent; `since` is
    when a request last began or ended on it. `sent` is done: what whoever sends gets who has nothing to wait for.
    """

    transport: Gathering

    def __init__(self, config: Config, server_state: ServerState, app_state: dict[str, Any], _loop: Any = None) -> None:
        self.config = config
        self.app: Application = config.loaded_app
        self.state = server_state
        self.app_state = app_state
        self.loop: asyncio.AbstractEventLoop = _loop or asyncio.get_running_loop()
        self.full = False
        self._writable = asyncio.Event()
        self.sent = self.loop.create_future()
        self.sent.set_result(None)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody called."""
        self.transport = gathering(cast("asyncio.Transport", transport))
        most = self.config.limit_concurrency
        self.surplus = most is not None and len(self.state.connections) >= most
        self.state.connections.add(self)  # type: ignore[arg-type]  # it knows only uvicorn's own
        self.since = self.loop.time()
        self.scope = self._whereabouts()

    def pause_writing(self) -> None:
        """The caller takes less than he is sent."""
        self.full = True
        self._writable.clear()

    def resume_writing(self) -> None:
        """The caller has caught up, or is gone."""
        self.full = False
        self._writable.set()

    async def room(self) -> None:
        """Wait until the caller has taken enough of what was sent, or is gone."""
        while self.full:
            await self._writable.wait()

    def idle(self) -> float:
        """Return for how many seconds no request has begun or ended."""
        return self.loop.time() - self.since

    def scope_of(self, version: str, method: bytes, target: bytes, headers: Fields) -> Scope:
        """Return the ASGI scope of a request on this connection. Raises `NoTarget`."""
        path, raw, query = taken_apart(target)
        return {
            **self.scope,
            "http_version": version,
            "method": method.decode("latin-1"),
            "path": path,
            "raw_path": raw,
            "query_string": query,
            "headers": headers,
            "state": self.app_state.copy(),
        }

    def _whereabouts(self) -> Scope:
        """Return what of an ASGI scope is the same for all requests on this connection."""
        peer, here = (self.transport.get_extra_info(end) for end in ("peername", "sockname"))
        secured: ssl.SSLObject | None = self.transport.get_extra_info("ssl_object")
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.5"},
            "scheme": "https" if secured else "http",
            "client": tuple(peer[:2]) if peer else None,
            "server": tuple(here[:2]) if here else None,
            "root_path": "",
        }
