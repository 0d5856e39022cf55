"""A stream that says itself how long it is must not end before: some vendors end a broken one as if it were whole."""

from collections.abc import AsyncIterator
from typing import Final, Self

import msgspec

from router.contract import AudioFormat, ByteStream, Clip, Speech, Unavailable
from router.contract.streams import Into, Pour, pour_of, seen
from router.media import FilmMeter, Meter, audio_meter

TELLING: Final = frozenset({AudioFormat.WAV, AudioFormat.OPUS})
"""Audio whose headers say how much is to come."""


def entire(result: Speech | Clip) -> Speech | Clip:
    """Return a provider's stream so that an early end is a fault of the stream; the same object if it cannot be told."""
    if isinstance(result, Clip):
        return msgspec.structs.replace(result, chunks=Entire(result.chunks, FilmMeter()))
    if result.format not in TELLING:
        return result
    meter = audio_meter(result.format, result.sample_rate, result.channels)
    return msgspec.structs.replace(result, chunks=Entire(result.chunks, meter))


class Entire:
    """Passes a stream on and raises `Unavailable` at its end if something is missing."""

    def __init__(self, source: ByteStream, meter: Meter) -> None:
        self.source = source
        self.meter = meter
        self._rest: AsyncIterator[bytes] = aiter(source)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        try:
            chunk = await anext(self._rest)
        except StopAsyncIteration:
            if self.meter.missing:
                raise Unavailable(f"the stream ended {self.meter.missing} bytes short of what it announced") from None
            raise
        self.meter.feed(chunk)
        return chunk

    @property
    def pour(self) -> Pour | None:
        """How chunks are handed on as they come, if the source can do that."""
        return self._pour if pour_of(self.source) else None

    async def _pour(self, into: Into) -> None:
        if pour := pour_of(self.source):
            await pour(seen(self.meter.feed, into))

    async def aclose(self) -> None:
        """Close the source."""
        await self.source.aclose()
