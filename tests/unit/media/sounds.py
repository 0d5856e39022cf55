"""Sound made for the tests, and media made of it."""

import io
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from router.contract import AudioFormat
from router.media import Encoder

RATE = 24_000


def tone(seconds: float, rate: int = RATE) -> bytes:
    """A 440 Hz tone with a little noise, s16le mono."""
    time = np.arange(round(seconds * rate)) / rate
    noise = np.random.default_rng(1).normal(0, 200, time.size)
    return bytes((np.sin(2 * np.pi * 440 * time) * 8000 + noise).astype("<i2").tobytes())


def pieces(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


def encoded(kind: AudioFormat, seconds: float, rate: int = RATE) -> bytes:
    encoder = Encoder(kind, rate, rate)
    return encoder.feed(tone(seconds, rate)) + encoder.close()


def contained(muxer: str, codec: str, seconds: float, options: dict[str, str] | None = None) -> bytes:
    """Sound in any of FFmpeg's containers, written to a seekable file."""
    file = io.BytesIO()
    with av.open(file, "w", format=muxer, options=options or {}) as container:
        rate = 48_000 if codec == "libopus" else RATE
        stream = container.add_stream(codec, rate=rate, layout="mono")
        assert isinstance(stream, av.AudioStream)
        samples = np.frombuffer(tone(seconds, rate), "<i2").reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate = rate
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()


def saved(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def pitch(pcm: bytes, rate: int) -> float:
    """The strongest frequency, in hertz."""
    samples = np.frombuffer(pcm, "<i2")
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(samples.size)))
    return float(np.argmax(spectrum) * rate / samples.size)


def picture(codec: str, width: int, height: int) -> bytes:
    """A still image, noisy enough not to be tiny."""
    pixels = np.random.default_rng(2).integers(0, 255, (height, width, 3), dtype=np.uint8)
    context = av.CodecContext.create(codec, "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height = width, height
    context.pix_fmt = {"mjpeg": "yuvj420p", "png": "rgb24", "libwebp": "yuv420p", "gif": "rgb8"}[codec]
    context.framerate = Fraction(1)
    frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format=context.pix_fmt)
    return b"".join(bytes(packet) for packet in [*context.encode(frame), *context.encode(None)])
