"""Delivery: control tokens that a scenario sets or a model writes, resolved into what leads each sentence.

Seed 002: tokens of emotion, style, speed, pitch and expressiveness lead a line and colour the whole of it; sound effects
and pauses stand at their spot. Voices that know no tokens never see one: the engine sees to that.
"""

from collections.abc import Iterator
from re import compile as regex
from typing import Final

import msgspec

from router.contract.tokens import CATALOGUE, TOKEN
from router.engine.settings.scenarios import Delivery

AT_THE_SPOT: Final = frozenset({"pause", "long_pause"})
REMAINS: Final = regex(r"<\|[\w:]*\|?>?|\|>")
"""What is left of a token that was not written to its end."""
BLANKS: Final = regex(r"\s+")
KINDS: Final = ("emotion", "style", "speed", "pitch", "expressive")
"""The order in which tokens lead a sentence."""


class Directive(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a reply is spoken: the tokens that lead it, and what they say."""

    tokens: str
    emotion: str | None = None
    style: str | None = None
    speed: str | None = None
    expressive: str | None = None
    pitch: str | None = None
    sfx: str | None = None


class Colours(msgspec.Struct):
    """What colours the sentences from here on: a token of each kind at most, the latest of its kind."""

    delivery: Delivery
    set: dict[str, str] = {}

    def __post_init__(self) -> None:
        self.set |= self.delivery.tokens

    def spoken(self, sentence: str) -> str:
        """Return a sentence as it is to be spoken: led by what colours it, with sounds and pauses at their spots.

        What a sentence says of its own colour holds for those after it as well.
        """
        words = []
        end = 0
        for token in TOKEN.finditer(sentence):
            words.append(plain(sentence[end : token.start()]))
            words.append(self._placed(token[0], token[1], token[2]))
            end = token.end()
        words.append(plain(sentence[end:]))
        return self.prefix + BLANKS.sub(" ", "".join(words)).strip()

    @property
    def prefix(self) -> str:
        """The tokens that lead a sentence."""
        return "".join(self.set[kind] for kind in KINDS if kind in self.set)

    def directive(self, spoken: str) -> Directive:
        """Return how a reply is spoken that begins with a sentence as `spoken` returned it."""
        sounds = (token[2] for token in leading(spoken) if token[1] == "sfx")
        sound = next(sounds, None)
        values = {kind: told(token) for kind, token in self.set.items()}
        tokens = self.prefix + (f"<|sfx:{sound}|>" if sound else "")
        return Directive(tokens=tokens, sfx=sound, **values)

    def _placed(self, token: str, category: str, value: str) -> str:
        """Return what stays at a token's spot: sounds and pauses."""
        if not self.delivery.choose or value not in CATALOGUE.get(category, ()):
            return " "
        if category == "sfx" or value in AT_THE_SPOT:
            return token
        self.set[kind_of(category, value)] = token
        return " "


def kind_of(category: str, value: str) -> str:
    """Return what a token sets: speed, pitch and expressiveness are all prosody."""
    return value.partition("_")[0] if category == "prosody" else category


def told(token: str) -> str:
    """Return what a token says of its kind: `slow` for the one of slow speed."""
    category, _, value = token.strip("<|>").partition(":")
    return value.partition("_")[2] if category == "prosody" else value


def leading(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield the tokens at the start of a text: the whole, its category and its value."""
    at = 0
    while found := TOKEN.match(text, at):
        yield found[0], found[1], found[2]
        at = found.end()


def plain(text: str) -> str:
    """Return text without broken tokens."""
    return REMAINS.sub(" ", text)


def shown(sentence: str) -> str:
    """Return a sentence as people read it: no token, no doubled blank."""
    return BLANKS.sub(" ", plain(TOKEN.sub(" ", sentence))).strip()


def advice() -> str:
    """Return what a model is told of the tokens it may write."""
    catalogue = "\n".join(f"{category}: {', '.join(sorted(values))}" for category, values in CATALOGUE.items())
    return (
        "Your words are spoken. You may begin a reply with control tokens that colour it, such as <|emotion:relief|> or "
        "<|prosody:speed_slow|>, and put sounds and pauses where they belong, such as <|sfx:laughter|> or "
        f"<|prosody:pause|>. Use them sparingly, and only these:\n{catalogue}"
    )
