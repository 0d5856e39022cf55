"""Speech from several streams, one after another, as one stream: one rate, and no click where they meet."""

from typing import Final

import numpy as np

from router.media.resample import Resampler, Samples

FADE: Final = 0.01
"""Seconds over which a stream falls to silence or rises from it: long enough to hide a step, too short to be heard."""
BREATH: Final = 0.12
"""Seconds of silence between two streams, as short as a speaker's pause between sentences."""
SILENCE: Final = np.empty(0, np.int16)


class Frames:
    """Interleaved s16le, cut anywhere, becomes mono samples."""

    def __init__(self, channels: int) -> None:
        self._channels = channels
        self._left = b""

    def feed(self, chunk: bytes) -> Samples:
        """Return the samples that are whole; what is left waits for the next chunk."""
        step = 2 * self._channels
        chunk = self._left + chunk if self._left else chunk
        whole = len(chunk) // step * step
        self._left = chunk[whole:]
        frames = np.frombuffer(chunk[:whole], "<i2").reshape(-1, self._channels)
        return frames[:, 0] if self._channels == 1 else frames.mean(axis=1).astype(np.int16)


class Joiner:
    """Joins mono or stereo s16le streams into mono s16le at `rate` hertz. It holds back the last `FADE` seconds."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._fade = round(FADE * rate)
        self._frames = Frames(1)
        self._resampler = Resampler(rate, rate)
        self._held = SILENCE
        self._rising = False
        self._begun = False

    def begin(self, rate: int, channels: int) -> bytes:
        """Take up a stream; return the silence that keeps it apart from the one before."""
        self._frames = Frames(channels)
        self._resampler = Resampler(rate, self._rate)
        self._rising, self._begun = self._begun, True
        return bytes(2 * round(BREATH * self._rate)) if self._rising else b""

    def feed(self, chunk: bytes) -> bytes:
        """Return what of the stream may be heard already."""
        return self._passed(self._resampler.feed(self._frames.feed(chunk)))

    def end(self) -> bytes:
        """Return the rest of the stream, which has ended or broken, falling to silence."""
        sound = self._passed(self._resampler.close())
        falling, self._held = self._held, SILENCE
        return sound + (falling * np.linspace(1, 0, falling.size)).astype("<i2").tobytes()

    def _passed(self, samples: Samples) -> bytes:
        samples = np.concatenate((self._held, samples))
        if self._rising and samples.size >= self._fade:
            rise = np.ones(samples.size)
            rise[: self._fade] = np.linspace(0, 1, self._fade)
            samples, self._rising = (samples * rise).astype(np.int16), False
        at = max(samples.size - self._fade, 0)
        self._held = samples[at:]
        return samples[:at].astype("<i2", copy=False).tobytes()
