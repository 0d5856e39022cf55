import asyncio
import ssl

import pytest

from router.contract import Unavailable, unsent
from router.engine.wire.direct import Direct
from router.testing.acts import HangUp, Raw, Reply
from router.testing.vendor import Vendor
from tests.unit.engine.wire.asking import FINE, ask, whole
from tests.unit.engine.wire.conftest import Opened


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@pytest.mark.parametrize("reset", [True, False])
async def test_repeated_once(method: str, reset: bool, opened: Opened) -> None:
    """A request that changes nothing by being repeated is, when a kept connection breaks under it, on a new one."""
    async with Vendor(Reply(b"ok"), HangUp(reset=reset), Reply(b"again")) as vendor:
        wire = opened()
        await whole(await ask(wire, vendor.url))
        assert await whole(await ask(wire, vendor.url, method)) == b"again"
        assert (len(vendor.asked), vendor.accepted) == (3, 2)


async def test_repeated_only_once(opened: Opened) -> None:
    """What breaks again is a fault."""
    async with Vendor(Reply(b"ok"), HangUp()) as vendor:
        wire = opened()
        await whole(await ask(wire, vendor.url))
        with pytest.raises(Unavailable) as caught:
            await ask(wire, vendor.url, "GET")
        assert len(vendor.asked) == 3
    assert not unsent(caught.value)


async def test_not_repeated_on_a_new_connection(opened: Opened) -> None:
    """A connection that breaks at its first request did not die of age."""
    async with Vendor(HangUp()) as vendor:
        with pytest.raises(Unavailable):
            await ask(opened(), vendor.url, "GET")
        assert len(vendor.asked) == 1


async def test_not_repeated_once_an_answer_began(opened: Opened) -> None:
    """One byte of an answer, and the request was taken."""
    async with Vendor(Reply(b"ok"), Raw(b"H"), Reply(b"again")) as vendor:
        wire = opened()
        await whole(await ask(wire, vendor.url))
        with pytest.raises(Unavailable):
            await ask(wire, vendor.url, "GET")
        assert len(vendor.asked) == 2


async def test_many_at_once(opened: Opened) -> None:
    """Answers find those who asked, however many ask."""
    async with Vendor(*(Reply(b"%d" % number * 5000) for number in range(100))) as vendor:
        wire = opened(connections=16)
        bodies = await asyncio.gather(*(one(wire, vendor.url) for _ in range(100)))
        assert sorted(bodies) == sorted(b"%d" % number * 5000 for number in range(100))
        assert vendor.accepted <= 16


async def one(wire: Direct, url: str) -> bytes:
    return await whole(await ask(wire, url))


@pytest.mark.parametrize(
    "headers", [{"a b": "c"}, {"": "c"}, {"a": "b\r\nc: d"}, {"a": "b\0"}, {"a": "b\n"}, {"a\r\nb": "c"}]
)
async def test_no_header(headers: dict[str, str], opened: Opened) -> None:
    """What would not be one header, and the one that was meant, is not sent."""
    async with Vendor(Raw(FINE)) as vendor:
        with pytest.raises(ValueError, match="header"):
            await opened().ask("POST", vendor.url, headers, b"")
        assert vendor.accepted == 0


async def test_a_credential_in_the_url(opened: Opened) -> None:
    """A name and password in a URL are sent as a credential, and are not part of the path or the host."""
    async with Vendor(Reply()) as vendor:
        await whole(await ask(opened(), vendor.url.replace("//", "//me:p%40ss@") + "/x"))
    (asked,) = vendor.asked
    assert asked.headers["authorization"] == "Basic bWU6cEBzcw=="
    assert asked.headers["host"] == vendor.url.removeprefix("http://")
    assert asked.path == "/x"


async def test_no_length_without_a_body(opened: Opened) -> None:
    """A GET announces no body; a POST without one says so."""
    async with Vendor(Reply()) as vendor:
        wire = opened()
        for method in ("GET", "POST"):
            await whole(await ask(wire, vendor.url, method, b""))
    assert ["content-length" in asked.headers for asked in vendor.asked] == [False, True]


def unwanted() -> ssl.SSLContext:
    raise AssertionError("nobody speaks TLS here")


async def test_authorities_are_not_read_without_need() -> None:
    """A router whose vendors are all in its own network starts without reading a world's certificates."""
    async with Vendor(Reply(b"ok")) as vendor:
        wire = Direct(2.0, 5.0, 8, unwanted)
        assert await whole(await ask(wire, vendor.url)) == b"ok"
        await wire.close()
