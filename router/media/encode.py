"""Mono 16-bit samples become mp3, opus, aac, flac, wav or pcm, piece by piece. For use inside jobs."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol, cast

import av
import msgspec
import numpy as np

from router.contract.schema import AudioFormat
from router.media.resample import Resampler, Samples
from router.media.wav import written_header


class Codec(msgspec.Struct, frozen=True):
    """How FFmpeg makes a format: measured settings, and bits per second of audio (always said, never a default)."""

    muxer: str
    encoder: str
    bit_rate: int | None
    muxer_options: Mapping[str, str]
    options: Mapping[str, str]


CODECS: Mapping[AudioFormat, Codec] = MappingProxyType(
    {
        # `write_xing` and an ID3 tag would want to be rewritten at the end, which a stream cannot do.
        AudioFormat.MP3: Codec(
            "mp3", "libmp3lame", 64_000, {"write_xing": "0", "id3v2_version": "0"}, {"compression_level": "7"}
        ),
        AudioFormat.OPUS: Codec("ogg", "libopus", 48_000, {"page_duration": "20000"}, {"compression_level": "5"}),
        AudioFormat.AAC: Codec("adts", "aac", 64_000, {}, {"aac_coder": "fast"}),
        AudioFormat.FLAC: Codec("flac", "flac", None, {}, {}),
    }
)


class Backend(Protocol):
    """What turns samples into bytes."""

    def encode(self, samples: Samples) -> bytes:
        """Return what can be sent so far."""

    def finish(self) -> bytes:
        """Return the rest."""


class Encoder:
    """Encodes s16le mono at `rate_in` into `format` at `rate_out`, and at `bit_rate` if that is given.

    Pieces may be cut anywhere, mid-sample too.
    """

    def __init__(self, format: AudioFormat, rate_in: int, rate_out: int, bit_rate: int | None = None) -> None:  # noqa: A002 - the field's name
        self._resampler = Resampler(rate_in, rate_out)
        self._backend = _backend(format, rate_out, bit_rate)
        self._half = b""

    def feed(self, pcm: bytes) -> bytes:
        """Return the bytes that are ready once `pcm` is in."""
        pcm = self._half + pcm
        whole = len(pcm) & ~1
        self._half = pcm[whole:]
        return self._backend.encode(self._resampler.feed(np.frombuffer(pcm[:whole], "<i2")))

    def close(self) -> bytes:
        """Return the remaining bytes; nothing may be fed afterwards."""
        return self._backend.encode(self._resampler.close()) + self._backend.finish()


def _backend(format: AudioFormat, rate: int, bit_rate: int | None) -> Backend:  # noqa: A002 - the field's name
    match format:
        case AudioFormat.PCM:
            return Plain(b"")
        case AudioFormat.WAV:
            return Plain(written_header(rate))
        case _:
            return Muxed(CODECS[format], rate, bit_rate)


class Plain:
    """Samples as they are, behind a header that goes out with the first of them."""

    def __init__(self, header: bytes) -> None:
        self._header = header

    def encode(self, samples: Samples) -> bytes:
        """Return the samples' own bytes."""
        header = self._header if samples.size else b""
        self._header = self._header[len(header) :]
        return header + samples.tobytes()

    def finish(self) -> bytes:
        """Nothing is ever held back."""
        return b""


class Sink:
    """The write-only end that FFmpeg muxes into."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, part: bytes) -> int:
        """Keep a part."""
        self._parts.append(bytes(part))
        return len(part)

    def drain(self) -> bytes:
        """Take out what has been written since the last time."""
        taken = b"".join(self._parts)
        self._parts.clear()
        return taken


class Muxed:
    """FFmpeg's encoder and muxer, flushed after every packet."""

    def __init__(self, codec: Codec, rate: int, bit_rate: int | None) -> None:
        self._sink = Sink()
        options = {"flush_packets": "1", "fflags": "+bitexact", **codec.muxer_options}
        self._container = av.open(self._sink, "w", format=codec.muxer, options=options)
        stream = self._container.add_stream(codec.encoder, rate=rate, options=dict(codec.options), layout="mono")
        self._stream = cast("av.AudioStream", stream)
        if bits := bit_rate or codec.bit_rate:
            self._stream.bit_rate = bits
        self._rate = rate
        self._pts = 0

    def encode(self, samples: Samples) -> bytes:
        """Return the packets that are complete."""
        if samples.size:
            frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
            frame.sample_rate = self._rate
            frame.pts = self._pts
            self._pts += frame.samples
            self._container.mux(self._stream.encode(frame))
        return self._sink.drain()

    def finish(self) -> bytes:
        """Return the last packets; without a single sample there is nothing at all."""
        if self._pts:
            self._container.mux(self._stream.encode(None))
        self._container.close()
        return self._sink.drain()
