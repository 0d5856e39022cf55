"""What is delivered, counted in the units it is paid in."""

from collections.abc import AsyncIterator, Callable

import msgspec

from router.contract import ByteStream, Clip, Reply, Speech
from router.engine.delivery import Delivery, Limits
from router.engine.exchange import Exchange
from router.media import FilmMeter, audio_meter


def metering(result: Speech | Clip | Reply, exchange: Exchange) -> Callable[[bytes], None]:
    """Return what keeps the exchange's media seconds up to date as chunks pass."""
    if not isinstance(result, Speech):
        return filming(exchange) if isinstance(result, Clip) else lambda _: None
    meter = audio_meter(result.format, result.sample_rate, result.channels)

    def count(chunk: bytes) -> None:
        meter.feed(chunk)
        exchange.audio_seconds = meter.seconds

    return count


def filming(exchange: Exchange) -> Callable[[bytes], None]:
    """Return what keeps the seconds of a passing film up to date."""
    meter = FilmMeter()

    def count(chunk: bytes) -> None:
        meter.feed(chunk)
        exchange.video_seconds = meter.seconds

    return count


async def filmed(chunks: ByteStream, exchange: Exchange) -> AsyncIterator[bytes]:
    """Pass a film on that was ordered before, and count how long it lasts. Closing the stream is its owner's."""
    count = filming(exchange)
    async for chunk in chunks:
        count(chunk)
        yield chunk


def metered(speech: Speech, exchange: Exchange, limits: Limits) -> Speech:
    """Return speech that is put together here, with what keeps count of it."""
    count = metering(speech, exchange)
    return msgspec.structs.replace(speech, chunks=Delivery(speech.chunks, count, lambda _: None, limits))
