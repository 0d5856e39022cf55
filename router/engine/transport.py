"""The HTTP client under every provider: httpx's face over aiohttp, and beside it a `Wire` over connections of our own.

An answer of 48 KB costs ten times as much CPU through the face as by `ask` (docs/adr/0018).
"""

import asyncio
import ssl
from collections.abc import Coroutine, Mapping
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from importlib import import_module
from types import TracebackType
from typing import Any, Final

import httpx

from router.contract.trace import CALLING
from router.contract.wire import Answer, Content
from router.engine.wire.dialling import Trust
from router.engine.wire.direct import Direct

READ: Final = 600.0
"""Seconds. A last resort: the engine's own first-byte and gap limits are shorter."""
CONNECTIONS: Final = 65_536
"""More than there can be: `concurrency` bounds a provider's calls, else the files that a process may open do. A lower lid
would let streams wait for one another, and be told of as the provider's slowness."""
AGENT: Final = {"user-agent": "media-router"}


class Late(httpx.AsyncBaseTransport):
    """The transport over aiohttp, made for the first request: a tenth of a start would go into importing that library.

    It is imported in a thread, so that the streams that run meanwhile go on.
    """

    def __init__(self, connect: float, read: float, connections: int, trusted: Trust) -> None:
        self._given = connect, read, connections
        self._trusted = trusted
        self._made: httpx.AsyncBaseTransport | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request."""
        transport = self._made or await self._make()
        return await transport.handle_async_request(request)

    async def aclose(self) -> None:
        """Close all connections, if there ever were any."""
        if self._made is not None:
            await self._made.aclose()

    async def _make(self) -> httpx.AsyncBaseTransport:
        face = await asyncio.to_thread(import_module, "router.engine.face")
        trusted = await asyncio.to_thread(self._trusted)
        if self._made is None:  # nor has another request made it meanwhile
            self._made = face.Transport(*self._given, trusted)
        return self._made


class Client(httpx.AsyncClient):
    """httpx's face for whoever wants it and, by `ask`, a `Wire` that leaves httpx out; each has its own connections.

    Seconds: `connect` to get a connection, the wait for a free one and then the making of a new one; `read` from one
    sign of life to the next, be it in taking a request or in answering it.
    """

    def __init__(self, connect: float, read: float, connections: int, trusted: Trust) -> None:
        self.direct = Direct(connect, read, connections, trusted)
        super().__init__(
            transport=Late(connect, read, connections, trusted),
            timeout=httpx.Timeout(read, connect=connect, pool=connect),
            headers=AGENT,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
            trust_env=False,
        )

    def ask(self, method: str, url: str, headers: Mapping[str, str], content: Content) -> Coroutine[Any, Any, Answer]:
        """Send a request; see `Wire`."""
        return self.direct.ask(method, url, headers, content)

    async def aclose(self) -> None:
        """Close all connections."""
        await self.direct.close()
        await super().aclose()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.direct.close()
        await super().__aexit__(exc_type, exc_value, traceback)


class Telling(Client):
    """A client that tells providers which trace a request to them belongs to."""

    def __init__(self, connect: float, read: float, connections: int, trusted: Trust) -> None:
        super().__init__(connect, read, connections, trusted)
        self.event_hooks = {"request": [place]}

    def ask(self, method: str, url: str, headers: Mapping[str, str], content: Content) -> Coroutine[Any, Any, Answer]:
        """Send a request; see `Wire`."""
        trace = CALLING.get()
        return super().ask(method, url, headers if trace is None else {**headers, **trace.headers}, content)


async def place(request: httpx.Request) -> None:
    """Have a request of httpx's tell its place."""
    trace = CALLING.get()
    if trace is not None:
        request.headers.update(trace.headers)


@cache
def authorities() -> ssl.SSLContext:
    """Return what vendors' certificates are checked against, read once: it takes 30 ms, and where none speaks TLS not at all."""
    return httpx.create_ssl_context(trust_env=False)


def client(
    connect: float, *, kind: type[Client] = Client, read: float = READ, connections: int = CONNECTIONS,
    trusted: Trust = authorities,
) -> Client:  # fmt: skip
    """Return a client with its own connection pool; one per provider, so that none can starve another.

    Redirects are not followed: a vendor's API has no reason to send our credential elsewhere.
    """
    return kind(connect, read, connections, trusted)
