"""What is delivered, counted in the units it is paid in."""

from collections.abc import Callable

import msgspec

from router.contract import Clip, Reply, Speech
from router.engine.delivery import Delivery, Limits
from router.engine.exchange import Exchange
from router.media import AudioMeter


def metering(result: Speech | Clip | Reply, exchange: Exchange) -> Callable[[bytes], None]:
    """Return what keeps the exchange's media seconds up to date as chunks pass."""
    if not isinstance(result, Speech):
        return lambda _: None
    meter = AudioMeter(result.format, result.sample_rate, result.channels)

    def count(chunk: bytes) -> None:
        meter.feed(chunk)
        exchange.audio_seconds = meter.seconds

    return count


def metered(speech: Speech, exchange: Exchange, limits: Limits) -> Speech:
    """Return speech that is put together here, with what keeps count of it."""
    count = metering(speech, exchange)
    return msgspec.structs.replace(speech, chunks=Delivery(speech.chunks, count, lambda _: None, limits))
