"""What carries a provider's requests: httpx's client, or one that leaves httpx out where every call passes.

Whichever it is, faults have httpx's names (`__cause__`) and our classes, and providers cannot tell them apart.
"""

from collections.abc import AsyncIterable, AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Final, Protocol, runtime_checkable

import httpx
import msgspec

from router.contract.errors import BadOutput, Busy, Misconfigured, ProviderFailed, TimedOut, Unavailable

Headers = Mapping[str, str]
"""An answer's headers, by names in lower case."""
Content = bytes | AsyncIterable[bytes]
"""A request's body; one that is read as it is sent goes in chunks, unless `content-length` says how long it is."""

TRANSLATED: Final[tuple[tuple[type[Exception], type[ProviderFailed]], ...]] = (
    (httpx.ConnectTimeout, Unavailable),
    (httpx.PoolTimeout, Busy),
    (httpx.TimeoutException, TimedOut),
    (httpx.UnsupportedProtocol, Misconfigured),
    (httpx.TooManyRedirects, Misconfigured),
    (httpx.InvalidURL, Misconfigured),
    (httpx.DecodingError, BadOutput),
    (httpx.RequestError, Unavailable),
)
"""First match wins. `httpx.StreamError` is absent on purpose: it is a bug of ours and must surface."""
NOT_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class Body(Protocol):
    """A streamed answer. Closing it releases the connection, and cuts it when the body was not read to its end."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Read it piece by piece as it comes; raises `ProviderFailed` where it breaks off."""

    async def aclose(self) -> None:
        """Give the connection back; a second time does nothing."""


class Answer(msgspec.Struct, frozen=True):
    """An answer whose body is still to be read."""

    status: int
    headers: Headers
    body: Body

    @property
    def content_type(self) -> str:
        """The media type in lower case, without parameters."""
        return plain_type(self.headers.get("content-type", ""))


@lru_cache(maxsize=256)
def plain_type(content_type: str) -> str:
    """Return a media type in lower case, without parameters: vendors send few."""
    return content_type.partition(";")[0].strip().lower()


@runtime_checkable
class Wire(Protocol):
    """Whatever sends requests. Its bounds (connections, connecting, silence) are its maker's choice."""

    async def ask(self, method: str, url: str, headers: Mapping[str, str], content: Content) -> Answer:
        """Send a request; return once the headers of its answer are in, whatever its status.

        Follows no redirect, keeps no cookie, decodes no body. Raises `ProviderFailed`, caused by httpx's error for
        the fault; when cancelled, it cuts the connection.
        """


class HttpxBody:
    """A body read through httpx."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with ours():
            async for chunk in self.response.aiter_raw():
                yield chunk

    async def aclose(self) -> None:
        """Give the connection back."""
        await self.response.aclose()


class HttpxWire:
    """Requests by way of any client of httpx, such as one with a `MockTransport`."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def ask(self, method: str, url: str, headers: Mapping[str, str], content: Content) -> Answer:
        """Send a request."""
        with ours():
            request = self.client.build_request(method, url, headers=headers, content=content)
            response = await self.client.send(request, stream=True, follow_redirects=False)
        return Answer(response.status_code, response.headers, HttpxBody(response))


def wired(client: httpx.AsyncClient) -> Wire:
    """Return the shortest way through a client: its own, if it has one."""
    return client if isinstance(client, Wire) else HttpxWire(client)


@contextmanager
def ours() -> Iterator[None]:
    """Turn httpx's errors into ours, all of them, here and nowhere else."""
    try:
        yield
    except (httpx.RequestError, httpx.InvalidURL) as error:
        raise translated(error) from error


def translated(error: Exception) -> ProviderFailed:
    """Return our error for one of httpx's; its text names the kind of fault, never the URL."""
    kind = next(kind for theirs, kind in TRANSLATED if isinstance(error, theirs))
    return kind(f"no answer: {type(error).__name__}")


def unsent(failure: ProviderFailed) -> bool:
    """Whether a request that failed cannot have reached its vendor, and so has bought nothing."""
    return isinstance(failure.__cause__, NOT_SENT)
