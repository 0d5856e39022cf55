import asyncio
import io
from collections.abc import AsyncIterator

import httpx
import pytest

from router.contract import Answer
from router.engine.transport import client
from router.testing.acts import Act, HangUp, Raw, Reply, Stall
from router.testing.stuck import SlowReader, connections_to
from router.testing.vendor import ClosedPort, Vendor


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with client(connect=1.0) as opened:
        yield opened


async def test_refused(http: httpx.AsyncClient) -> None:
    """A refused connection is a connect error, which the library under it calls a timeout."""
    with ClosedPort() as nobody, pytest.raises(httpx.ConnectError):
        await http.get(nobody.url)


@pytest.mark.parametrize("act", [HangUp(), HangUp(reset=False), Raw(b"not http at all\r\n\r\n")])
async def test_no_answer(http: httpx.AsyncClient, act: Act) -> None:
    """A connection that breaks, or speaks something else, before any headers is a protocol error."""
    async with Vendor(act) as vendor:
        with pytest.raises(httpx.RemoteProtocolError):
            await http.get(vendor.url)


async def test_a_body_cut_short(http: httpx.AsyncClient) -> None:
    """A body shorter than announced is an error, never an end."""
    async with Vendor(Reply(b"0123456789", cut=4)) as vendor:
        with pytest.raises(httpx.ReadError):
            await http.get(vendor.url)


async def test_silence(http: httpx.AsyncClient) -> None:
    """An answer that never begins is a read timeout."""
    async with Vendor(Stall(Reply())) as vendor:
        with pytest.raises(httpx.ReadTimeout):
            await http.get(vendor.url, timeout=0.1)


async def test_left_early(http: httpx.AsyncClient) -> None:
    """A stream closed before its end closes the connection, so that the provider stops working."""
    async with Vendor(Reply((b"x" * 1000,) * 100, pause=0.02)) as vendor:
        async with http.stream("GET", vendor.url) as answer:
            await anext(answer.aiter_raw())
        await asyncio.wait_for(vendor.asked[0].over.wait(), 2)
        assert vendor.asked[0].abandoned


async def test_an_upload_called_off(http: httpx.AsyncClient) -> None:
    """A server that hardly reads learns at once that an upload is off, though megabytes of it wait to be delivered."""
    async with SlowReader() as server:
        upload = asyncio.create_task(http.post(server.url, files={"file": io.BytesIO(bytes(20_000_000))}))
        await server.reading.wait()
        upload.cancel()
        await asyncio.wait_for(server.left.wait(), 1)
        assert connections_to(server.url) == 0


async def test_streams_do_not_wait_for_one_another() -> None:
    """600 at once from one account have all begun, and none was ended for it."""
    many = 600
    async with Vendor(Reply((b"x", b"y"), pause=60)) as vendor, client(connect=1.0) as http:
        begun: list[Answer] = []
        for _ in range(0, many, 50):  # fewer than a server's backlog
            begun += await asyncio.gather(*(http.ask("GET", vendor.url, {}, b"") for _ in range(50)))
        assert [await anext(aiter(one.body)) for one in begun] == [b"x"] * many
        assert not any(one.abandoned for one in vendor.asked)
        await asyncio.gather(*(one.body.aclose() for one in begun))
