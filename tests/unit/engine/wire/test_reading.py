import httpx
import pytest

from router.contract import Unavailable
from router.engine.wire.reading import Reading
from router.testing.acts import Raw
from router.testing.vendor import Vendor
from tests.unit.engine.wire.asking import CHUNKED, FINE, OK, Endless, Says, ask, cause, whole
from tests.unit.engine.wire.conftest import Opened

AMBIGUOUS = {
    "a header over two lines": OK + b"x: a\r\n b\r\ncontent-length: 2\r\n\r\nok",
    "a length over two lines": OK + b"content-length:\r\n 2\r\n\r\nok",
    "bare line feeds": OK.replace(b"\r", b"") + b"content-length: 2\n\nok",
    "a bare line feed after a header": OK + b"x: y\ncontent-length: 2\r\n\r\nok",
    "a blank before the colon": OK + b"content-length : 2\r\n\r\nok",
    "the same length twice": OK + b"content-length: 2\r\ncontent-length: 2\r\n\r\nok",
    "an empty length": OK + b"content-length:\r\n\r\nok",
    "chunks, and a length": OK + b"transfer-encoding: chunked\r\ncontent-length: 12\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "chunks twice": OK + b"transfer-encoding: chunked, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "chunks in two headers": OK + b"transfer-encoding: chunked\r\n" * 2 + b"\r\n2\r\nok\r\n0\r\n\r\n",
    "compressed in transfer": OK + b"transfer-encoding: gzip\r\n\r\nok",
    "compressed and in chunks": OK + b"transfer-encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "as it is, in transfer": OK + b"transfer-encoding: identity\r\n\r\nok",
    "chunks of HTTP/1.0": CHUNKED.replace(b"1.1", b"1.0") + b"2\r\nok\r\n0\r\n\r\n",
    "HTTP/2.0": FINE.replace(b"1.1", b"2.0"),
    "HTTP/1.2": FINE.replace(b"1.1", b"1.2"),
    "another protocol": b"HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\nok",
    "another protocol, unnamed": b"HTTP/1.1 101 Switching\r\n\r\n" + FINE,
    "a size with a blank": CHUNKED + b"2 \r\nok\r\n0\r\n\r\n",
    "a size with an underscore": CHUNKED + b"0_2\r\nok\r\n0\r\n\r\n",
    "an empty size": CHUNKED + b"\r\nok\r\n0\r\n\r\n",
    "a return in an extension": CHUNKED + b"2;a\rb\r\nok\r\n0\r\n\r\n",
    "a NUL in a trailer": CHUNKED + b"2\r\nok\r\n0\r\nx: \0\r\n\r\n",
    "a NUL in a name": OK + b"a\0b: c\r\ncontent-length: 2\r\n\r\nok",
    "an empty name": OK + b": c\r\ncontent-length: 2\r\n\r\nok",
    "an early hint cut short": b"HTTP/1.1 103 Early Hints\r\n",
}


@pytest.mark.parametrize("sent", AMBIGUOUS.values(), ids=AMBIGUOUS)
async def test_what_can_be_read_in_two_ways(sent: bytes, opened: Opened) -> None:
    """What two readers might take for different answers is none, and its connection is closed."""
    async with Vendor(Raw(sent)) as vendor:
        with pytest.raises(Unavailable) as caught:
            await whole(await ask(opened(), vendor.url))
        assert len(vendor.asked) == 1
    assert cause(caught) in {"RemoteProtocolError", "ReadError"}


@pytest.mark.parametrize(
    ("beginning", "more"),
    [
        (OK, b"x: y\r\n" * 100),
        (OK + b"x: ", b"y" * 4096),
        (b"", b"\r\n" * 2048),
        (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 50),
        (CHUNKED + b"2\r\nok\r\n0\r\n", b"x: y\r\n" * 100),
        (CHUNKED + b"2\r\nok\r\n0\r\nx: ", b"y" * 4096),
        (CHUNKED + b"2;", b"y" * 4096),
    ],
    ids=["headers", "a header", "empty lines", "early hints", "trailers", "a trailer", "an extension"],
)
async def test_what_never_ends_and_is_no_body(beginning: bytes, more: bytes, opened: Opened) -> None:
    """A vendor that sends for ever without sending media is left, though it is never silent."""
    flood = Endless(beginning, more)
    async with Vendor(flood) as vendor:
        with pytest.raises(Unavailable) as caught:
            await whole(await ask(opened(), vendor.url))
        await vendor.asked[0].over.wait()
    assert cause(caught) == "RemoteProtocolError"


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
async def test_an_answer_without_a_body(status: bytes, opened: Opened) -> None:
    """An answer that has none ends with its headers, whatever length they give, and the next one is read aright."""
    empty = b"HTTP/1.1 " + status + b"\r\ncontent-length: 100\r\n\r\n"
    async with Vendor(Says(empty), Says(FINE)) as vendor:
        wire = opened()
        assert await whole(await ask(wire, vendor.url)) == b""
        assert await whole(await ask(wire, vendor.url)) == b"ok"
        assert vendor.accepted == 1


async def test_head(opened: Opened) -> None:
    """An answer to HEAD has no body, whatever length it gives."""
    async with Vendor(Says(OK + b"content-length: 100\r\n\r\n"), Says(FINE)) as vendor:
        wire = opened()
        answer = await ask(wire, vendor.url, "HEAD", b"")
        assert answer.headers["content-length"] == "100"
        assert await whole(answer) == b""
        assert await whole(await ask(wire, vendor.url)) == b"ok"


async def test_ended_by_its_end_but_reset(opened: Opened) -> None:
    """A body that only the connection's end bounds has not ended when the connection breaks."""
    reading = Reading("GET")
    reading.feed(memoryview(OK + b"\r\nok"))
    reading.close(ConnectionResetError())
    assert isinstance(reading.fault, httpx.ReadError)
    assert not reading.ended


async def test_byte_by_byte(opened: Opened) -> None:
    """How an answer was cut on its way makes no difference to what it says."""
    sent = OK + b"x-one: a\r\nX-One: b\r\nTransfer-Encoding: Chunked\r\n\r\n2\r\nok\r\n3\r\nay!\r\n0\r\nlate: x\r\n\r\n"
    reading = Reading("GET")
    for byte in sent:
        reading.feed(memoryview(bytes([byte])))
    assert (reading.ended, reading.lasting, reading.fault) == (True, True, None)
    assert b"".join(reading.chunks) == b"okay!"
    assert reading.headers == {"x-one": "a, b", "transfer-encoding": "Chunked"}
