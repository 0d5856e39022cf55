import asyncio
import io
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from router.contract import ProviderFailed, Unavailable
from router.contract.form import Form
from router.engine.wire.address import Origin
from router.engine.wire.connection import Connection
from router.engine.wire.request import written
from router.testing.acts import Reply
from router.testing.vendor import Vendor
from tests.unit.engine.wire.asking import FINE, Source, ask, cause, whole
from tests.unit.engine.wire.conftest import Opened

PIECE = bytes(65_536)
SOUND = bytes(range(256)) * 60_000


@pytest.mark.parametrize("announced", [True, False])
async def test_piece_by_piece(announced: bool, opened: Opened) -> None:
    """A body is sent as it is read: with its length if that is known, else in chunks, and the connection is kept."""
    headers = {"content-length": "10"} if announced else {}
    async with Vendor(Reply(b"ok")) as vendor:
        wire = opened()
        for _ in range(2):
            source = Source(b"hello", b"", b"world", pause=0.01)
            assert await whole(await wire.ask("PUT", vendor.url, headers, source.read())) == b"ok"
            assert source.closed
        assert vendor.accepted == 1
    assert [asked.body for asked in vendor.asked] == [b"helloworld"] * 2
    assert ("transfer-encoding" in vendor.asked[0].headers) is not announced


async def test_a_long_body(opened: Opened) -> None:
    """A body of many megabytes arrives whole."""
    body = bytes(range(256)) * 40_000
    async with Vendor(Reply(b"ok")) as vendor:
        assert await whole(await ask(opened(), vendor.url, content=body)) == b"ok"
    assert vendor.asked[0].body == body


@pytest.mark.parametrize("length", ["9", "11"])
async def test_not_as_long_as_announced(length: str, opened: Opened) -> None:
    """A body that turns out shorter or longer than was announced ends the request, and the connection with it."""
    async with Vendor(Reply(b"ok")) as vendor:
        with pytest.raises(ProviderFailed) as caught:
            await opened().ask("PUT", vendor.url, {"content-length": length}, Source(b"hello", b"world").read())
        await asyncio.sleep(0.02)
        assert (vendor.open, vendor.asked) == (0, [])
    assert cause(caught) == "LocalProtocolError"


async def test_a_source_that_breaks_off(opened: Opened) -> None:
    """What goes wrong in reading a body is no fault of the vendor's: it comes out as it is, and the vendor sees no end."""
    source = Source(PIECE, fault=OSError("the disk is gone"))
    async with Vendor(Reply(b"ok")) as vendor:
        with pytest.raises(OSError, match="the disk is gone"):
            await ask(opened(), vendor.url, content=source.read())
        await asyncio.sleep(0.02)
        assert (vendor.open, vendor.asked) == (0, [])
    assert source.closed


async def test_answered_early(opened: Opened) -> None:
    """An answer may come before the upload's end; the rest is not sent, and the connection not used again."""
    early = FINE.replace(b"200 OK", b"413 Too Large")
    source = Source(*(PIECE for _ in range(1000)), pause=0.001)

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(early)
        await reader.read()
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        answer = await ask(opened(), url, content=source.read())
        assert (answer.status, await whole(answer)) == (413, b"ok")
        await asyncio.sleep(0.01)
        assert source.closed


