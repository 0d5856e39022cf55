"""What media is once it has been decoded, and the films that vendors answer with."""

import io
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import av
import numpy as np

from router.contract import Size
from router.media import Mp4Writer

SPOKEN_RATE = 24_000
QUIET = 0.02
"""Of full scale: speech has louder moments than that, silence and dither have not."""


class Media(NamedTuple):
    """Decoded media: container, codecs, rates and sizes in words, and how long it lasts."""

    told: str
    seconds: float


def heard(audio: bytes) -> Media:
    """Decode audio that says itself what it is."""
    with av.open(io.BytesIO(audio), "r") as container:
        stream = container.streams.audio[0]
        context = stream.codec_context
        samples = loud_enough(np.concatenate(list(mono(container, stream))))
        name = context.codec.canonical_name
        told = f"{container.format.name}, {name}, {stream.rate} Hz"
        if name == "mp3":  # of the rest none says it
            told += f", {(context.bit_rate or 0) // 1000} kbit/s"
        return Media(told, len(samples) / stream.rate)


def mono(container: av.container.InputContainer, stream: av.AudioStream) -> Iterator[np.ndarray]:
    resampler = av.AudioResampler(format="flt", layout="mono", rate=stream.rate)
    for frame in container.decode(stream):
        yield from (one.to_ndarray()[0] for one in resampler.resample(frame))


def heard_raw(pcm: bytes, rate: int) -> Media:
    """Read s16le mono, which says nothing itself."""
    samples = loud_enough(np.frombuffer(pcm, "<i2").astype(np.float32) / 32768)
    return Media(f"raw, pcm_s16le, {rate} Hz", len(samples) / rate)


def loud_enough(samples: np.ndarray) -> np.ndarray:
    assert np.abs(samples).max() > QUIET, "nobody speaks"
    return samples


def watched(film: bytes) -> Media:
    """Decode a film, whose sound and pictures have to last equally long to within a tenth of a second."""
    with av.open(io.BytesIO(film), "r") as container:
        picture, sound = container.streams.video[0], container.streams.audio[0]
        frames = samples = 0
        for frame in container.decode(picture, sound):
            if isinstance(frame, av.AudioFrame):
                samples += frame.samples
            else:
                frames += 1
        assert picture.average_rate is not None
        seconds = frames / float(picture.average_rate)
        assert abs(samples / sound.rate - seconds) < 0.1, "sound and picture differ in length"
        size = f"{picture.width}x{picture.height}"
        codecs = f"{picture.codec_context.codec.canonical_name} {size} {picture.average_rate} fps"
        told = f"mp4, {codecs}, {sound.codec_context.codec.canonical_name} {sound.rate} Hz"
        assert "mp4" in container.format.name
        return Media(told, seconds)


@cache
def film(size: Size, pcm: bytes) -> bytes:
    """Return a fragmented MP4 of a grey face speaking those words."""
    width, height = size.pixels
    writer = Mp4Writer(width, height, SPOKEN_RATE)
    grey = np.full((height * 3 // 2, width), 128, np.uint8)
    beat = SPOKEN_RATE // 25 * 2
    pieces = [writer.picture(grey) + writer.sound(pcm[at : at + beat]) for at in range(0, len(pcm), beat)]
    return b"".join(pieces) + writer.close()
