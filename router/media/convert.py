"""Speech in one format becomes speech in another while it is still arriving."""

from collections.abc import AsyncIterator, Iterator, Mapping
from types import MappingProxyType

import msgspec
import numpy as np

from router.contract.errors import BadOutput, Invalid
from router.contract.schema import AudioFormat, ByteStream, Speech
from router.media.decode import decode
from router.media.encode import Encoder, playable_rate
from router.media.resample import Samples
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


async def convert(workers: Workers, speech: Speech, format: AudioFormat, sample_rate: int | None) -> Speech:  # noqa: A002
    """Return `speech` in `format` at `sample_rate`: the same object if it is that already.

    None keeps the rate, raised to one the format has, and means 24 kHz for pcm, which is always mono.
    An error of the source's comes out where it happened, and no end is written after it. Closing the
    result closes the source; should this raise, the source is still the caller's to close.
    """
    if sample_rate is None and format is AudioFormat.PCM:
        sample_rate = PCM_RATE
    if format is speech.format and sample_rate in (None, speech.sample_rate) and _channels_fit(speech):
        return speech
    rate = playable_rate(format, speech.sample_rate, sample_rate)
    running = await workers.start(
        recode, (speech.format, speech.sample_rate, speech.channels), (format, rate), feed=speech.chunks
    )
    chunks = Converted(running, speech.chunks)
    return msgspec.structs.replace(speech, format=format, chunks=chunks, sample_rate=rate, channels=1)


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
        """Stop the job, then what feeds it."""
        try:
            await self._running.aclose()
        finally:
            await self._source.aclose()


def recode(
    inbox: Iterator[bytes], source: tuple[AudioFormat, int, int], target: tuple[AudioFormat, int]
) -> Iterator[bytes]:
    """Job: decode (format, rate, channels), encode (format, rate). Nothing in, nothing out."""
    source_format, source_rate, channels = source
    target_format, rate = target
    if source_format is AudioFormat.PCM:
        heard, rate_in = mixed_down(inbox, channels), source_rate
    else:
        heard, rate_in = decoded(Inflow(inbox), source_format, rate), rate
    encoder = Encoder(target_format, rate_in, rate)
    empty = True
    for samples in heard:
        empty = False
        if ready := encoder.feed(samples.tobytes()):
            yield ready
    if not empty and (rest := encoder.close()):
        yield rest


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


def decoded(source: Inflow, format: AudioFormat, rate: int) -> Iterator[Samples]:  # noqa: A002 - the field's name
    """Decode a provider's stream; raises BadOutput where it is not what the provider said."""
    try:
        yield from decode(source, rate, DEMUXERS[format])
    except Invalid as error:
        if not source.empty:
            raise BadOutput(f"the provider's audio is not {format}") from error


def mixed_down(inbox: Iterator[bytes], channels: int) -> Iterator[Samples]:
    """Turn interleaved s16le, cut anywhere, into mono samples."""
    step, left = 2 * channels, b""
    for chunk in inbox:
        left += chunk
        whole = len(left) // step * step
        frames = np.frombuffer(left[:whole], "<i2").reshape(-1, channels)
        left = left[whole:]
        if frames.size:
            yield frames[:, 0] if channels == 1 else frames.mean(axis=1).astype(np.int16)
