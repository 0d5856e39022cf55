"""What happens in a conversation, for a dialect to tell: in this order, and one at a time."""

from collections.abc import Callable, Sequence
from typing import Final, Protocol

import msgspec

from router.contract import MediaError
from router.voice.directives import Directive


class Partial(msgspec.Struct, frozen=True):
    """What was heard of a question so far; a later one may say otherwise."""

    text: str


class Heard(msgspec.Struct, frozen=True):
    """A question as it is settled."""

    text: str


class Directed(msgspec.Struct, frozen=True):
    """How a reply is to be spoken, told once, before its first sentence."""

    directive: Directive


class Said(msgspec.Struct, frozen=True):
    """A sentence of the reply; its audio comes next."""

    text: str


class AudioBegun(msgspec.Struct, frozen=True):
    """Audio follows: s16le, mono, at so many hertz."""

    rate: int


class Audio(msgspec.Struct, frozen=True):
    """A piece of a sentence: whole samples."""

    pcm: bytes


class AudioEnded(msgspec.Struct, frozen=True):
    """A sentence's audio is complete."""


class Replied(msgspec.Struct, frozen=True):
    """A reply is complete; `text` is all of what was spoken."""

    text: str


class Interrupted(msgspec.Struct, frozen=True):
    """A turn was cut off by the next one, and nothing of it comes after this; `text` is what was spoken of its reply."""

    text: str


class Failed(msgspec.Struct, frozen=True):
    """Something went wrong; if a turn was under way and it was not the caller who erred, that turn is over."""

    error: MediaError


class Aside(msgspec.Struct, frozen=True):
    """What a dialect has to tell that comes of no turn: made when its time comes, after all that was said before it."""

    tell: Callable[[], Sequence[str]]


Event = Partial | Heard | Directed | Said | AudioBegun | Audio | AudioEnded | Replied | Interrupted | Failed | Aside
REPLYING: Final = (Directed, Said, AudioBegun, Audio, AudioEnded, Replied)
"""What a reply consists of, and what is dropped of it when it is interrupted."""


class Sink(Protocol):
    """Where events go: whoever writes them to the caller, in order."""

    async def emit(self, event: Event) -> None:
        """Take an event; wait while the caller reads too slowly."""

    def drop(self) -> bool:
        """Forget what is left of a reply (`REPLYING`) and not yet on its way; say whether there was any."""
