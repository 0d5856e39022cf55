"""httpx's face over aiohttp, for what is not worth a `Wire`. Importing aiohttp takes a tenth of a start, so this comes late."""

import ssl
from socket import SO_LINGER, SOL_SOCKET
from typing import Final

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from router.engine.wire.connection import NOT_LINGERING
from router.engine.wire.pool import IDLE

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

    def __init__(self, connect: float, read: float, connections: int, trusted: ssl.SSLContext) -> None:
        super().__init__(verify=trusted, trust_env=False)
        self.timeout = aiohttp.ClientTimeout(total=None, connect=connect, sock_read=read)
        self.connections = connections

    def get_client(self) -> aiohttp.ClientSession:
        """Return the session, made when first asked for: it belongs to the loop that runs then."""
        if not isinstance(self.client, aiohttp.ClientSession):
            connector = aiohttp.TCPConnector(limit=self.connections, keepalive_timeout=IDLE, ssl=self.ssl_context)
            self.client = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=self.timeout,
                skip_auto_headers=("user-agent",),
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


def named(error: BaseException | None) -> httpx.TransportError:
    """Return httpx's error for one of aiohttp's."""
    theirs = next((theirs for fault, theirs in NAMES if isinstance(error, fault)), httpx.RemoteProtocolError)
    return theirs(type(error).__name__)
