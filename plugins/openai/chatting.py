"""Replies as server-sent events."""

from collections.abc import Mapping
from typing import Final

import msgspec

from plugins.openai.refusals import raise_fault
from router.contract import BadOutput, Declined, Event, ProviderFailed, Unavailable

UNFINISHED: Final[Mapping[str, tuple[type[ProviderFailed], str]]] = {
    "length": (BadOutput, "the reply was cut at its longest"),
    "content_filter": (Declined, "the reply was filtered"),
    "insufficient_system_resource": (Unavailable, "the reply was broken off"),
}
"""Why a reply may end before it is one; the last is DeepSeek's."""


class Delta(msgspec.Struct, frozen=True):
    """What is new. Reasoning has a field of its own, which is not said aloud."""

    content: str | None = None


class Choice(msgspec.Struct, frozen=True):
    """The reply, as far as this event goes."""

    delta: Delta = Delta()
    finish_reason: str | None = None


class Chunk(msgspec.Struct, frozen=True):
    """An event; the one that tells the usage has no choices."""

    choices: tuple[Choice, ...] = ()


class Conversation:
    """Reads one reply's events."""

    def __init__(self) -> None:
        self.spoke = False

    def said(self, event: Event) -> bytes | None:
        """Return the text in an event, or None for the last.

        Raises what the event says went wrong, and `BadOutput` for a reply without a word.
        """
        if event.data == b"[DONE]":
            if not self.spoke:
                raise BadOutput("the reply is empty")
            return None
        raise_fault(event)
        text = ""
        for choice in chunk(event).choices[:1]:
            if unfinished := UNFINISHED.get(choice.finish_reason or ""):
                kind, why = unfinished
                raise kind(why)
            text = choice.delta.content or ""
        self.spoke = self.spoke or bool(text)
        return text.encode()


def chunk(event: Event) -> Chunk:
    """Read an event. Raises `BadOutput`."""
    try:
        return msgspec.json.decode(event.data, type=Chunk)
    except ValueError as error:
        raise BadOutput("an event of the reply makes no sense") from error
