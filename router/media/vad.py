"""Where somebody speaks in sound that comes piece by piece: WebRTC's detector, and what counts as a beginning and an end.

WebRTC's voice activity detector judges 20 ms at a time. It takes a tenth of a second of noise, at the start or after a
click, for speech, so a beginning needs more than that; and one frame within a silence is no speech yet. It takes for
speech what is louder than all it heard so far: after the perfect silence of a microphone that was off, any room, for
seconds. So a quiet room's hiss is added to whatever it hears. Loud tones remain speech to it, whatever they are.
"""

from collections import deque
from typing import Final, NamedTuple

import numpy as np
import webrtcvad  # type: ignore[import-untyped] # it ships no types

from router.media.resample import Resampler, Samples

RATE: Final = 16_000
FRAME: Final = RATE // 50
"""Samples in 20 ms, a length that the detector takes."""
SECONDS: Final = FRAME / RATE
WINDOW: Final = 10
ENOUGH: Final = 8
"""Speech begins where so many of so many frames hold some: 0.16 to 0.2 s, which is less than a short word."""
RESUMED: Final = 3
"""Frames of speech in a row that end a silence."""
FLOOR: Final = 32768 * 10 ** (-50 / 20)
"""-50 dB of full scale: 10 dB below quiet speech."""
HISS: Final = np.random.default_rng(0).normal(0, FLOOR, RATE).astype(np.int32)
"""A second of it."""
STRICTEST: Final = 3
LEAST_SILENCE: Final = 5 * SECONDS
"""Seconds: the detector itself goes on for as long after a sound."""


class Edge(NamedTuple):
    """Where speech begins, or where the silence after it has lasted long enough; in seconds from the start."""

    speaking: bool
    at: float


class SpeechDetector:
    """Takes s16le mono sound at `rate` hertz. `threshold`, 0 to 1, is how sure it must be; `silence` ends speech, in seconds.

    A second of sound takes it 0.7 ms. Sound is judged about 25 ms after it came: the resampler holds as much back.
    """

    def __init__(self, rate: int, threshold: float, silence: float) -> None:
        self._resampler = Resampler(rate, RATE)
        self._vad = webrtcvad.Vad(min(STRICTEST, int(threshold * (STRICTEST + 1))))
        self._silence = round(max(silence, LEAST_SILENCE) / SECONDS)
        self._recent: deque[bool] = deque(maxlen=WINDOW)
        self._left = b""
        self._hissed = 0
        self._frames = 0
        self._run = 0
        self._quiet = 0
        self.speaking = False

    def feed(self, pcm: bytes) -> list[Edge]:
        """Take whole samples and return what changed in them."""
        sound = self._left + self._with_hiss(self._resampler.feed(np.frombuffer(pcm, np.int16))).tobytes()
        size = FRAME * 2
        whole = len(sound) // size * size
        self._left = sound[whole:]
        edges = (self._judge(sound[at : at + size]) for at in range(0, whole, size))
        return [edge for edge in edges if edge is not None]

    def _with_hiss(self, samples: Samples) -> Samples:
        at, self._hissed = self._hissed, self._hissed + samples.size
        hiss = HISS.take(np.arange(at, self._hissed), mode="wrap")
        loudest = np.iinfo(np.int16)
        return (samples + hiss).clip(loudest.min, loudest.max).astype(np.int16)

    def _judge(self, frame: bytes) -> Edge | None:
        self._frames += 1
        voiced: bool = self._vad.is_speech(frame, RATE)
        return self._hear_on(voiced=voiced) if self.speaking else self._await(voiced=voiced)

    def _await(self, *, voiced: bool) -> Edge | None:
        self._recent.append(voiced)
        if sum(self._recent) < ENOUGH:
            return None
        self.speaking = True
        self._run = self._quiet = 0
        before = len(self._recent) - self._recent.index(True)
        return Edge(speaking=True, at=(self._frames - before) * SECONDS)

    def _hear_on(self, *, voiced: bool) -> Edge | None:
        self._run = self._run + 1 if voiced else 0
        self._quiet = 0 if self._run >= RESUMED else self._quiet + 1
        if self._quiet < self._silence:
            return None
        self.speaking = False
        self._recent.clear()
        return Edge(speaking=False, at=self._frames * SECONDS)
