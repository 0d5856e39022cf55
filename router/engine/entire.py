"""A stream that says itself how long it is must not end before: some vendors end a broken one as if it were whole."""

from collections.abc import AsyncIterator
from typing import Final

import msgspec

from router.contract import AudioFormat, ByteStream, Clip, Speech, Unavailable
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

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self.source:
            self.meter.feed(chunk)
            yield chunk
        if self.meter.missing:
            raise Unavailable(f"the stream ended {self.meter.missing} bytes short of what it announced")

    async def aclose(self) -> None:
        """Close the source."""
        await self.source.aclose()
