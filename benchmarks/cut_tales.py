"""The streams of the splice soak: what is told, where it is cut, and what must reach the caller nevertheless."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Final

from benchmarks.cut_callers import Body, Ending
from benchmarks.cutting import Way
from benchmarks.listening import COARSE, Wave, coarse, holds, resembles
from benchmarks.tale import RATE, SENTENCES, Cut, Tale, sentences_in, spoken
from router.contract import AudioFormat
from router.engine.sentences import grouped
from router.media.join import BREATH

ATTEMPTS: Final = 3
"""What a request has."""
HOPELESS: Final = 200
"""One stream in so many is cut as often as a request has attempts."""
ENCODED: Final = 30
"""One in so many is asked for in another format than pcm, and as many go to targets of two sample rates."""
OTHERS: Final = tuple(kind for kind in AudioFormat if kind is not AudioFormat.PCM)
WAYS: Final = {Way.RESET: 33, Way.UNTERMINATED: 33, Way.SHORT: 32, Way.SILENT: 2}
"""How often of a hundred times a stream is cut in each way."""
TWICE: Final = 0.25
"""The share that is cut a second time, too."""
EXACTLY: Final = 1e-6
PADDING: Final = 0.15
"""Seconds that an encoder may add."""


@dataclass(frozen=True)
class Stream:
    """One request: what is to be told, through which route, in which format."""

    tale: Tale
    route: str
    format: AudioFormat

    @property
    def body(self) -> Body:
        """The request's body."""
        told = {"input": self.tale.text, "instructions": self.tale.instructions}
        return {**told, "model": self.route, "voice": "narrator", "response_format": self.format}

    @property
    def due(self) -> Ending:
        """What its caller must see."""
        resumed = self.route != "never" and len(self.tale.cuts) < ATTEMPTS
        return Ending.WHOLE if resumed else Ending.INCOMPLETE

    @property
    def name(self) -> str:
        """What it was, for figures."""
        cuts = ", ".join(cut.way for cut in self.tale.cuts)
        return f"{self.format} by {self.route}, cut {cuts}"

    @property
    def is_exact(self) -> bool:
        """Whether the samples are the vendor's own."""
        return self.format is AudioFormat.PCM and self.route == "tale"

    def lasts(self) -> tuple[float, float]:
        """Return the seconds it lasts at least, with nothing said twice, and at most."""
        groups = grouped(self.tale.text)
        pauses = BREATH * (len(groups) - 1 + len(self.tale.cuts))
        least = sum(map(len, self.tale.sound)) / 2 / RATE + pauses
        return least, least + sum(map(self._replayed, self.tale.cuts)) / 2 / RATE

    def flaws(self, body: bytes) -> Iterator[str]:
        """Yield what is not right with the sound that a caller took for whole."""
        heard = body if self.is_exact else coarse(body, self.format)
        least, most = self.lasts()
        seconds = len(body) / 2 / RATE if isinstance(heard, bytes) else heard.size / COARSE
        if not least - EXACTLY <= seconds <= most + (EXACTLY if self.is_exact else PADDING):
            yield f"it lasts {seconds:.3f} s, and not {least:.3f} to {most:.3f}"
        entire = holds(heard, self.tale.sound) if isinstance(heard, bytes) else resembles(heard, self._coarse())
        if not entire:
            yield "part of the text is missing"

    def _coarse(self) -> list[Wave]:
        return [coarse(one, AudioFormat.PCM) for one in self.tale.sound]

    def _replayed(self, cut: Cut) -> int:
        """Return how many bytes are heard of a group of sentences until it breaks off."""
        groups = map(sentences_in, grouped(self.tale.text))
        return next(cut.place(group) for group in groups if cut.sentence in group)


def draw(random: Random, number: int) -> Stream:
    """Return a stream at random."""
    sentences = random.sample(range(len(SENTENCES)), random.randint(3, 6))
    often = ATTEMPTS if number % HOPELESS == HOPELESS // 2 else 1 + (random.random() < TWICE)
    places = random.sample(range(sum(len(spoken(one)) for one in sentences)), often)
    ways = random.choices(list(WAYS), list(WAYS.values()), k=often)
    tale = Tale.cut_at(number, sentences, list(zip(places, ways, strict=True)))
    kind = OTHERS[number // ENCODED % len(OTHERS)] if number % ENCODED == 0 else AudioFormat.PCM
    return Stream(tale, "rates" if number % ENCODED == 1 else "tale", kind)
