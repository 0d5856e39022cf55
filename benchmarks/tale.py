"""Tales of sentences that espeak-ng speaks, and at which bytes of them a vendor is to break off.

Sound is s16le mono. The text goes to the vendor sentence by sentence; where to cut travels beside it, as
`instructions`, so that vendor and judge need not agree on anything else.
"""

from bisect import bisect_right
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from multiprocessing import get_context
from typing import Final, Self

import numpy as np

from benchmarks.cutting import Way
from plugins.embedded.speech import speak
from router.media.resample import Resampler, Samples

VOICE: Final = "gmw/en-US+edward"
"""espeak-ng's own name for the voice that pocketsphinx understands best."""
WORDS_PER_MINUTE: Final = 175
RATE: Final = 24_000
PROVEN: Final = 4
"""Bytes after which what is passed on has proved to be sound."""
SENTENCES: Final = (
    "The weather is nice today and we are going to the park.",
    "She opened the window and looked at the street below.",
    "Please call me back when you have finished the report.",
    "The train to the city leaves at seven every morning.",
    "My brother works in a small shop near the river.",
    "We need more water and a little bread for the evening.",
    "The children played in the garden until it was dark.",
    "He read the letter twice and put it in his pocket.",
    "They decided to sell the old house and move north.",
    "A good teacher always listens to the questions of students.",
    "Nobody was at home.",
    "The light went out.",
    "She did not answer him.",
    "It was a long winter.",
    "The door was open.",
    "We had lunch together.",
    "The doctor told her to stay in bed for another week.",
    "A large ship came into the harbor before the storm.",
    "I have never seen so many people in one small room.",
    "The old man walked slowly down the road with his dog.",
    "You can leave the money on the table in the kitchen.",
    "The company will open a new office in the spring.",
    "My sister bought a red coat and a pair of black shoes.",
    "There was no sound but the wind in the tall trees.",
    "The farmer sold his horses and bought a second field.",
    "They waited for an hour, and then the music began.",
    "Our neighbors have three cats and a very old bird.",
    "He forgot his hat on the bus and had to run after it.",
    "The soup was hot, but the bread was as hard as a stone.",
    "In the summer we often swim in the lake behind the hill.",
)


@cache
def sounds() -> tuple[bytes, ...]:
    """Have all sentences spoken, in a process of its own: espeak-ng's licence is not ours, and its crashes are its."""
    with ProcessPoolExecutor(1, get_context("spawn")) as speaking:
        return tuple(speaking.map(speak_whole, SENTENCES))


def speak_whole(text: str) -> bytes:
    """Return the sound of a text."""
    return b"".join(speak(text, VOICE, WORDS_PER_MINUTE))


@cache
def spoken(sentence: int, rate: int = RATE) -> bytes:
    """Return the sound of a sentence, by its number."""
    sound = sounds()[sentence]
    return sound if rate == RATE else resampled(sound, rate).tobytes()


def resampled(sound: bytes, rate: int) -> Samples:
    """Return the samples of sound at `RATE` at another rate."""
    resampler = Resampler(RATE, rate)
    return np.concatenate((resampler.feed(np.frombuffer(sound, "<i2")), resampler.close()))


def sentences_in(text: str) -> list[int]:
    """Return the sentences of a text in their order. Raises ValueError if there is more in it, or less."""
    found = sorted(
        (one for one in range(len(SENTENCES)) if SENTENCES[one] in text), key=lambda one: text.find(SENTENCES[one])
    )
    if said(found) != text:
        raise ValueError("this is no text of whole sentences")
    return found


def said(sentences: Sequence[int]) -> str:
    """Return sentences as a text."""
    return " ".join(SENTENCES[one] for one in sentences)


@dataclass(frozen=True)
class Cut:
    """Break off in a sentence after so many bytes of its sound at `RATE`, in some way."""

    sentence: int
    at: int
    way: Way

    def __str__(self) -> str:
        return f"{self.sentence}:{self.at}:{self.way}"

    @classmethod
    def of(cls, spelled: str) -> Self:
        """Read what `str` gives."""
        sentence, at, way = spelled.split(":")
        return cls(int(sentence), int(at), Way(way))

    def place(self, sentences: Sequence[int], rate: int = RATE) -> int:
        """Return the byte in the sound of some sentences, this one among them, at a rate."""
        before = sentences[: sentences.index(self.sentence)]
        return sum(len(spoken(one, rate)) for one in before) + max(self.at * rate // RATE, PROVEN)


@dataclass(frozen=True)
class Tale:
    """What is to be told, each sentence once at most, and where it breaks off: each cut comes after the one before."""

    number: int
    sentences: tuple[int, ...]
    cuts: tuple[Cut, ...]

    @classmethod
    def cut_at(cls, number: int, sentences: Sequence[int], ends: Sequence[tuple[int, Way]]) -> Self:
        """Return a tale that is cut at these bytes of the whole of its sound, in these ways."""
        stops = list(accumulate(len(spoken(one)) for one in sentences))
        cuts = []
        for at, way in sorted(ends):
            which = bisect_right(stops, at)
            cuts.append(Cut(sentences[which], at - (stops[which] - len(spoken(sentences[which]))), way))
        return cls(number, tuple(sentences), tuple(cuts))

    @property
    def text(self) -> str:
        """The whole text."""
        return said(self.sentences)

    @property
    def sound(self) -> list[bytes]:
        """The sound of each sentence."""
        return [spoken(one) for one in self.sentences]

    @property
    def instructions(self) -> str:
        """Where to cut, for the vendor."""
        return " ".join(map(str, (self.number, *self.cuts)))
