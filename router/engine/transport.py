"""The HTTP client under every provider: httpx's face over aiohttp, and beside it a `Wire` over connections of our own.

An answer of 48 KB costs ten times as much CPU through the face as by `ask` (docs/adr/0018).
"""

import ssl
from collections.abc import Coroutine, Mapping
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from socket import SO_LINGER, SOL_SOCKET
from types import TracebackType
from typing import Any, Final

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from router.contract.wire import Answer, Content
from router.engine.wire.connection import NOT_LINGERING
from router.engine.wire.direct import Direct
from router.engine.wire.pool import IDLE

READ: Final = 600.0
"""Seconds. A last resort: the engine's own first-byte and gap limits are shorter."""
CONNECTIONS: Final = 65_536
"""More than there can be: `concurrency` bounds a provider's calls, else the files that a process may open do. A lower lid
would let streams wait for one another, and be told of as the provider's slowness."""
AGENT: Final = {"user-agent": "media-router"}

NAMES: Final[tuple[tuple[type[aiohttp.ClientError], type[httpx.TransportError]], ...]] = (
    (aiohttp.ConnectionTimeoutError, httpx.ConnectTimeout),
    (aiohttp.ServerTimeoutError, httpx.ReadTimeout),
    (aiohttp.ClientConnectorError, httpx.ConnectError),
    (aiohttp.ClientPayloadError, httpx.ReadError),
    (aiohttp.NonHttpUrlClientError, httpx.UnsupportedProtocol),
    (aiohttp.InvalidURL, httpx.UnsupportedProtocol),
    (aiohttp.ClientError, httpx.RemoteProtocolError),
)
"""What httpx calls aiohttp's errors; the first match wins."""


class Response(aiohttp.ClientResponse):
    """A response whose request can be called off in the middle of its upload.

    aiohttp would first deliver what it has buffered: never, where the other side does not read.
    """

    def close(self) -> None:
        """Cut the connection at once."""
        transport = self.connection and self.connection.transport
        if transport:
            transport.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, NOT_LINGERING)
            transport.abort()
        super().close()


class Transport(AiohttpTransport):
    """httpx-aiohttp over a session that keeps no cookies and reads no environment, its exception map mended.

    By itself it calls every connection fault a `ConnectTimeout`, and lets answers that are not HTTP through as
    aiohttp's own errors.
    """

    def __init__(self, timeout: aiohttp.ClientTimeout, connections: int, trusted: ssl.SSLContext) -> None:
        super().__init__(verify=trusted, trust_env=False)
        self.timeout = timeout
        self.connections = connections

    def get_client(self) -> aiohttp.ClientSession:
        """Return the session, made when first asked for: it belongs to the loop that runs then."""
        if not isinstance(self.client, aiohttp.ClientSession):
            connector = aiohttp.TCPConnector(limit=self.connections, keepalive_timeout=IDLE, ssl=self.ssl_context)
            self.client = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=self.timeout,
                headers=AGENT,
                auto_decompress=False,
                response_class=Response,
            )
        return self.client

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request."""
        try:
            return await super().handle_async_request(request)
        except httpx.ConnectTimeout as error:
            raise named(error.__cause__) from error.__cause__
        except aiohttp.ClientError as error:
            raise named(error) from error


class Client(httpx.AsyncClient):
    """httpx's face for whoever wants it and, by `ask`, a `Wire` that leaves httpx out; each has its own connections.

    Seconds: `connect` to get a connection, the wait for a free one and then the making of a new one; `read` from one
    sign of life to the next, be it in taking a request or in answering it.
    """

    def __init__(self, connect: float, read: float, connections: int, trusted: ssl.SSLContext) -> None:
        self.direct = Direct(connect, read, connections, trusted)
        timeout = aiohttp.ClientTimeout(total=None, connect=connect, sock_read=read)
        super().__init__(
            transport=Transport(timeout, connections, trusted),
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


@cache
def authorities() -> ssl.SSLContext:
    """Return what vendors' certificates are checked against, read once: it takes 30 ms."""
    return httpx.create_ssl_context(trust_env=False)


def named(error: BaseException | None) -> httpx.TransportError:
    """Return httpx's error for one of aiohttp's."""
    theirs = next((theirs for fault, theirs in NAMES if isinstance(error, fault)), httpx.RemoteProtocolError)
    return theirs(type(error).__name__)


def client(
    connect: float, *, read: float = READ, connections: int = CONNECTIONS, trusted: ssl.SSLContext | None = None
) -> Client:
    """Return a client with its own connection pool; one per provider, so that none can starve another.

    Redirects are not followed: a vendor's API has no reason to send our credential elsewhere.
    """
    return Client(connect, read, connections, trusted or authorities())
