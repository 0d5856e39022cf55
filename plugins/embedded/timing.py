"""When each word of a spoken text is said, told from the marks that espeak-ng sets as it goes."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from re import compile as regex

from plugins.embedded.espeak import Mark
from router.contract import Word

UNSPACED = regex(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
"""Scripts that put no blanks between words: Thai, Lao, Burmese, Khmer, Japanese, Chinese."""
WRITTEN = regex(r"\S+")


def timed(text: str, marks: Sequence[Mark], end: float) -> tuple[Word, ...]:
    """Return the words of `text` as they are written, punctuation included, with their times in seconds.

    A word lasts until the next one begins or its clause ends, and none beyond `end`. Words that the engine says in
    one breath, such as "out of the", come with one mark: its time is shared out by their lengths. What is not said,
    such as a dash, is left out.
    """
    begun = list(beginnings(text, marks))
    stops = sorted(mark.seconds for mark in marks if mark.at is None)
    spoken: list[Word] = []
    for (at, start), (after, following) in pairwise([*begun, (len(text), end)]):
        stop = next((one for one in stops if one > start), end)
        spoken += shared(text[at:after], start, min(following, stop, end))
    return tuple(spoken)


def beginnings(text: str, marks: Sequence[Mark]) -> Iterator[tuple[int, float]]:
    """Yield where each marked word begins in the text, and when; a number or a spelt word has many marks."""
    last = -1
    for at, seconds in marks:
        if at is None or not 0 <= at < len(text) or text[at].isspace():
            continue
        begin = beginning(text, at)
        if begin > last:
            yield begin, seconds
            last = begin


def beginning(text: str, at: int) -> int:
    """Return where the written word around an index begins."""
    if UNSPACED.match(text[at]):
        return at
    while at and not text[at - 1].isspace() and not UNSPACED.match(text[at - 1]):
        at -= 1
    return at


def shared(piece: str, start: float, end: float) -> Iterator[Word]:
    """Yield the words of a piece of text that has one mark, each with its share of the time."""
    first, *others = WRITTEN.findall(piece)
    words = [first, *(one for one in others if any(map(str.isalnum, one)))]
    second = max(end - start, 0.0) / sum(map(len, words))
    for word in words:
        yield Word(word, milli(start), milli(start + second * len(word)))
        start += second * len(word)


def milli(seconds: float) -> float:
    """Cut seconds to whole thousandths, so that none reaches beyond the sound."""
    return int(seconds * 1000) / 1000
