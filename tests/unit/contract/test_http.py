import asyncio
import inspect
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import httpx
import msgspec
import pytest

from router.contract import (
    AnyOffer,
    BadOutput,
    Busy,
    Declined,
    Headers,
    HttpProvider,
    HttpSettings,
    Misconfigured,
    ProviderFailed,
    TimedOut,
    Unavailable,
)
from router.contract.http import ERROR_BODY
from router.contract.wire import ours
from router.engine import transport
from router.testing.acts import HangUp, Raw, Reply
from router.testing.vendor import ClosedPort, Vendor
from router.testing.wire import Wire

KEY = "k-secret"


class Plain(HttpProvider[HttpSettings]):
    """A provider of nothing, which shows what a refusal's body was."""

    kind = "plain"
    settings_type = HttpSettings
    refused: bytes | None = None

    def offers(self) -> Sequence[AnyOffer]:
        return ()

    def headers(self) -> Mapping[str, str]:
        return {"authorization": f"Bearer {KEY}"}

    def refusal(self, status: int, headers: Headers, body: bytes) -> ProviderFailed:
        self.refused = body
        return super().refusal(status, headers, body)


def provider_at(url: str, client: httpx.AsyncClient) -> Plain:
    return Plain("plain", HttpSettings(base_url=url, api_key=KEY), client)


@pytest.fixture(params=["httpx", "the router's own"])
async def client(request: pytest.FixtureRequest) -> AsyncIterator[httpx.AsyncClient]:
    """Return a client over httpx's transport and over the one the router uses: both have to behave."""
    own = request.param != "httpx"
    async with transport.client(5.0) if own else httpx.AsyncClient(trust_env=False) as made:
        yield made


# What httpx raises --------------------------------------------------------------------------------

THEIRS = {name: one for name, one in vars(httpx).items() if inspect.isclass(one) and issubclass(one, Exception)}
TRANSLATED: dict[str, type[ProviderFailed]] = {
    "CloseError": Unavailable,
    "ConnectError": Unavailable,
    "ConnectTimeout": Unavailable,
    "DecodingError": BadOutput,
    "InvalidURL": Misconfigured,
    "LocalProtocolError": Unavailable,
    "NetworkError": Unavailable,
    "PoolTimeout": Busy,
    "ProtocolError": Unavailable,
    "ProxyError": Unavailable,
    "ReadError": Unavailable,
    "ReadTimeout": TimedOut,
    "RemoteProtocolError": Unavailable,
    "RequestError": Unavailable,
    "TimeoutException": TimedOut,
    "TooManyRedirects": Misconfigured,
    "TransportError": Unavailable,
    "UnsupportedProtocol": Misconfigured,
    "WriteError": Unavailable,
    "WriteTimeout": TimedOut,
}
LEFT_ALONE = {
    "CookieConflict": "only raised by reading a cookie jar, which nobody does",
    "HTTPError": "never raised as such",
    "HTTPStatusError": "only raised by raise_for_status, which nobody calls",
    "RequestNotRead": "a bug of ours",
    "ResponseNotRead": "a bug of ours",
    "StreamClosed": "a bug of ours",
    "StreamConsumed": "a bug of ours",
    "StreamError": "a bug of ours",
}


def test_every_error_is_decided_upon() -> None:
    """Each of httpx's errors is either translated or left alone on purpose; a new one fails this test."""
    assert set(THEIRS) == set(TRANSLATED) | set(LEFT_ALONE)


def raised(name: str) -> Exception:
    # Their constructors differ; the class and a text are all that matters here.
    error: Exception = THEIRS[name].__new__(THEIRS[name])
    error.args = ("https://user:password@example.com said something private",)
    return error


@pytest.mark.parametrize("name", TRANSLATED)
def test_translates(name: str) -> None:
    """The error becomes the one that says what happens next, and names neither URL nor text."""
    with pytest.raises(ProviderFailed) as caught, ours():
        raise raised(name)
    assert type(caught.value) is TRANSLATED[name]
    assert str(caught.value) == f"no answer: {name}"


