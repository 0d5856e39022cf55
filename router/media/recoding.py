"""Decoding and encoding in one go, while the source is still arriving. For use inside jobs."""

from collections.abc import Iterator, Mapping
from itertools import chain
from types import MappingProxyType

from router.contract.errors import BadOutput, Invalid
from router.contract.schema import AudioFormat
from router.media.convert import Source, Target
from router.media.decoding import decode
from router.media.encode import Encoder
from router.media.join import Frames
from router.media.resample import Samples
from router.media.wav import Wav, read_header

DEMUXERS: Mapping[AudioFormat, str] = MappingProxyType(
    {
        AudioFormat.MP3: "mp3",
        AudioFormat.OPUS: "ogg",
        AudioFormat.AAC: "aac",
        AudioFormat.FLAC: "flac",
        AudioFormat.WAV: "wav",
    }
)


def recode(inbox: Iterator[bytes], source: Source, target: Target) -> Iterator[bytes]:
    """Decode, then encode. Nothing in, nothing out."""
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
