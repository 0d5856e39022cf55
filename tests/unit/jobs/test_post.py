import ipaddress
import time
from collections.abc import Sequence

import pytest

from router.contract import Invalid
from router.jobs.post import NoAnswer, check_url
from router.jobs.poster import Poster
from router.media.addresses import Network, Refused
from router.testing.acts import HangUp, Raw, Reply, Stall
from router.testing.vendor import ClosedPort, Vendor

LOOPBACK: Sequence[Network] = (ipaddress.ip_network("127.0.0.0/8"),)
NAMES = {
    "loop.test": ["127.0.0.1"],
    "private.test": ["10.0.0.1"],
    "mixed.test": ["8.8.8.8", "169.254.169.254"],
}


async def names(host: str, port: int) -> Sequence[str]:
    if host not in NAMES:
        raise OSError(f"unknown name {host}")
    return NAMES[host]


def poster(*, patience: float = 5.0) -> Poster:
    return Poster(names, allowed=LOOPBACK, patience=patience)


async def test_what_is_sent() -> None:
    """The bytes as they are, our headers, JSON by name, and no more about us than who we are."""
    async with Vendor(Reply(status=204, headers={"X-Note": "fine"})) as vendor:
        answer = await poster()(f"{vendor.url}/hook?a=b", {"webhook-id": "msg_1"}, b'{"a": 1}')

    (asked,) = vendor.asked
    assert (answer.status, answer.headers["x-note"]) == (204, "fine")
    assert (asked.method, asked.path, asked.body) == ("POST", "/hook?a=b", b'{"a": 1}')
    assert set(asked.headers) - {"connection"} == {
        "host", "accept", "accept-encoding", "content-type", "content-length", "user-agent", "webhook-id",
    }  # fmt: skip
    assert asked.headers["content-type"] == "application/json"
    assert asked.headers["user-agent"] == "media-router"


async def test_a_redirect_is_an_answer() -> None:
    """It is not followed, wherever it leads."""
    async with Vendor(Reply(status=307, headers={"Location": "/other"})) as vendor:
        assert (await poster()(vendor.url, {}, b"{}")).status == 307
        assert len(vendor.asked) == 1


@pytest.mark.parametrize(
    "body", [b"x" * 10_000_000, (b"x" * 100, *[b"y"] * 1000), b"\x1f\x8bzip"], ids=["huge", "trickling", "packed"]
)
async def test_the_body_of_an_answer_is_not_waited_for(body: bytes | tuple[bytes, ...]) -> None:
    """However large or slow it is, the status counts and comes within a moment."""
    began = time.monotonic()
    async with Vendor(Reply(body, pause=0.01, headers={"Content-Encoding": "gzip"})) as vendor:
        assert (await poster()(vendor.url, {}, b"{}")).status == 200
    assert time.monotonic() - began < 3.0


async def test_a_body_that_never_comes() -> None:
    """A receiver that answers 200 and then nothing has taken the webhook."""
    async with Vendor(Reply((b"", b"late"), pause=60.0)) as vendor:
        assert (await poster()(vendor.url, {}, b"{}")).status == 200


async def test_a_slow_receiver() -> None:
    """Patience ends, and the connection with it."""
    async with Vendor(Stall(Reply())) as vendor:
        with pytest.raises(NoAnswer, match=r"within 0\.2 seconds"):
            await poster(patience=0.2)(vendor.url, {}, b"{}")
        await vendor.asked[0].over.wait()
    assert vendor.asked[0].abandoned


@pytest.mark.parametrize("act", [HangUp(), HangUp(reset=False), Raw(b"hello\r\n\r\n"), Raw(b"HTTP/1.1 2xx\r\n\r\n")])
async def test_no_answer(act: HangUp | Raw) -> None:
    """A connection that ends, or that speaks no HTTP, is no answer; the request is made once, the URL not repeated."""
    async with Vendor(act) as vendor:
        with pytest.raises(NoAnswer) as caught:
            await poster()(f"{vendor.url}/?key=secret", {}, b"{}")
    assert len(vendor.asked) == 1
    assert "secret" not in str(caught.value)


async def test_nobody_there() -> None:
    """A refused connection or an unknown name may be better next time."""
    with ClosedPort() as port, pytest.raises(NoAnswer):
        await poster()(port.url, {}, b"{}")
    with pytest.raises(NoAnswer):
        await poster()("http://unknown.test/", {}, b"{}")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::ffff:7f00:1]"])
async def test_loopback_in_every_spelling(host: str) -> None:
    """Without an allowance the system's own names and odd spellings lead nowhere; nothing is connected to."""
    async with Vendor(Reply()) as vendor:
        port = vendor.url.rpartition(":")[2]
        with pytest.raises(Refused):
            await Poster()(f"http://{host}:{port}/", {}, b"{}")
    assert vendor.accepted == 0


@pytest.mark.parametrize(
    "host", ["loop.test", "private.test", "mixed.test", "169.254.169.254", "10.0.0.1", "[fe80::1]"]
)
async def test_private_addresses(host: str) -> None:
    """By name or by number, and a name with one forbidden address among others."""
    with pytest.raises(Refused, match="not public"):
        await Poster(names)(f"http://{host}:9/", {}, b"{}")


async def test_the_address_that_was_checked_is_connected_to() -> None:
    """A name is resolved once, so that it cannot turn into another address afterwards."""
    asked: list[str] = []

    async def rebinding(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["127.9.9.9"]

    async with Vendor(Reply()) as vendor:
        port = vendor.url.rpartition(":")[2]
        await Poster(rebinding, allowed=LOOPBACK)(f"http://loop.test:{port}/", {}, b"{}")
    assert asked == ["loop.test"]


@pytest.mark.parametrize(
    "url",
    [
        "", "hook", "ftp://a.test/", "file:///etc/passwd", "http://", "http://[::1", "http://u:p@a.test/",
        "http://127.0.0.1/", "http://169.254.169.254/latest", "https://[::1]/", "http://a.test:99999/",
    ],
)  # fmt: skip
async def test_refused_early_and_late(url: str) -> None:
    """What can be seen in the URL itself is refused at creation with its field, and at delivery all the same."""
    with pytest.raises(Invalid) as caught:
        check_url(url, "webhook_url")
    assert (caught.value.param, caught.value.code) == ("webhook_url", "invalid_url")
    with pytest.raises(Refused):
        await Poster(names)(url, {}, b"{}")


def test_urls_that_may_be_named() -> None:
    """Names are judged at delivery; an allowed network is let through."""
    check_url("https://a.test/hook?key=1", "webhook_url")
    check_url("http://127.0.0.1:8080/", "webhook_url", LOOPBACK)
