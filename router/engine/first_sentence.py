"""The commit point of replies: nobody speaks half a sentence, so until the first is complete another may reply instead."""

from collections.abc import AsyncIterator
from typing import Final

from sentencex import segment  # type: ignore[import-untyped]  # it ships no types

from router.contract import ByteStream
from router.engine.sentences import has_words

MOST_HELD: Final = 600
"""Bytes after which a reply counts as begun, sentence or not."""


class FirstSentence:
    """A reply's text whose first piece is at least a sentence; then it comes as it is written."""

    def __init__(self, source: ByteStream) -> None:
        self.source = source

    async def __aiter__(self) -> AsyncIterator[bytes]:
        held, complete = b"", False
        async for chunk in self.source:
            if complete:
                yield chunk
                continue
            held += chunk
            if complete := is_sentence(held):
                yield held
        if held and not complete:
            yield held

    async def aclose(self) -> None:
        """Close the source."""
        await self.source.aclose()


def is_sentence(text: bytes) -> bool:
    """Whether a sentence is complete in the beginning of a text: the next one has begun."""
    if len(text) > MOST_HELD:
        return True
    parts: list[str] = segment("en", text.decode(errors="ignore"))
    return sum(map(has_words, parts)) > 1
