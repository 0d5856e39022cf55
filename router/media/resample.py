"""Sample rate conversion of mono 16-bit audio, piece by piece (soxr, high quality)."""

import numpy as np
import soxr  # type: ignore[import-untyped] # it ships no types
from numpy.typing import NDArray

Samples = NDArray[np.int16]


class Resampler:
    """Converts as it is fed. It holds back about 25 ms until `close`; equal rates pass through."""

    def __init__(self, rate_in: int, rate_out: int) -> None:
        self._stream = None if rate_in == rate_out else soxr.ResampleStream(rate_in, rate_out, 1, dtype="int16")

    def feed(self, samples: Samples) -> Samples:
        """Convert the next piece."""
        return self._convert(samples, last=False)

    def close(self) -> Samples:
        """Return what was held back."""
        return self._convert(np.empty(0, np.int16), last=True)

    def _convert(self, samples: Samples, *, last: bool) -> Samples:
        if self._stream is None:
            return samples
        converted: Samples = self._stream.resample_chunk(samples, last=last)
        return converted
