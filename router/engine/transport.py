"""The transport under every provider's client: httpx's face, aiohttp's engine.

Stock httpx costs about 3 ms of CPU per request at 64 in flight, this 0.67 (docs/adr/0010).
"""

import struct
from socket import SO_LINGER, SOL_SOCKET
from typing import Final

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

READ: Final = 600.0
"""Seconds. A last resort: the engine's own first-byte and gap limits are shorter."""
CONNECTIONS: Final = httpx.Limits(max_connections=512, keepalive_expiry=30.0)
NOT_LINGERING: Final = struct.pack("ii", 1, 0)
"""With this, closing a socket sends RST and drops what was not sent yet."""


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
    """httpx-aiohttp with its exception map mended, and able to call off an upload.

    It calls every connection fault a `ConnectTimeout`, and lets answers that are not HTTP through as
    aiohttp's own errors.
    """

    def get_client(self) -> aiohttp.ClientSession:
        """Open the connection pool."""
        connector = aiohttp.TCPConnector(
            limit=self.limits.max_connections or 0,
            keepalive_timeout=self.limits.keepalive_expiry,
            ssl=self.ssl_context,
        )
        return aiohttp.ClientSession(connector=connector, response_class=Response)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request."""
        try:
            return await super().handle_async_request(request)
        except httpx.ConnectTimeout as error:
            raise _mended(error) from error.__cause__
        except aiohttp.ClientError as error:
            raise httpx.RemoteProtocolError(type(error).__name__) from error


def _mended(error: httpx.ConnectTimeout) -> httpx.TransportError:
    match error.__cause__:
        case aiohttp.ClientConnectorError():
            return httpx.ConnectError(str(error))
        case aiohttp.ServerTimeoutError():
            return error
        case _:
            return httpx.RemoteProtocolError(str(error))


def client(connect: float) -> httpx.AsyncClient:
    """Return a client with its own connection pool; one per provider, so that none can starve another.

    `connect` is how many seconds a connection may take to be made, the wait for a free one included. Redirects are not followed: a vendor's API has no reason to send our credential elsewhere.
    """
    timeout = httpx.Timeout(READ, connect=connect, pool=connect)
    return httpx.AsyncClient(transport=Transport(limits=CONNECTIONS, trust_env=False), timeout=timeout, trust_env=False)
