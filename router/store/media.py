"""Media as it is kept: named bytes, written whole or not at all."""

from collections.abc import AsyncIterable, Callable
from typing import Protocol

import msgspec

from router.contract import ByteStream


class Stored(msgspec.Struct, frozen=True):
    """Kept media: its name in the store, bytes, media type, and a strong entity tag, quotes included."""

    name: str
    size: int
    media_type: str
    etag: str


class MediaStore(Protocol):
    """Where media is kept. Faults are `MediaError`s whose text names no path, bucket or host.

    Codes: `storage_full` (507), `storage_failed` (503; worth trying again later). Entering it makes it ready.
    """

    async def put(
        self, name: str, chunks: AsyncIterable[bytes], media_type: str, sent: Callable[[int], None] = lambda _: None
    ) -> Stored:
        """Write to the end of `chunks`; only then is it there. `sent` counts bytes as they come.

        Raises what `chunks` raises, with nothing kept.
        """

    async def read(self, name: str, start: int = 0, length: int | None = None) -> ByteStream:
        """Return bytes from `start` on. Raises `NotFound`; a stream that cannot be read so far raises `Truncated`."""

    async def remove(self, *names: str) -> None:
        """Forget media, of which any may be gone already."""

    async def link(self, name: str, seconds: float, media_type: str) -> str | None:
        """Return a URL that serves it without us for so long, or None where there is no such thing."""
