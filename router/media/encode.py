"""Mono 16-bit samples become mp3, opus, aac, flac, wav or pcm, piece by piece. For use inside jobs."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol, cast

import av
import msgspec
import numpy as np

from router.contract.errors import Invalid
from router.contract.schema import AudioFormat
from router.media.resample import Resampler, Samples
from router.media.wav import written_header

MP3_RATES = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
AAC_RATES = (*MP3_RATES, 64_000, 88_200, 96_000)
OPUS_RATES = (8_000, 12_000, 16_000, 24_000, 48_000)
ANY_RATES = tuple(sorted({*AAC_RATES, 192_000}))
RATES: Mapping[AudioFormat, tuple[int, ...]] = MappingProxyType(
    {
        AudioFormat.MP3: MP3_RATES,
        AudioFormat.AAC: AAC_RATES,
        AudioFormat.OPUS: OPUS_RATES,
        AudioFormat.FLAC: ANY_RATES,
        AudioFormat.WAV: ANY_RATES,
        AudioFormat.PCM: ANY_RATES,
    }
)
"""Hertz that each format can carry. Opus always plays at 48 kHz, whatever it was made from."""


BIT_RATES: Mapping[AudioFormat, tuple[int, int]] = MappingProxyType(
    {AudioFormat.MP3: (32_000, 192_000), AudioFormat.OPUS: (16_000, 192_000), AudioFormat.AAC: (32_000, 192_000)}
)
"""Bits per second that can be asked for, from and to; beyond, mono speech has nothing to gain."""
HALF_RATES = 24_000
"""Hertz up to which mp3 is MPEG-2, which ends at 160 kbit/s (ISO/IEC 13818-3)."""
MOST_AT_HALF_RATES = 160_000


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


def playable_rate(format: AudioFormat, rate: int, asked: int | None) -> int:  # noqa: A002 - the field's name
    """Return the rate to encode at: the one asked for, else the lowest the format has from `rate` up.

    Raises Invalid for a rate asked for that the format cannot carry.
    """
    rates = RATES[format]
    if asked is None:
        return next((one for one in rates if one >= rate), rates[-1])
    if asked not in rates:
        choices = ", ".join(map(str, rates))
        raise Invalid(f"{format} has no sample rate {asked}", code="invalid_value", param="sample_rate", limit=choices)
    return asked


def playable_bits(format: AudioFormat, rate: int, asked: int | None) -> int | None:  # noqa: A002 - as above
    """Return the bit rate asked for, or None to leave it to us. Raises Invalid for one that the format cannot have."""
    if asked is None:
        return None
    low, high = BIT_RATES.get(format, (0, 0))
    if format is AudioFormat.MP3 and rate <= HALF_RATES:
        high = MOST_AT_HALF_RATES
    if low <= asked <= high:
        return asked
    told = f"{low // 1000} to {high // 1000} kbit/s" if high else "no bit rate to choose"
    raise Invalid(f"{format} at {rate} Hz has {told}", code="invalid_value", param="bit_rate", limit=told)


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

    def __init__(self, format: AudioFormat, rate_in: int, rate_out: int, bit_rate: int | None = None) -> None:  # noqa: A002 - as above
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


def _backend(format: AudioFormat, rate: int, bit_rate: int | None) -> Backend:  # noqa: A002 - as above
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
