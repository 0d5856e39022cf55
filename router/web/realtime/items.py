"""What was said in a session, item by item: the client may add to it, take from it, and cut off what it did not play."""

import asyncio
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from router.contract import Conflict, Invalid, MediaError, Message, NotFound
from router.voice.sentences import joined
from router.web.realtime.vocabulary import Vocabulary

MOST: Final = 500
LONGEST: Final = 256 * 1024
"""Items of a session, and their characters in all: the oldest are forgotten beyond (`truncation: auto`)."""
LONGEST_TEXT: Final = 64 * 1024
LONGEST_ID: Final = 128
FIRST: Final = "root"
"""Stands for what is before the first item."""


class Role(StrEnum):
    """Who said something."""

    USER = "user"
    ASSISTANT = "assistant"
    SYSTEM = "system"


class ContentType(StrEnum):
    """What a part of an item is; the last two are what the first generation calls the two before. There are no pictures."""

    INPUT_TEXT = "input_text"
    INPUT_AUDIO = "input_audio"
    OUTPUT_TEXT = "output_text"
    OUTPUT_AUDIO = "output_audio"
    TEXT = "text"
    AUDIO = "audio"


class ItemType(StrEnum):
    """There are no calls of functions and no approvals."""

    MESSAGE = "message"


class NewPart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of an item that a client adds."""

    type: ContentType
    text: Annotated[str, Meta(max_length=LONGEST_TEXT)] | None = None
    audio: str | None = None
    transcript: Annotated[str, Meta(max_length=LONGEST_TEXT)] | None = None


class NewItem(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An item that a client adds (`RealtimeConversationItem*Message`)."""

    type: ItemType
    role: Role
    content: Annotated[tuple[NewPart, ...], Meta(min_length=1, max_length=16)]
    id: Annotated[str, Meta(min_length=1, max_length=LONGEST_ID)] | None = None
    object: str | None = None
    status: str | None = None


ALLOWED: Final = {
    Role.SYSTEM: (ContentType.INPUT_TEXT,),
    Role.USER: (ContentType.INPUT_TEXT, ContentType.INPUT_AUDIO),
    Role.ASSISTANT: (ContentType.OUTPUT_TEXT, ContentType.OUTPUT_AUDIO, ContentType.TEXT, ContentType.AUDIO),
}


class Said(msgspec.Struct):
    """A sentence, and how many seconds of it were sent."""

    text: str
    seconds: float = 0.0


class Part(msgspec.Struct):
    """A part of an item: text, or sound and its transcript, which for what a caller said is there once `hearing` is done."""

    audible: bool
    sentences: list[Said] = []
    hearing: asyncio.Task[str] | None = None
    seconds: float = 0.0

    @property
    def text(self) -> str:
        """Its words, as far as they are known."""
        if self.hearing is not None:
            return self.hearing.result() if heard(self.hearing) else ""
        return joined(one.text for one in self.sentences)

    async def settled(self) -> None:
        """Wait for its words, and no longer than they take. Raises `MediaError` where they could not be had."""
        if self.hearing is not None:
            await asyncio.wait({self.hearing})  # not awaited itself: whoever is cut off here must not take it along
            self.hearing.result()

    def cut(self, seconds: float) -> None:
        """Forget what comes after so many seconds; of the sentence in which they end the words up to there stay."""
        kept, left = [], seconds
        for one in self.sentences:
            if left >= one.seconds:
                kept.append(one)
            elif left > 0:
                share = one.text[: int(len(one.text) * left / one.seconds)]
                kept.append(Said(share.rpartition(" ")[0] or share, left))
            left -= one.seconds
        self.sentences = [one for one in kept if one.text]
        self.seconds = min(self.seconds, seconds)