async def test_an_answer_beside_the_upload(opened: Opened) -> None:
    """An answer can be read while its request is still being sent."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n")
        for _ in range(4):
            writer.write(await reader.readexactly(1))
        writer.close()

    async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        source = Source(b"a", b"b", b"c", b"d", pause=0.02)
        answer = await opened().ask("POST", url, {"content-length": "4"}, source.read())
        assert [chunk async for chunk in answer.body] == [b"a", b"b", b"c", b"d"]


async def test_called_off(opened: Opened) -> None:
    """When a request returns, cancelled, nobody reads its body any more."""
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        source = Source(*(PIECE for _ in range(1000)))
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        upload = asyncio.ensure_future(ask(opened(), url, content=source.read()))
        await asyncio.sleep(0.1)
        assert not upload.done()
        upload.cancel()
        await asyncio.wait({upload})
        assert source.closed


async def test_the_connection_breaks_under_it(opened: Opened) -> None:
    """A vendor that hangs up in the middle of an upload ends it."""
    source = Source(*(PIECE for _ in range(1000)), pause=0.001)

    async def leave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(100_000)
        writer.transport.abort()

    async with await asyncio.start_server(leave, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        with pytest.raises(Unavailable):
            await ask(opened(), url, content=source.read())
        await asyncio.sleep(0.01)
    assert source.closed


def recorded(file: bytes | IO[bytes]) -> tuple[Form, dict[str, str]]:
    form = Form({"model": "m"}, {"file": ("a.wav", file, "audio/wav")})
    return form, {"content-type": form.content_type, "content-length": str(form.length)}


@pytest.fixture
def recording(tmp_path: Path) -> Iterator[IO[bytes]]:
    """Return a file too long for what a connection holds."""
    with (tmp_path / "recording").open("w+b") as file:
        file.write(SOUND)
        file.flush()
        yield file


async def test_a_form_with_a_file(opened: Opened, recording: IO[bytes]) -> None:
    """A file arrives whole between the fields around it, whether the system sends it or not, and its connection is kept."""
    wire = opened()
    async with Vendor(Reply(b"ok")) as vendor:
        for one in (recording, io.BytesIO(SOUND), SOUND):
            form, headers = recorded(one)
            assert await whole(await wire.ask("POST", vendor.url, headers, form)) == b"ok"
        assert vendor.accepted == 1
    for asked in vendor.asked:
        assert (asked.form["model"].content, asked.form["file"].content) == (b"m", SOUND)


async def test_called_off_within_a_file(opened: Opened, recording: IO[bytes]) -> None:
    """A vendor that stops reading is not sent all of a file; called off, the upload cuts the connection at once."""
    cut = asyncio.Event()
    form, headers = recorded(recording)

    async def starve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(100_000)
        await asyncio.sleep(0.2)
        with pytest.raises(ConnectionError):
            await reader.read()
        cut.set()
        writer.close()

    async with await asyncio.start_server(starve, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        upload = asyncio.ensure_future(opened().ask("POST", url, headers, form))
        await asyncio.sleep(0.1)
        assert not upload.done()
        upload.cancel()
        await asyncio.wait({upload})
        await asyncio.wait_for(cut.wait(), 1.0)


async def test_a_file_that_has_become_shorter(opened: Opened, recording: IO[bytes]) -> None:
    """A file that lost its end after it was measured ends the request; the vendor does not see a whole one."""
    form, headers = recorded(recording)
    recording.truncate(5_000_000)
    async with Vendor(Reply(b"ok")) as vendor:
        with pytest.raises(ProviderFailed) as caught:
            await opened().ask("POST", vendor.url, headers, form)
        await asyncio.sleep(0.02)
        assert (vendor.open, vendor.asked) == (0, [])
    assert cause(caught) == "LocalProtocolError"


async def test_hung_up_within_a_file(opened: Opened, recording: IO[bytes]) -> None:
    """A vendor that hangs up while the system sends is noticed as ever."""
    form, headers = recorded(recording)

    async def leave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(2_000_000)
        writer.transport.abort()

    async with await asyncio.start_server(leave, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        with pytest.raises(Unavailable):
            await opened().ask("POST", url, headers, form)


async def test_answered_as_the_upload_ends() -> None:
    """An answer that the loop reads before it has told of the upload's end leaves the connection for the next request."""
    ours, theirs = socket.socketpair()
    space, freed = memoryview(bytearray(1024)), list[Connection]()
    connection = Connection(Origin(tls=False, host="h", port=80), 5.0, space, freed.append)
    with ours, theirs:
        await asyncio.get_running_loop().create_connection(lambda: connection, sock=ours)
        for number in (1, 2):
            form, headers = recorded(b"sound")
            reading = connection.begin(written("POST", "http://h/", headers, form))
            await asyncio.sleep(0)
            space[: len(FINE)] = FINE
            connection.buffer_updated(len(FINE))
            assert (reading.ended, connection.open, freed) == (True, True, [connection] * number)
        connection.close()
        await asyncio.sleep(0)
