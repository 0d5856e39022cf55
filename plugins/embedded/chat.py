"""Replies without a model: they say what was heard and what it is that speaks, so that a conversation can be tried out."""

from collections.abc import AsyncIterator, Sequence
from typing import Final

from router.contract import Message
from router.contract.tokens import without_tokens

LONGEST_ECHO: Final = 300
"""Characters of what was heard that are said again."""
STOPS: Final = ".!?\u3002\uff01\uff1f "
"""What a sentence may end with, the last three in Chinese and Japanese."""
SELF: Final = "No language model is at work here, so I can only say what I heard."


class Echo:
    """A reply, a sentence at a time."""

    def __init__(self, messages: Sequence[Message]) -> None:
        asked = [one.content for one in messages if one.role == "user"]
        self.sentences = (heard(asked[-1] if asked else ""), f" {SELF}")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for sentence in self.sentences:
            yield sentence.encode()

    async def aclose(self) -> None:
        """Nothing is held open."""


def heard(text: str) -> str:
    """Return the sentence that repeats what was said, shortened at a word."""
    plain = " ".join(without_tokens(text).split())
    if not plain:
        return "I heard nothing."
    if len(plain) > LONGEST_ECHO:
        plain = plain[:LONGEST_ECHO].rpartition(" ")[0] or plain[:LONGEST_ECHO]
    return f"You said: {plain.rstrip(STOPS)}."
