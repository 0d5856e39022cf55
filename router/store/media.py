"""Media as it is kept: named bytes, written whole or not at all."""

from collections.abc import AsyncGenerator, AsyncIterable, Callable
from hashlib import sha256
from re import compile as regex
from types import TracebackType
from typing import Final, Protocol, Self

import msgspec

from router.contract import ByteStream, MediaError
from router.store.errors import MediaUnavailable

PIECE: Final = 256 * 1024
"""Bytes that stores write and read at a time."""
NAME: Final = regex(r"(?:[A-Za-z0-9_-]{1,64}/)?[A-Za-z0-9_-]{1,128}")
"""What media may be called: by us, in a folder or not. No dot, so that nothing leads out of a store."""


class Stored(msgspec.Struct, frozen=True):
    """Kept media: its name in the store, bytes, media type, and a strong entity tag, quotes included."""

    name: str
    size: int
    media_type: str
    etag: str


class MediaStore(Protocol):
    """Where media is kept. Faults are `MediaError`s whose text names no path, bucket or host.

    Codes: `storage_full` (507), `storage_failed` (503; worth trying again later). Entering it makes it ready.
    Names are as `NAME` says; any other is a `ValueError`.
    """

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    async def put(
        self, name: str, chunks: AsyncIterable[bytes], media_type: str, sent: Callable[[int], None] = lambda _: None
    ) -> Stored:
        """Write to the end of `chunks`; only then is it there. `sent` counts bytes as they come.

        Raises what `chunks` raises, with nothing kept.
        """

    async def read(self, name: str, start: int = 0, length: int | None = None) -> ByteStream:
        """Return bytes from `start` on. Raises `NotFound`; a stream that cannot be read so far raises `Truncated`.

        Without a `length` the stream goes to the end, wherever that is.
        """

    async def remove(self, *names: str) -> None:
        """Forget media, of which any may be gone already."""

    async def link(self, name: str, seconds: float) -> str | None:
        """Return a URL that serves it, by its type, without us for so long; None where there is no such thing."""


class Tally:
    """Bytes that went by: how many, and their digest."""

    def __init__(self) -> None:
        self.size = 0
        self.digest = sha256()

    def add(self, piece: bytes) -> None:
        """Count bytes."""
        self.size += len(piece)
        self.digest.update(piece)

    def stored(self, name: str, media_type: str) -> Stored:
        """Return what has been kept of them."""
        return Stored(name, self.size, media_type, f'"{self.digest.hexdigest()[:32]}"')


def checked(name: str) -> str:
    """Return a name that media may have. Raises `ValueError` for any other."""
    if NAME.fullmatch(name) is None:
        raise ValueError(f"{name!r} is no name for media")
    return name


async def pieces(chunks: AsyncIterable[bytes]) -> AsyncGenerator[bytes, None]:
    """Yield the same bytes, small chunks gathered to about `PIECE`: each piece costs a thread or a request its way."""
    gathered, size = list[bytes](), 0
    async for chunk in chunks:
        gathered.append(chunk)
        size += len(chunk)
        if size >= PIECE:
            yield b"".join(gathered)
            gathered, size = [], 0
    if size:
        yield b"".join(gathered)


def full() -> MediaError:
    """Return what a store says that has no room left."""
    return MediaUnavailable("there is no room left to keep media", code="storage_full", status=507)


def failed() -> MediaError:
    """Return what a store says that cannot be reached, or is broken."""
    return MediaUnavailable("media cannot be kept or read at the moment")