@pytest.mark.parametrize("name", LEFT_ALONE)
def test_leaves_alone(name: str) -> None:
    """Bugs of ours surface as what they are."""
    with pytest.raises(THEIRS[name]), ours():
        raise raised(name)


# What vendors answer ------------------------------------------------------------------------------

STATUSES: dict[int, tuple[dict[str, str], type[ProviderFailed]]] = {
    301: ({"location": "https://elsewhere.example"}, Misconfigured),
    400: ({}, Declined),
    401: ({}, Misconfigured),
    402: ({}, Misconfigured),
    403: ({}, Misconfigured),
    404: ({}, Declined),
    408: ({}, TimedOut),
    413: ({}, Declined),
    422: ({}, Declined),
    429: ({"retry-after": "4"}, Busy),
    500: ({}, Unavailable),
    502: ({}, Unavailable),
    503: ({}, Unavailable),
    504: ({}, TimedOut),
}


@pytest.mark.parametrize(("status", "headers", "kind"), [(one, *rest) for one, rest in STATUSES.items()])
async def test_refusal(
    status: int, headers: dict[str, str], kind: type[ProviderFailed], client: httpx.AsyncClient
) -> None:
    """A refusal is classified by its status; its text is not repeated."""
    async with Vendor(Reply(b"private", status, headers=headers)) as vendor:
        with pytest.raises(ProviderFailed) as caught:
            await provider_at(vendor.url, client).send("POST", "/x", json={})
    error = caught.value
    assert (type(error), error.upstream_status) == (kind, status)
    assert error.retry_after == (4.0 if "retry-after" in headers else None)
    assert str(error) == f"plain answered {status}"


async def test_unavailable_until(client: httpx.AsyncClient) -> None:
    """A 503 that says when to come back is a provider that is busy, not one that is down."""
    async with Vendor(Reply(status=503, headers={"retry-after-ms": "250"})) as vendor:
        with pytest.raises(Busy) as caught:
            await provider_at(vendor.url, client).send("GET", "/x")
    assert caught.value.retry_after == 0.25


