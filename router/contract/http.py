"""The one way providers talk HTTP: bodies bounded, connections released, httpx's errors turned into ours."""

import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Annotated, Any, Generic, TypeVar

import httpx
import msgspec

from router.contract.errors import (
    BadOutput,
    Busy,
    Declined,
    Misconfigured,
    ProviderFailed,
    TimedOut,
    Unavailable,
)
from router.contract.provider import Provider, Settings
from router.contract.retry_after import retry_after
from router.contract.schema import AudioFormat

WHOLE_BODY = 64 * 1024 * 1024
"""Bytes. More than any whole speech answer; a longer body is a fault, not a result."""
ERROR_BODY = 64 * 1024
"""Bytes. Enough for any error that means something; of a longer one the beginning is read."""

PLAIN = {"accept-encoding": "identity"}
"""Media does not compress, and an answer that is not compressed cannot swell: bodies pass as they come."""

BaseUrl = Annotated[str, msgspec.Meta(pattern=r"^https?://[^/\s]+[^\s]*$(?!\n)")]
ApiKey = Annotated[str, msgspec.Meta(pattern=r"^[!-~]+$(?!\n)")]
"""What could never be sent is refused when the YAML is read: Python's `$` alone would pass a newline at the end."""

OCTETS = "application/octet-stream"
PCM_TYPES = frozenset({"audio/pcm", "audio/l16", "audio/x-pcm", OCTETS})
"""What vendors call headerless s16le. RFC 3551's L16 is big-endian; none of them means that by it."""

HS = TypeVar("HS", bound="HttpSettings")

TRANSLATED: tuple[tuple[type[Exception], type[ProviderFailed]], ...] = (
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


class HttpSettings(Settings, frozen=True, kw_only=True):
    """What every HTTP provider can be told."""

    base_url: BaseUrl
    api_key: ApiKey | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self.base_url!r}, …)"


class Body:
    """A streamed answer. Closing it releases the connection, read or not."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with ours():
            async for chunk in self.response.aiter_raw():
                yield chunk

    async def aclose(self) -> None:
        """Give the connection back, or cut it when the body was not read to its end."""
        await self.response.aclose()


class Answer(msgspec.Struct, frozen=True):
    """A 2xx answer whose body is still to be read."""

    status: int
    headers: httpx.Headers
    body: Body

    @property
    def content_type(self) -> str:
        """The media type in lower case, without parameters."""
        value: str = self.headers.get("content-type", "")
        return value.partition(";")[0].strip().lower()


class HttpProvider(Provider[HS], Generic[HS]):
    """A provider reached over HTTP. Subclasses say how requests look and what refusals mean."""

    def headers(self) -> Mapping[str, str]:
        """Return what every request carries, such as the credential."""
        return {}

    def refusal(self, status: int, headers: httpx.Headers, body: bytes) -> ProviderFailed:  # noqa: ARG002 - for kinds that read it
        """Turn a non-2xx answer into an error; a kind overrides it where its vendor says more.

        The upstream's text is read to decide, never repeated: it may quote the caller's words.
        """
        return refusal(self.name, status, headers)

    async def stream(self, method: str, path: str, **options: Any) -> Answer:
        """Send a request and return once a 2xx answer's headers are in; the caller closes the body.

        `options` are those of `httpx.AsyncClient.build_request` (json, content, files, params, …).
        Raises `ProviderFailed` for every refusal and every fault of the network.
        """
        with ours():
            request = self.client.build_request(
                method, self.url(path), headers={**PLAIN, **self.headers(), **options.pop("headers", {})}, **options
            )
            response = await self.client.send(request, stream=True)
        body = Body(response)
        if response.is_success and response.headers.get("content-encoding", "identity") == "identity":
            return Answer(response.status_code, response.headers, body)
        try:
            if response.is_success:
                raise BadOutput(f"{self.name} compressed its answer unasked", upstream_status=response.status_code)
            raise self.refusal(response.status_code, response.headers, await beginning(body, ERROR_BODY))
        finally:
            await body.aclose()

    async def send(self, method: str, path: str, *, limit: int = WHOLE_BODY, **options: Any) -> tuple[Answer, bytes]:
        """Send a request and read the whole answer, at most `limit` bytes of it."""
        answer = await self.stream(method, path, **options)
        try:
            return answer, await read(answer.body, limit)
        finally:
            await answer.body.aclose()

    def url(self, path: str) -> str:
        """Join a path to the base URL, which may have a path of its own."""
        return f"{self.settings.base_url.rstrip('/')}/{path.lstrip('/')}"


async def read(body: Body, limit: int) -> bytes:
    """Read a body to its end; raise `BadOutput` as soon as it exceeds `limit` bytes."""
    parts = bytearray()
    async for chunk in body:
        parts += chunk
        if len(parts) > limit:
            raise BadOutput(f"the answer is longer than {limit} bytes")
    return bytes(parts)


async def beginning(body: Body, limit: int) -> bytes:
    """Read at most `limit` bytes; of a body that breaks off, what came: its status says enough."""
    parts = bytearray()
    with suppress(ProviderFailed):
        async for chunk in body:
            parts += chunk
            if len(parts) >= limit:
                break
    return bytes(parts[:limit])


def is_audio(content_type: str, wanted: AudioFormat) -> bool:
    """Whether an answer may hold that format; of the formats with a header the gate looks at the bytes."""
    if wanted is AudioFormat.PCM:
        return content_type in PCM_TYPES
    return content_type == OCTETS or content_type.startswith("audio/")


def refusal(name: str, status: int, headers: httpx.Headers) -> ProviderFailed:
    """Classify a non-2xx answer by its status alone."""
    wait = retry_after(headers, time.time())
    kind: type[ProviderFailed]
    if status == 429 or (status == 503 and wait is not None):
        kind = Busy
    elif status < 400 or status in {401, 402, 403}:  # a redirect: the base URL is not where the vendor lives
        kind = Misconfigured
    elif status in {408, 504}:
        kind = TimedOut
    elif status >= 500:
        kind = Unavailable
    else:
        kind = Declined
    return kind(f"{name} answered {status}", upstream_status=status, retry_after=wait)


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
