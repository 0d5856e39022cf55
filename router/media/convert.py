"""Speech in one format becomes speech in another while it is still arriving."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import NamedTuple

import msgspec

from router.contract.schema import PCM, AudioFormat, Speech
from router.contract.streams import ByteStream
from router.media import jobs
from router.media.rates import playable_bits, playable_rate
from router.media.workers import Running, Workers

PCM_RATE = 24_000
"""Hertz of headerless audio unless the caller asks otherwise: what OpenAI's clients expect."""


class Source(NamedTuple):
    """What a stream is said to be; only pcm depends on the numbers."""

    format: AudioFormat
    rate: int
    channels: int


class Target(NamedTuple):
    """What is encoded into."""

    format: AudioFormat
    rate: int
    bit_rate: int | None


class Wish(msgspec.Struct, frozen=True):
    """What a stream is to become; None leaves a number to us."""

    format: AudioFormat
    sample_rate: int | None = None
    bit_rate: int | None = None


async def convert(workers: Workers, speech: Speech, wish: Wish) -> Speech:
    """Return `speech` as it is wished for: the same object if it is that already.

    No sample rate keeps the rate, raised to one the format has, and means 24 kHz for pcm, which is always mono. A bit
    rate always encodes anew, for what a stream has cannot be told before its end.
    An error of the source's comes out where it happened, and no end is written after it. Closing the
    result closes the source; should this raise, the source is still the caller's to close.
    """
    if is_as_wished(speech, wish):
        return speech
    rate = playable_rate(wish.format, speech.sample_rate, _asked_rate(wish))
    target = Target(wish.format, rate, playable_bits(wish.format, rate, wish.bit_rate))
    running = await workers.start(
        jobs.recode, Source(speech.format, speech.sample_rate, speech.channels), target, feed=speech.chunks
    )
    chunks = Converted(running, speech.chunks)
    return msgspec.structs.replace(speech, format=wish.format, chunks=chunks, sample_rate=rate, channels=1)


def is_as_wished(speech: Speech, wish: Wish) -> bool:
    """Whether there is nothing to convert."""
    if wish.format is not speech.format or wish.bit_rate is not None:
        return False
    if wish.format is PCM and speech.channels != 1:
        return False
    return _asked_rate(wish) in (None, speech.sample_rate)


def _asked_rate(wish: Wish) -> int | None:
    return PCM_RATE if wish.sample_rate is None and wish.format is PCM else wish.sample_rate


class Converted:
    """The output of a running job, tied to the stream that feeds it."""

    def __init__(self, running: Running, source: ByteStream) -> None:
        self._running = running
        self._source = source

    def __aiter__(self) -> AsyncIterator[bytes]:
        return aiter(self._running)

    async def aclose(self) -> None:
        """Stop what feeds the job, then the job: it may take its time, and a provider is not to work as long."""
        async with aclosing(self._running), aclosing(self._source):
            await self._running.unfeed()
