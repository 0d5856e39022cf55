"""Speech in one format becomes speech in another while it is still arriving."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import aclosing
from itertools import chain
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from router.contract.errors import BadOutput, Invalid
from router.contract.schema import AudioFormat, ByteStream, Speech
from router.media.decode import decode
from router.media.encode import Encoder, playable_bits, playable_rate
from router.media.join import Frames
from router.media.resample import Samples
from router.media.wav import Wav, read_header
from router.media.workers import Running, Workers

PCM_RATE = 24_000
"""Hertz of headerless audio unless the caller asks otherwise: what OpenAI's clients expect."""

DEMUXERS: Mapping[AudioFormat, str] = MappingProxyType(
    {
        AudioFormat.MP3: "mp3",
        AudioFormat.OPUS: "ogg",
        AudioFormat.AAC: "aac",
        AudioFormat.FLAC: "flac",
        AudioFormat.WAV: "wav",
    }
)


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


class Wish(NamedTuple):
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
    asked = PCM_RATE if wish.sample_rate is None and wish.format is AudioFormat.PCM else wish.sample_rate
    same = wish.format is speech.format and asked in (None, speech.sample_rate) and _channels_fit(speech)
    if same and wish.bit_rate is None:
        return speech
    rate = playable_rate(wish.format, speech.sample_rate, asked)
    target = Target(wish.format, rate, playable_bits(wish.format, rate, wish.bit_rate))
    running = await workers.start(
        recode, Source(speech.format, speech.sample_rate, speech.channels), target, feed=speech.chunks
    )
    chunks = Converted(running, speech.chunks)
    return msgspec.structs.replace(speech, format=wish.format, chunks=chunks, sample_rate=rate, channels=1)


def _channels_fit(speech: Speech) -> bool:
    return speech.format is not AudioFormat.PCM or speech.channels == 1


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


def recode(inbox: Iterator[bytes], source: Source, target: Target) -> Iterator[bytes]:
    """Job: decode, then encode. Nothing in, nothing out."""
    encoder = None
    for samples, rate_in in heard(inbox, source, target.rate):
        encoder = encoder or Encoder(target.format, rate_in, target.rate, target.bit_rate)
        if ready := encoder.feed(samples.tobytes()):
            yield ready
    if encoder and (rest := encoder.close()):
        yield rest


def heard(inbox: Iterator[bytes], source: Source, rate: int) -> Iterator[tuple[Samples, int]]:
    """Yield mono samples and their rate: the native one where nothing has to be decoded, else `rate`."""
    if source.format is AudioFormat.PCM:
        yield from plain(inbox, source.channels, source.rate)
        return
    if source.format is AudioFormat.WAV:
        header, inbox = peeled(inbox)
        if header is not None and header.plain:
            yield from plain(clipped(inbox, header), header.channels, header.rate)
            return
    flow = Inflow(inbox)
    try:
        for samples in decode(flow, rate, DEMUXERS[source.format]):
            yield samples, rate
    except Invalid as error:
        if not flow.empty:
            raise BadOutput(f"the provider's audio is not {source.format}") from error


def plain(inbox: Iterator[bytes], channels: int, rate: int) -> Iterator[tuple[Samples, int]]:
    """Turn interleaved s16le, cut anywhere, into mono samples."""
    frames = Frames(channels)
    for chunk in inbox:
        samples = frames.feed(chunk)
        if samples.size:
            yield samples, rate


def peeled(inbox: Iterator[bytes]) -> tuple[Wav | None, Iterator[bytes]]:
    """Read a WAV header off a stream, for FFmpeg waits for 64 KiB of sound before it says a word.

    Returns the header, None if there is no whole one, and the stream from its very beginning.
    """
    head, header = b"", None
    try:
        while header is None and (chunk := next(inbox, None)) is not None:
            head += chunk
            header = read_header(head)
    except ValueError:
        header = None
    return header, chain([head] if head else [], inbox)


def clipped(inbox: Iterator[bytes], header: Wav) -> Iterator[bytes]:
    """Yield the sound alone: not the header before it and not the tags that may follow."""
    at, end = 0, None if header.size is None else header.begin + header.size
    for chunk in inbox:
        stop = None if end is None else max(end - at, 0)
        yield chunk[max(header.begin - at, 0) : stop]
        at += len(chunk)


class Inflow:
    """What is fed to a job, as a file that can only be read onward."""

    def __init__(self, inbox: Iterator[bytes]) -> None:
        self._inbox = inbox
        self._left = memoryview(b"")
        self.empty = True

    def read(self, size: int, /) -> bytes:
        """Return what is there, at most `size` bytes; wait only when nothing is."""
        while not self._left:
            chunk = next(self._inbox, None)
            if chunk is None:
                return b""
            self._left = memoryview(chunk)
        self.empty = False
        taken, self._left = self._left[:size], self._left[size:]
        return bytes(taken)
