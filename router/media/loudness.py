"""Whether a recording holds sound that words could be in. For use inside jobs."""

from pathlib import Path
from typing import Final

import numpy as np

from router.media.decoding import decode

RATE: Final = 8000
"""Hertz: what makes speech loud lies below half of it."""
WINDOW: Final = RATE // 50
"""Samples in 20 ms, over which loudness is measured."""
LOUD: Final = 32768 * 10 ** (-40 / 20)
"""-40 dB of full scale: quiet speech is louder (ITU-T P.56 levels it at -26), a quiet room's noise is 10 dB below."""
ENOUGH: Final = 0.3
"""Seconds that must be loud, in all: as long as a short word, longer than clicks and knocks."""
LONGEST: Final = 600.0
"""Seconds that are listened to."""


def voiced(source: bytes | Path) -> bool:
    """Decode until enough was loud. Raises `Invalid` where there is no sound. Music and noise count too: it is energy that is measured."""
    heard, loud, left = 0, 0, np.empty(0, np.int16)
    for samples in decode(source, RATE):
        left = np.concatenate((left, samples))
        windows = left[: left.size // WINDOW * WINDOW].reshape(-1, WINDOW)
        left = left[windows.size :]
        heard += windows.size
        loud += WINDOW * int(np.count_nonzero(np.square(windows, dtype=np.float64).mean(axis=1) >= LOUD**2))
        if loud >= ENOUGH * RATE or heard >= LONGEST * RATE:
            break
    return loud >= ENOUGH * RATE
