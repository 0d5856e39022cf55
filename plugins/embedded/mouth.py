"""What the mouth does while a voice speaks, heard from the energy in a few bands: works in any language."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

WINDOW = 0.05
"""Seconds of sound that are heard for one video frame, centred on it."""
BLOCK = 1024
"""Video frames analysed at a time, which bounds the memory."""
LOUDEST_SILENCE = -60.0
"""Voice at this many dB below full scale, or less, leaves the mouth shut even if nothing louder is in the recording."""
RANGE, LEAST_RANGE = 28.0, 6.0
"""Decibels between a mouth that begins to open and one that is wide open, in a good and in a faint recording."""
HEADROOM = 4.0
"""How many decibels below the loudest moments the mouth is wide open already."""


class Shape(NamedTuple):
    """A mouth at one moment."""

    opening: float
    """0 shut, 1 wide open."""
    spread: float
    """-1 rounded as in "oo", 1 spread as in "ee"."""
    hiss: float
    """0 none, 1 a pure fricative, which is made between closed teeth."""


class _Bands(NamedTuple):
    """Mean power per video frame in the bands that tell mouth shapes apart, full scale being 1."""

    voice: NDArray[np.float64]
    hiss: NDArray[np.float64]
    jaw: NDArray[np.float64]
    """The share around 800 Hz, where the first formant of open vowels lies."""
    front: NDArray[np.float64]
    """The share around 2.2 kHz, where the second formant of spread vowels lies."""


def mouth_track(voice: NDArray[np.int16], rate: int, fps: int) -> list[Shape]:
    """Return the mouth's shape for each video frame of the voice, mono samples at `rate`; the last may be partly past it."""
    frames = math.ceil(len(voice) * fps / rate)
    if frames == 0:
        return []
    bands = _listen(voice, rate, fps, frames)
    loudness = 10 * np.log10(bands.voice + 1e-12)
    loudest = float(np.percentile(loudness, 95))
    quietest = max(loudest - HEADROOM - RANGE, LOUDEST_SILENCE)
    level = np.clip((loudness - quietest) / max(loudest - HEADROOM - quietest, LEAST_RANGE), 0, 1)
    hissing = 10 * np.log10(bands.hiss + 1e-12)
    hiss = np.clip((hissing - loudness + 4) / 12, 0, 1) * (hissing > max(loudest - 36, LOUDEST_SILENCE))
    opening = np.clip(level**1.3 * (0.35 + 0.75 * np.clip(bands.jaw * 1.6, 0, 1)) * (1 - 0.7 * hiss), 0, 1)
    spread = np.clip((bands.front - 0.25) * 2.2, -1, 1) * level
    smooth = (_eased(opening, 1), _eased(spread, 2), _eased(hiss, 1))
    return [Shape(float(o), float(s), float(h)) for o, s, h in zip(*smooth, strict=True)]


def _listen(voice: NDArray[np.int16], rate: int, fps: int, frames: int) -> _Bands:
    window = int(WINDOW * rate)
    padded = np.pad(voice, (window, 2 * window + rate // fps))
    starts = ((np.arange(frames) + 0.5) * rate / fps + window / 2).astype(np.intp)
    blocks = [_powers(padded, starts[at : at + BLOCK], window, rate) for at in range(0, frames, BLOCK)]
    return _Bands(*(np.concatenate(parts) for parts in zip(*blocks, strict=True)))


def _powers(padded: NDArray[np.int16], starts: NDArray[np.intp], window: int, rate: int) -> _Bands:
    weights = np.hanning(window)
    heard = padded[starts[:, None] + np.arange(window)] / 32768 * weights
    power = np.abs(np.fft.rfft(heard)) ** 2 * (2 / (window * (weights**2).sum()))
    pitch = np.fft.rfftfreq(window, 1 / rate)

    def band(low: float, high: float) -> NDArray[np.float64]:
        total: NDArray[np.float64] = power[:, (pitch >= low) & (pitch < high)].sum(axis=1)
        return total

    return _Bands(
        voice=band(90, 4000),
        hiss=band(4200, 7800),
        jaw=band(550, 1100) / (band(200, 1100) + 1e-9),
        front=band(1700, 2800) / (band(600, 2800) + 1e-9),
    )


def _eased(values: NDArray[np.float64], reach: int) -> NDArray[np.float64]:
    """Spread each value over `reach` frames to either side: lips have mass, and they begin before the sound."""
    weights = np.hanning(2 * reach + 3)[1:-1]
    return np.convolve(np.pad(values, reach, mode="edge"), weights / weights.sum(), mode="valid")
