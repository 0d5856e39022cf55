"""The HTTP client under every provider: aiohttp's connections, with httpx's face or without it.

An answer of 48 KB costs 0.54 ms of CPU through httpx's face, and 0.2 by `ask` (docs/adr/0013).
"""

import asyncio
import ssl
import struct
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Mapping
from functools import cache, lru_cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from socket import SO_LINGER, SOL_SOCKET
from typing import Final

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport
from yarl import URL

from router.contract.wire import Answer, Content, Headers, translated

READ: Final = 600.0
"""Seconds. A last resort: the engine's own first-byte and gap limits are shorter."""
CONNECTIONS: Final = 512
IDLE: Final = 30.0
"""Seconds a connection is kept for the next request."""
PIECE: Final = 64 * 1024
"""Bytes. What is longer is sent piece by piece."""
AGENT: Final = {"user-agent": "media-router"}
NOT_LINGERING: Final = struct.pack("ii", 1, 0)
"""With this, closing a socket sends RST and drops what was not sent yet."""

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
FAULTS: Final = (aiohttp.ClientError, httpx.RequestError, httpx.InvalidURL)


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
    """httpx's face for whoever wants it and, over the same connections, `ask`: a `Wire` that leaves httpx out.

    Seconds: `connect` to get a connection, the wait for a free one and then the making of a new one; `read` from one
    sign of life to the next, be it in taking a request or in answering it.
    """

    def __init__(self, connect: float, read: float, connections: int, trusted: ssl.SSLContext) -> None:
        timeout = aiohttp.ClientTimeout(total=None, connect=connect, sock_read=read)
        self.lane = Transport(timeout, connections, trusted)
        self.patience = connect
        self.silence = read
        self.places = asyncio.Semaphore(connections)
        super().__init__(
            transport=self.lane,
            timeout=httpx.Timeout(read, connect=connect, pool=connect),
            headers=AGENT,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
            trust_env=False,
        )

    async def ask(self, method: str, url: str, headers: Mapping[str, str], content: Content) -> Answer:
        """Send a request; see `Wire`."""
        try:
            await self._place()
            try:
                response = await self._sent(method, address(url), headers, content)
            except BaseException:
                self.places.release()
                raise
        except FAULTS as error:
            theirs = named(error)
            raise translated(theirs) from theirs
        return Answer(response.status, told(response.raw_headers), Stream(response, self.places))

    async def _sent(
        self, method: str, url: URL, headers: Mapping[str, str], content: Content
    ) -> aiohttp.ClientResponse:
        request = self.lane.get_client().request
        if isinstance(content, bytes) and len(content) <= PIECE:
            return await request(method, url, headers=headers, data=content or None, allow_redirects=False)
        if isinstance(content, bytes):
            headers, content = {**headers, "content-length": str(len(content))}, pieces(content)
        upload = Upload(content, self.silence)
        try:
            async with upload.watched:
                return await request(method, url, headers=headers, data=upload, allow_redirects=False)
        except TimeoutError as error:
            if not upload.watched.expired():
                raise
            raise httpx.WriteTimeout("the upload is not taken") from error
        finally:
            upload.over = True

    async def _place(self) -> None:
        if not self.places.locked():
            await self.places.acquire()
            return
        try:
            async with asyncio.timeout(self.patience):
                await self.places.acquire()
        except TimeoutError:
            raise httpx.PoolTimeout(f"no connection became free within {self.patience} s") from None


class Upload:
    """A body that is pulled as it is sent. aiohttp bounds no writing: here, `watched` ends if nobody pulls for long."""

    def __init__(self, content: AsyncIterable[bytes], patience: float) -> None:
        self.content = content
        self.patience = patience
        self.watched = asyncio.timeout(None)
        self.over = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self.content:
            self._wait(asyncio.get_running_loop().time() + self.patience)
            yield piece
        self._wait(None)

    def _wait(self, until: float | None) -> None:
        if not self.over:
            self.watched.reschedule(until)


async def pieces(content: bytes) -> AsyncIterator[bytes]:
    """Divide a long body, so that one can see how far it has got."""
    for start in range(0, len(content), PIECE):
        yield content[start : start + PIECE]


class Stream:
    """A body as it comes from aiohttp; its place goes to the next request when it has ended or is closed."""

    def __init__(self, response: aiohttp.ClientResponse, places: asyncio.Semaphore) -> None:
        self.response = response
        self.places: asyncio.Semaphore | None = places

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            while chunk := await self.response.content.readany():
                yield chunk
        except FAULTS as error:
            theirs = named(error)
            raise translated(theirs) from theirs
        self._leave()

    async def aclose(self) -> None:
        """Give the connection back, or cut it when the body was not read to its end."""
        if self.places is not None:
            self.response.close()
            self._leave()

    def _leave(self) -> None:
        if self.places is not None:
            self.places.release()
            self.places = None


@cache
def authorities() -> ssl.SSLContext:
    """Return what vendors' certificates are checked against, read once: it takes 30 ms."""
    return httpx.create_ssl_context(trust_env=False)


@lru_cache(maxsize=1024)
def address(url: str) -> URL:
    """Return the URL as httpx would send it: what is quoted already stays as it is, for it may be signed."""
    found = URL(str(httpx.URL(url)), encoded=True)
    try:
        found.port  # noqa: B018 - an encoded URL is taken apart only when it is looked at
    except ValueError as error:
        raise httpx.InvalidURL("no such port") from error
    return found


def told(raw: Iterable[tuple[bytes, bytes]]) -> Headers:
    """Return headers by lower-case name; those that come twice are joined, and no byte in them is an error."""
    headers: dict[str, str] = {}
    for name, text in raw:
        key, value = name.decode("latin-1").lower(), text.decode("utf-8", "replace")
        headers[key] = f"{headers[key]}, {value}" if key in headers else value
    return headers


def named(error: BaseException | None) -> httpx.RequestError | httpx.InvalidURL:
    """Return httpx's error for one of aiohttp's; its own stay as they are."""
    if isinstance(error, httpx.RequestError | httpx.InvalidURL):
        return error
    theirs = next((theirs for fault, theirs in NAMES if isinstance(error, fault)), httpx.RemoteProtocolError)
    return theirs(type(error).__name__)


def client(
    connect: float, *, read: float = READ, connections: int = CONNECTIONS, trusted: ssl.SSLContext | None = None
) -> Client:
    """Return a client with its own connection pool; one per provider, so that none can starve another.

    Redirects are not followed: a vendor's API has no reason to send our credential elsewhere.
    """
    return Client(connect, read, connections, trusted or authorities())