FAULTS = {
    "reset": HangUp(),
    "closed": HangUp(reset=False),
    "not HTTP": Raw(b"220 smtp.example ESMTP\r\n\r\n"),
    "cut, length given": Reply(b"x" * 100, cut=10),
    "cut, chunked": Reply(b"x" * 100, cut=10, chunked=True),
    "reset within the body": Reply(b"x" * 100, cut=10, reset=True),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
async def test_broken_connection(fault: HangUp | Raw | Reply, client: httpx.AsyncClient) -> None:
    """A connection that breaks, before the answer or within it, is never taken for an answer's end."""
    async with Vendor(fault) as vendor:
        with pytest.raises(Unavailable):
            await provider_at(vendor.url, client).send("POST", "/x", json={})


async def test_refused(client: httpx.AsyncClient) -> None:
    """Nobody listening is a provider that is unavailable."""
    with ClosedPort() as port, pytest.raises(Unavailable) as caught:
        await provider_at(port.url, client).send("GET", "/x")
    assert str(caught.value) == "no answer: ConnectError"


async def test_bytes_that_came_before_the_break(client: httpx.AsyncClient) -> None:
    """What arrived before the break is handed on first."""
    async with Vendor(Reply(b"x" * 100, cut=10, chunked=True)) as vendor:
        answer = await provider_at(vendor.url, client).stream("GET", "/x")
        chunks = aiter(answer.body)
        assert await anext(chunks) == b"x" * 10
        with pytest.raises(Unavailable):
            await anext(chunks)
        await answer.body.aclose()


# Bounds -------------------------------------------------------------------------------------------


async def test_whole_body_limit(client: httpx.AsyncClient) -> None:
    """A body may be as long as the limit, and reading stops as soon as it is longer."""
    async with Vendor(Reply((b"x" * 1000,) * 3, chunked=True)) as vendor:
        provider = provider_at(vendor.url, client)
        _, body = await provider.send("GET", "/x", limit=3000)
        with pytest.raises(BadOutput, match="longer than 2999 bytes"):
            await provider.send("GET", "/x", limit=2999)
    assert body == b"x" * 3000


async def test_endless_body(client: httpx.AsyncClient) -> None:
    """An answer that never ends is left as soon as the limit is passed."""
    async with Vendor(Reply((b"x" * 1000,) * 1000, chunked=True, pause=0.01)) as vendor:
        with pytest.raises(BadOutput):
            await provider_at(vendor.url, client).send("GET", "/x", limit=5000)
        await asyncio.wait_for(vendor.asked[0].over.wait(), 5)
    assert vendor.asked[0].abandoned


async def test_long_error_body(client: httpx.AsyncClient) -> None:
    """Of a long error text the beginning is read; its status still decides."""
    async with Vendor(Reply((b"x" * ERROR_BODY,) * 4, 500)) as vendor:
        provider = provider_at(vendor.url, client)
        with pytest.raises(Unavailable) as caught:
            await provider.send("GET", "/x")
    assert caught.value.upstream_status == 500
    assert provider.refused == b"x" * ERROR_BODY


async def test_broken_error_body(client: httpx.AsyncClient) -> None:
    """A refusal whose text breaks off is still that refusal."""
    async with Vendor(Reply(b"x" * 100, 429, headers={"retry-after": "9"}, cut=10)) as vendor:
        provider = provider_at(vendor.url, client)
        with pytest.raises(Busy) as caught:
            await provider.send("GET", "/x")
    assert caught.value.retry_after == 9.0
    assert provider.refused == b"x" * 10


async def test_compressed_answer(client: httpx.AsyncClient) -> None:
    """Answers are asked for uncompressed, and one that is compressed all the same is of no use."""
    async with Vendor(Reply(b"\x1f\x8b", headers={"content-encoding": "gzip"})) as vendor:
        with pytest.raises(BadOutput, match="compressed"):
            await provider_at(vendor.url, client).send("GET", "/x")
    assert vendor.asked[0].headers["accept-encoding"] == "identity"


async def test_unknown_framing(client: httpx.AsyncClient) -> None:
    """A body framed in a way that nobody here reads is no result."""
    async with Vendor(Raw(b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\nok")) as vendor:
        with pytest.raises((BadOutput, Unavailable)):
            await provider_at(vendor.url, client).send("GET", "/x")


# Connections --------------------------------------------------------------------------------------


async def test_connection_is_used_again(client: httpx.AsyncClient) -> None:
    """Answers and refusals read to their end leave the connection to the next request."""
    async with Vendor(Reply(b"one"), Reply(b"two", 500), Reply(b"three")) as vendor:
        provider = provider_at(vendor.url, client)
        await provider.send("GET", "/x")
        with pytest.raises(Unavailable):
            await provider.send("GET", "/x")
        await provider.send("GET", "/x")
        assert vendor.accepted == 1


async def test_closing_an_unread_body(client: httpx.AsyncClient) -> None:
    """Closing a body that is still coming cuts the connection; closing it again does nothing."""
    async with Vendor(Reply((b"x", b"y"), chunked=True, pause=60)) as vendor:
        answer = await provider_at(vendor.url, client).stream("GET", "/x")
        chunks = aiter(answer.body)
        assert await anext(chunks) == b"x"
        await answer.body.aclose()
        await answer.body.aclose()
        await asyncio.wait_for(vendor.asked[0].over.wait(), 5)
    assert vendor.asked[0].abandoned


async def test_cancelled(client: httpx.AsyncClient) -> None:
    """A request that is cancelled while it waits for its answer reaches the vendor as a hang-up."""

    class Told:
        """Says that it was asked, and never answers."""

        def __init__(self) -> None:
            self.asked = asyncio.Event()

        async def play(self, wire: Wire) -> None:
            self.asked.set()
            await wire.wait(None)

    stalled = Told()
    async with Vendor(stalled) as vendor:
        waiting = asyncio.ensure_future(provider_at(vendor.url, client).send("GET", "/x"))
        await stalled.asked.wait()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await asyncio.wait_for(vendor.asked[0].over.wait(), 5)
    assert vendor.asked[0].abandoned


# Requests -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("tail", ["", "/"])
@pytest.mark.parametrize("path", ["v1/x", "/v1/x"])
async def test_url(tail: str, path: str) -> None:
    """A base URL may have a path of its own; slashes are neither lost nor doubled."""
    async with httpx.AsyncClient() as client:
        assert provider_at(f"https://e.org/boson{tail}", client).url(path) == "https://e.org/boson/v1/x"


async def test_headers(client: httpx.AsyncClient) -> None:
    """Every request carries the provider's headers; those of the call come on top and win."""
    async with Vendor(Reply()) as vendor:
        provider = provider_at(vendor.url, client)
        answer, _ = await provider.send("GET", "/x", headers={"x-more": "1", "authorization": "other"})
    assert vendor.asked[0].headers["x-more"] == "1"
    assert vendor.asked[0].headers["authorization"] == "other"
    assert answer.content_type == "application/octet-stream"


async def test_headers_of_a_call_are_its_own(client: httpx.AsyncClient) -> None:
    """What a call carries beside what every request does does not stay there, though it takes its place in that call."""
    async with Vendor(Reply(), Reply()) as vendor:
        provider = provider_at(vendor.url, client)
        await provider.send("GET", "/x", headers={"x-more": "1", "authorization": "other"})
        await provider.send("GET", "/x")
    assert "x-more" not in vendor.asked[1].headers
    assert vendor.asked[1].headers["authorization"] == f"Bearer {KEY}"


async def test_content_type(client: httpx.AsyncClient) -> None:
    """The media type comes in lower case without its parameters, and empty where there is none."""
    async with Vendor(Reply(content_type="Audio/L16; rate=24000"), Reply(content_type=None)) as vendor:
        provider = provider_at(vendor.url, client)
        assert (await provider.send("GET", "/x"))[0].content_type == "audio/l16"
        assert (await provider.send("GET", "/x"))[0].content_type == ""


SETTINGS: dict[str, tuple[dict[str, Any], str | None]] = {
    "both": ({"base_url": "https://e.org/v", "api_key": "k-1_~!"}, None),
    "no key": ({"base_url": "http://gpu-a:8000"}, None),
    "key with a newline": ({"base_url": "https://e.org", "api_key": "k\n"}, "$.api_key"),
    "key in other letters": ({"base_url": "https://e.org", "api_key": "schlüssel"}, "$.api_key"),
    "empty key": ({"base_url": "https://e.org", "api_key": ""}, "$.api_key"),
    "URL without scheme": ({"base_url": "e.org"}, "$.base_url"),
    "URL of another scheme": ({"base_url": "ftp://e.org"}, "$.base_url"),
    "URL with a blank": ({"base_url": "https://e.org/ x"}, "$.base_url"),
    "no URL": ({}, "base_url"),
    "a typo": ({"base_url": "https://e.org", "apikey": "x"}, "apikey"),
}


@pytest.mark.parametrize(("said", "at_fault"), SETTINGS.values(), ids=SETTINGS)
def test_settings(said: dict[str, Any], at_fault: str | None) -> None:
    """What could never be sent is refused when settings are read, naming the field and not its value."""
    if at_fault is None:
        assert msgspec.to_builtins(msgspec.convert(said, HttpSettings)).items() >= said.items()
        return
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.convert(said, HttpSettings)
    assert at_fault in str(caught.value)
    assert "schlüssel" not in str(caught.value)
