"""What is delivered, counted in the units it is paid in."""

from collections.abc import AsyncIterator, Callable

import msgspec

from router.contract import ByteStream, Clip, Result, Speech
from router.engine.delivery import Delivery, Limits
from router.engine.exchange import Exchange
from router.media import FilmMeter, audio_meter

Feed = Callable[[bytes], object]
"""Is shown each chunk as it passes."""
Note = Callable[[], None]
"""Is called when no more of them will pass, however it ended."""


def metering(result: Result, exchange: Exchange) -> tuple[Feed, Note]:
    """Return what counts chunks as they pass, and what notes in the exchange how many seconds they were."""
    if not isinstance(result, Speech):
        return filming(exchange) if isinstance(result, Clip) else (len, nothing)
    meter = audio_meter(result.format, result.sample_rate, result.channels)

    def note() -> None:
        exchange.audio_seconds = meter.seconds

    return meter.feed, note


def nothing() -> None:
    """Note nothing: of what is left only transcripts last, and say so themselves."""


def filming(exchange: Exchange) -> tuple[Feed, Note]:
    """Return what counts a passing film, and what notes how many seconds it was."""
    meter = FilmMeter()

    def note() -> None:
        exchange.video_seconds = meter.seconds

    return meter.feed, note


async def filmed(chunks: ByteStream, exchange: Exchange) -> AsyncIterator[bytes]:
    """Pass a film on that was ordered before, and count how long it lasts. Closing the stream is its owner's."""
    feed, note = filming(exchange)
    try:
        async for chunk in chunks:
            feed(chunk)
            yield chunk
    finally:
        note()


def metered(speech: Speech, exchange: Exchange, limits: Limits) -> Speech:
    """Return speech that is put together here, with what keeps count of it."""
    feed, note = metering(speech, exchange)
    return msgspec.structs.replace(speech, chunks=Delivery(speech.chunks, feed, lambda _: note(), limits))
