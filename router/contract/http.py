"""The one way providers talk HTTP: bodies bounded, connections released, every fault one of ours."""

import time
from collections.abc import Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Generic, TypedDict, TypeVar, Unpack
from urllib.parse import quote, urlencode

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
from router.contract.form import Field, Form, FormFile
from router.contract.provider import Provider, Settings
from router.contract.retry_after import retry_after
from router.contract.schema import PCM, AudioFormat
from router.contract.wire import Answer, Body, Content, Headers, wired

WHOLE_BODY = 64 * 1024 * 1024
"""Bytes. More than any whole speech answer; a longer body is a fault, not a result."""
ERROR_BODY = 64 * 1024
"""Bytes. Enough for any error that means something; of a longer one the beginning is read."""

PLAIN = {"accept-encoding": "identity"}
"""Media does not compress, and an answer that is not compressed cannot swell: bodies pass as they come."""
NO_MORE: Mapping[str, str] = MappingProxyType({})

BaseUrl = Annotated[str, msgspec.Meta(pattern=r"^https?://[^/\s]+[^\s]*$(?!\n)")]
ApiKey = Annotated[str, msgspec.Meta(pattern=r"^[!-~]+$(?!\n)")]
"""What could never be sent is refused when the YAML is read: Python's `$` alone would pass a newline at the end."""

OCTETS = "application/octet-stream"
PCM_TYPES = frozenset({"audio/pcm", "audio/l16", "audio/x-pcm", OCTETS})
"""What vendors call headerless s16le. RFC 3551's L16 is big-endian; none of them means that by it."""

HS = TypeVar("HS", bound="HttpSettings")


class Options(TypedDict, total=False):
    """What a request is sent with: `json` or `content` or, for a form, `files` and its text fields as `data`; see `Form`."""

    headers: Mapping[str, str]
    params: Mapping[str, str]
    json: Any
    content: bytes
    files: Mapping[str, FormFile]
    data: Mapping[str, Field]


FORMLESS = frozenset({"headers", "params", "json", "content"})
"""The options of a request that is no form; with any other there have to be `files`."""


class HttpSettings(Settings, frozen=True, kw_only=True):
    """What every HTTP provider can be told."""

    base_url: BaseUrl
    api_key: ApiKey | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self.base_url!r}, …)"


class HttpProvider(Provider[HS], Generic[HS]):
    """A provider reached over HTTP. Subclasses say how requests look and what refusals mean.

    `free` is the path of something to GET that costs nothing, and that only a good credential gets where there are such.
    """

    free: ClassVar[str | None] = None

    def __init__(self, name: str, settings: HS, client: httpx.AsyncClient) -> None:
        super().__init__(name, settings, client)
        self.wire = wired(client)
        self._origin = settings.base_url.rstrip("/")

    def headers(self) -> Mapping[str, str]:
        """Return what every request carries, such as the credential, which may change: each request asks anew."""
        return {}

    async def check(self) -> bool:
        """Get what is `free`."""
        if self.free is None:
            return False
        answer = await self.stream("GET", self.free)
        await answer.body.aclose()
        return True

    def refusal(self, status: int, headers: Headers, body: bytes) -> ProviderFailed:  # noqa: ARG002 - for kinds that read it
        """Turn a non-2xx answer into an error; a kind overrides it where its vendor says more.

        The upstream's text is read to decide, never repeated: it may quote the caller's words.
        """
        return refusal(self.name, status, headers)

    async def stream(self, method: str, path: str, **options: Unpack[Options]) -> Answer:
        """Send a request and return once a 2xx answer's headers are in; the caller closes the body.

        Raises `ProviderFailed` for every refusal and every fault of the network.
        """
        said = {**PLAIN, **self.headers(), **options.get("headers", NO_MORE)}
        url, headers, content = packed(self.url(path), said, options)
        answer = await self.wire.ask(method, url, headers, content)
        fine = 200 <= answer.status < 300
        if fine and as_it_is(answer.headers):
            return answer
        try:
            if fine:
                raise BadOutput(f"{self.name} compressed its answer unasked", upstream_status=answer.status)
            raise self.refusal(answer.status, answer.headers, await beginning(answer.body, ERROR_BODY))
        finally:
            await answer.body.aclose()

    async def send(
        self, method: str, path: str, *, limit: int = WHOLE_BODY, **options: Unpack[Options]
    ) -> tuple[Answer, bytes]:
        """Send a request and read the whole answer, at most `limit` bytes of it."""
        answer = await self.stream(method, path, **options)
        try:
            return answer, await read(answer.body, limit)
        finally:
            await answer.body.aclose()

    def url(self, path: str) -> str:
        """Join a path to the base URL, which may have a path of its own."""
        return f"{self._origin}/{path.lstrip('/')}"


def packed(url: str, headers: dict[str, str], options: Options) -> tuple[str, Mapping[str, str], Content]:
    """Return URL, headers and content of a request, to whose headers it adds what tells of its content."""
    if params := options.get("params"):
        url = f"{url}?{urlencode(params, quote_via=quote)}"
    json = options.get("json")
    if json is not None:
        headers.setdefault("content-type", "application/json")
        return url, headers, msgspec.json.encode(json)
    if options.keys() <= FORMLESS:
        return url, headers, options.get("content", b"")
    form = Form(options.get("data", {}), options["files"])
    return url, {**headers, "content-type": form.content_type, "content-length": str(form.length)}, form


def as_it_is(headers: Headers) -> bool:
    """Whether a body passes as it was made: not compressed, and not in a framing that nobody here reads."""
    return (
        headers.get("content-encoding", "identity") == "identity"
        and headers.get("transfer-encoding", "chunked").lower() == "chunked"
    )


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
    if wanted is PCM:
        return content_type in PCM_TYPES
    return content_type == OCTETS or content_type.startswith("audio/")


def refusal(name: str, status: int, headers: Headers) -> ProviderFailed:
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
