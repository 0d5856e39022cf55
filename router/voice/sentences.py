"""Sentences, in many languages, as soon as each is complete in a text that is still being written."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import aclosing
from typing import Final
from unicodedata import east_asian_width

from sentencex import segment  # type: ignore[import-untyped]  # it ships no types

from router.engine.sentences import has_words

LONGEST: Final = 600
"""Characters after which a sentence is cut at a blank: nobody should wait for the end of one that has none."""


class Sentences:
    """Splits text as it comes. A sentence is complete once a word of the next one is there, or the text has ended.

    What has no words in it, such as a lone exclamation mark, goes with the sentence beside it.
    """

    def __init__(self, language: str | None = None) -> None:
        self.language = (language or "en").partition("-")[0].lower()
        self.rest = ""

    def feed(self, text: str) -> list[str]:
        """Add text and return the sentences that are complete now."""
        self.rest += text
        complete = []
        while sentence := self._next():
            complete.append(sentence)
            self.rest = self.rest[len(sentence) :]
        return [one.strip() for one in complete]

    def end(self) -> list[str]:
        """Return what is left, if there is a word in it."""
        left, self.rest = self.rest.strip(), ""
        return [left] if has_words(left) else []

    def _next(self) -> str:
        if not has_words(self.rest):
            return ""
        parts: list[str] = segment(self.language, self.rest)
        for at in range(1, len(parts)):
            first, others = "".join(parts[:at]), "".join(parts[at:])
            if has_words(first) and has_words(others) and self.rest.startswith(first):
                return first
        return cut(self.rest) if len(self.rest) > LONGEST else ""


def cut(text: str) -> str:
    """Return the beginning of a sentence that is too long, to its last blank if it has any."""
    beginning = text[:LONGEST]
    words = beginning.rstrip().rpartition(" ")[0]
    return f"{words} " if words else beginning


def joined(parts: Iterable[str]) -> str:
    """Return sentences as one text: with blanks between them, but for those that end in a mark as wide as a letter."""
    text = ""
    for part in parts:
        narrow = text and east_asian_width(text[-1]) not in {"W", "F"}
        text += f" {part}" if narrow else part
    return text


async def sentences(texts: AsyncGenerator[str], language: str | None = None) -> AsyncIterator[str]:
    """Yield the sentences of a text that comes in pieces, and close what it comes from."""
    splitter = Sentences(language)
    async with aclosing(texts):
        async for text in texts:
            for sentence in splitter.feed(text):
                yield sentence
    for sentence in splitter.end():
        yield sentence
