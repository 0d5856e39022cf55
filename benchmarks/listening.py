"""Whether all of a text is heard in some sound: to the sample, by likeness where it was encoded, and by its words."""

import string
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import jiwer
import numpy as np
from numpy.typing import NDArray

from benchmarks.tale import RATE, resampled
from router.contract import AudioFormat
from router.media import decode
from router.media.join import FADE

COARSE: Final = 8_000
"""Hertz at which what was encoded is compared."""
EDGE: Final = 2 * round(FADE * RATE)
"""Bytes at either end of a sentence that may have been faded."""
ALIKE: Final = 0.9
"""How well (1 is the same but for loudness) a sentence must be found; another sentence comes to 0.3."""
Wave = NDArray[np.float64]


def holds(heard: bytes, sentences: Sequence[bytes]) -> bool:
    """Whether the sentences, all pcm at one rate, are in it to the last bit and in order, but for their edges."""
    at = 0
    for one in sentences:
        core = one[EDGE:-EDGE]
        at = heard.find(core, at)
        if at < 0:
            return False
        at += len(core)
    return True


def resembles(heard: Wave, sentences: Sequence[Wave]) -> bool:
    """Whether something very like the sentences is in it, and in order."""
    at = 0
    for one in sentences:
        likeness = likenesses(heard[at:], one)
        if not likeness.size or likeness.max() < ALIKE:
            return False
        at += int(likeness.argmax()) + one.size // 2
    return True


def likenesses(heard: Wave, one: Wave) -> Wave:
    """Return the normalised correlation of a sound with each stretch of another that is as long."""
    places = heard.size - one.size + 1
    if places <= 0:
        return np.empty(0)
    size = heard.size + one.size
    found = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(one, size)), size)[:places]
    energy = np.concatenate(([0.0], np.cumsum(heard**2)))
    loudness = np.sqrt(np.maximum(energy[one.size :] - energy[:places], 1.0) * (one**2).sum())
    likeness: Wave = found / loudness
    return likeness


def coarse(body: bytes, kind: AudioFormat) -> Wave:
    """Return a recording at `COARSE` hertz; pcm is taken to be at `RATE`."""
    samples = resampled(body, COARSE) if kind is AudioFormat.PCM else np.concatenate(list(decode(body, COARSE)))
    return samples.astype(np.float64)


@dataclass(frozen=True)
class Understood:
    """How much of some texts was understood, added up: words there are, words recognised, and word errors."""

    words: int = 0
    hits: int = 0
    errors: int = 0

    @classmethod
    def of(cls, text: str, transcript: str) -> Self:
        """Compare a transcript with its text."""
        found = jiwer.process_words(plain(text), transcript or "-")
        missed = found.substitutions + found.deletions
        return cls(found.hits + missed, found.hits, missed + found.insertions)

    def __add__(self, other: "Understood") -> "Understood":
        return Understood(self.words + other.words, self.hits + other.hits, self.errors + other.errors)

    @property
    def recall(self) -> float:
        """The share of the words that were recognised; what is said twice does not lower it."""
        return self.hits / self.words

    def __str__(self) -> str:
        return f"{self.recall:.1%} of the words ({self.errors / self.words:.1%} errors)"


def plain(text: str) -> str:
    """Return a text as the recogniser would write it."""
    return text.lower().translate(str.maketrans("", "", string.punctuation))
