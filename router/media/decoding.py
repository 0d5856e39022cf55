"""Anything FFmpeg can read becomes mono 16-bit samples, piece by piece. For use inside jobs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.container import InputContainer

from router.contract.errors import Invalid
from router.media.opening import Readable, opened
from router.media.resample import Resampler, Samples


def decode(source: bytes | Path | Readable, rate: int, demuxer: str | None = None) -> Iterator[Samples]:
    """Yield the sound of `source`, mono at `rate`; raises Invalid where there is none.

    A `Readable` is decoded while it is being read, with `demuxer` naming its format. Bytes and files may
    keep their index at the end, as m4a does.
    """
    resampler = None
    with opened(source, demuxer) as container:
        for samples, native in frames(container):
            resampler = resampler or Resampler(native, rate)
            if (converted := resampler.feed(samples)).size:
                yield converted
    if resampler is None:
        raise Invalid("no sound that can be decoded", code="invalid_audio")
    if (rest := resampler.close()).size:
        yield rest


def frames(container: InputContainer) -> Iterator[tuple[Samples, int]]:
    """Yield mono samples at their native rate and that rate, passing over packets that are damaged.

    A stream that changes its rate or its channels on the way, as joined files do, keeps its first rate.
    """
    if not container.streams.audio:
        raise Invalid("media without sound", code="invalid_audio")
    stream = container.streams.audio[0]
    mono, shape, rate = None, None, 0
    for packet in packets(container, stream):
        try:
            decoded = stream.decode(packet)
        except av.FFmpegError:
            continue
        for frame in decoded:
            rate = rate or frame.sample_rate
            if mono is None or shape != (shape := (frame.format.name, frame.layout.name, frame.sample_rate)):
                mono = av.AudioResampler(format="s16", layout="mono", rate=rate)
            for one in mono.resample(frame):
                yield one.to_ndarray().reshape(-1).astype(np.int16, copy=False), one.sample_rate


def packets(container: InputContainer, *streams: av.AudioStream) -> Iterator[Any]:
    """Yield the packets of these streams, or of all, up to the end, or to where the container itself is broken off."""
    try:
        yield from container.demux(*streams)
    except av.FFmpegError:
        return