class Item(msgspec.Struct):
    """Something that was said by somebody."""

    id: str
    role: Role
    parts: list[Part]
    status: str = "completed"

    @property
    def text(self) -> str:
        """All its words, as far as they are known."""
        return "\n".join(part.text for part in self.parts if part.text)

    def shown(self, names: Vocabulary) -> dict[str, Any]:
        """Return it as clients get it, without its sound."""
        content = [self._shown(part, names) for part in self.parts]
        return {
            "id": self.id, "object": "realtime.item", "type": "message",
            "status": self.status, "role": self.role, "content": content,
        }  # fmt: skip

    def _shown(self, part: Part, names: Vocabulary) -> dict[str, Any]:
        replied = self.role is Role.ASSISTANT
        if not part.audible:
            return {"type": names.text if replied else "input_text", "text": part.text}
        transcript = part.text if replied else part.text or None
        return {"type": names.audio if replied else "input_audio", "transcript": transcript}


class Items:
    """The items of a session, in order."""

    def __init__(self) -> None:
        self._items: list[Item] = []

    def __iter__(self) -> Iterator[Item]:
        return iter(tuple(self._items))

    @property
    def last(self) -> str | None:
        """The id of the latest item."""
        return self._items[-1].id if self._items else None

    def add(self, item: Item, after: str | None = None) -> str | None:
        """Put an item after another, by default the latest, and return the id of that one.

        Raises `NotFound` where there is no such, `Conflict` for an id that is taken.
        """
        if any(one.id == item.id for one in self._items):
            raise Conflict(f"there is an item {item.id!r} already", code="item_exists", param="item.id")
        if after is None:
            place = len(self._items)
        else:
            place = 0 if after == FIRST else self._place(after, "previous_item_id") + 1
        before = self._items[place - 1].id if place else None
        self._items.insert(place, item)
        self._trim()
        return before

    def find(self, item: str) -> Item:
        """Return an item. Raises `NotFound`."""
        return self._items[self._place(item, "item_id")]

    def discard(self, item: Item | None) -> None:
        """Take an item away, if it is there."""
        self._items = [one for one in self._items if one is not item]

    def _trim(self) -> None:
        """Forget the oldest items where there are too many, or too many words in them."""
        size = sum(len(one.text) for one in self._items)
        while len(self._items) > MOST or (size > LONGEST and len(self._items) > 1):
            size -= len(self._items.pop(0).text)

    def _place(self, item: str, param: str) -> int:
        place = next((at for at, one in enumerate(self._items) if one.id == item), None)
        if place is None:
            raise NotFound(f"there is no item {item[:60]!r} in this session", code="item_not_found", param=param)
        return place


def checked(new: NewItem) -> NewItem:
    """Return an item whose parts are what its role may say. Raises `Invalid`."""
    allowed = ALLOWED[new.role]
    for at, part in enumerate(new.content):
        where = f"item.content[{at}]"
        if part.type not in allowed:
            choices = ", ".join(allowed)
            raise Invalid(
                f"`{where}.type` of the role {new.role} must be one of {choices}, not {part.type}",
                code="invalid_value", param=f"{where}.type", limit=choices,
            )  # fmt: skip
        wanted = {
            ContentType.INPUT_AUDIO: "audio",
            ContentType.OUTPUT_AUDIO: "transcript",
            ContentType.AUDIO: "transcript",
        }
        name = wanted.get(part.type, "text")
        if not getattr(part, name):
            raise Invalid(f"`{where}.{name}` is required", code="missing_field", param=f"{where}.{name}")
    return new


def heard(hearing: asyncio.Task[str]) -> bool:
    """Whether the words of a recording are there."""
    return hearing.done() and not hearing.cancelled() and hearing.exception() is None


async def history(items: Sequence[Item]) -> list[Message]:
    """Return what was said, for a model, once all of it is written down.

    Raises `MediaError` where that fails for the latest item, `Invalid` where there are no words in it; earlier ones
    without words are left out.
    """
    said = []
    for item in items:
        try:
            for part in item.parts:
                await part.settled()
        except MediaError:
            if item is items[-1]:
                raise
        if item.text.strip():
            said.append(Message(item.role.value, item.text))
        elif item is items[-1] and item.role is Role.USER:
            raise Invalid("no words were heard", code="nothing_heard")
    return said
