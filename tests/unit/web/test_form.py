import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from router.contract import Invalid
from router.media.wav import written_header
from router.web.form import HEADER, PARTS, Form, Part
from router.web.room import Lease, Room
from router.web.sent import BATCH, HELD, MANY, Sent

TEXT = b'--b\r\nContent-Disposition: form-data; name="model"\r\n\r\nm\r\n'
FILE = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
END = b"\r\n--b--\r\n"


async def pieces(body: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]
    yield b""


async def parsed(body: bytes, size: int = 64 * 1024, lease: Lease | None = None) -> list[Part]:
    form = Form(lease)
    await form.read(pieces(body, size), "b")
    return form.parts


def spooled() -> set[Path]:
    return set(Path(tempfile.gettempdir()).glob("media-router-*"))


@pytest.mark.parametrize("size", [1, 7, 100_000])
async def test_pieces(size: int) -> None:
    """However a form is divided on its way, its parts come out whole and in order."""
    (name, text), (file_name, file) = await parsed(TEXT + FILE + b"\r\n--no\r" * 9 + END, size)
    assert (name, text, file_name) == ("model", "m", "file")
    assert isinstance(file, Sent)
    assert (file.whole, file.size, file.path) == (b"\r\n--no\r" * 9, 63, None)


@pytest.mark.parametrize(("size", "on_disk"), [(HELD - 1, False), (HELD, True), (HELD + 3 * BATCH + 1, True)])
async def test_spooled(size: int, on_disk: bool) -> None:
    """A file that is too long to be held is on disk, whole, until it is discarded."""
    content = bytes(range(256)) * (size // 256) + bytes(size % 256)
    ((_, file),) = await parsed(FILE + content + END)
    assert isinstance(file, Sent)
    assert (file.path is not None) == on_disk
    assert (file.path.read_bytes() if file.path else file.whole) == content
    file.discard()
    assert file.path is None or not file.path.exists()


async def test_handed_over() -> None:
    """What was handed over stays when it is discarded, and when nobody knows of it any more."""
    ((_, file),) = await parsed(FILE + bytes(HELD) + END)
    assert isinstance(file, Sent)
    path = file.hand_over()
    file.discard()
    del file
    assert path is not None
    assert path.stat().st_size == HELD
    path.unlink()


async def test_forgotten() -> None:
    """What nobody discarded goes with the last who knows of it."""
    ((_, file),) = await parsed(FILE + bytes(HELD) + END)
    assert isinstance(file, Sent)
    path = file.path
    del file
    assert path is not None
    async with asyncio.timeout(10):
        while path.exists():  # noqa: ASYNC110 - the thread that wrote it may hold it for a moment
            await asyncio.sleep(0.01)


async def test_plain_sound_in_memory() -> None:
    """Plain sound for which there is a lease stays in memory, whole, and holds the lease until it is discarded."""
    room, content = Room(), written_header(24_000) + bytes(range(256)) * (3 * BATCH // 256)
    before = spooled()
    async with room.place(len(content)) as lease:
        ((_, file),) = await parsed(FILE + content + END, lease=lease)
    assert isinstance(file, Sent)
    assert (file.path, file.size, file.whole) == (None, len(content), content)
    assert (len(file.pieces) > 1, spooled() <= before) == (True, True)
    assert room.free == room.size - len(content)
    file.discard()
    assert room.free == room.size


@pytest.mark.parametrize("size", [MANY - 1, 3 * MANY])
async def test_many_pieces(size: int) -> None:
    """However small the pieces that come, few are held."""
    file = Sent()
    content = bytes(range(256)) * (size // 256) + bytes(size % 256)
    for at in range(size):
        await file.write(content[at : at + 1])
    assert (file.whole, len(file.pieces) <= MANY) == (content, True)


@pytest.mark.parametrize(
    ("body", "on_disk"),
    [
        (FILE + bytes(HELD) + END, True),
        (FILE + b"RIFF" + bytes(4) + b"WAVE" + bytes(HELD) + END, True),
        (TEXT + b"--b--\r\n", False),
    ],
    ids=["not sound", "no plain sound", "no file"],
)
async def test_lease_that_is_not_used(body: bytes, on_disk: bool) -> None:
    """What a worker has to look at goes to disk, lease or none; who does not use a lease does not keep it."""
    room = Room()
    async with room.place(HELD) as lease:
        ((_, content),) = await parsed(body, lease=lease)
    assert room.free == room.size
    assert (isinstance(content, Sent) and content.path is not None) == on_disk


@pytest.mark.parametrize(
    ("body", "code", "told"),
    [
        (FILE + bytes(2 * HELD), "malformed_request", "multipart"),
        (
            FILE + bytes(2 * HELD) + b"\r\n" + TEXT.replace(b"\r\nm", b"\r\n\xff") + b"--b--\r\n",
            "malformed_form",
            "set",
        ),
        (FILE + bytes(2 * HELD) + b"\r\n" + TEXT * PARTS + b"--b--\r\n", "malformed_request", "1000 parts"),
        (FILE + bytes(2 * HELD) + b"\r\n--b\r\nX: " + bytes(HEADER) + b"\r\n", "malformed_request", "4096 bytes"),
    ],
    ids=["cut short", "not in its character set", "too many parts", "too long a header"],
)
async def test_refused(body: bytes, code: str, told: str) -> None:
    """A form that breaks a rule is refused in words that name it, and leaves no file, and no lease."""
    before, room = spooled(), Room()
    with pytest.raises(Invalid, match=told) as caught:
        async with room.place(len(body)) as lease:
            await parsed(body, lease=lease)
    assert caught.value.code == code
    assert spooled() <= before
    assert room.free == room.size


async def test_cancelled() -> None:
    """Nothing is left of a form whose reader is cancelled, even while a thread writes."""
    before = spooled()
    started, form = asyncio.Event(), Form()

    async def endless() -> AsyncIterator[bytes]:
        yield FILE
        while True:
            yield bytes(BATCH)
            if spooled() > before:
                started.set()

    reading = asyncio.create_task(form.read(endless(), "b"))
    await started.wait()
    reading.cancel()
    await asyncio.wait({reading})
    assert reading.cancelled()
    assert spooled() <= before
