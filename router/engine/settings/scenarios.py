"""Conversations over a socket: what the model is told, in which voice it answers, by which routes, and within what bounds."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Final, Literal

from msgspec import Meta

from router.engine.settings.branch import Branch
from router.engine.settings.durations import Seconds

Word = Annotated[str, Meta(min_length=1)]
Count = Annotated[int, Meta(ge=1)]
Emotion = Literal[
    "elation", "amusement", "enthusiasm", "determination", "pride", "contentment", "affection", "relief",
    "contemplation", "confusion", "surprise", "awe", "longing", "arousal", "anger", "fear", "disgust", "bitterness",
    "sadness", "shame", "helplessness",
]  # fmt: skip
"""The emotions of `router.contract.tokens`."""

DAILY: Final = "daily"
"""The scenario of those who name none: seed 002's default."""
PROMPT: Final = (
    "You are talking with somebody aloud. Answer as people speak: briefly, in whole sentences, "
    "without lists, markup or emoji, in the language you are spoken to."
)


class Delivery(Branch, frozen=True, kw_only=True):
    """How replies are spoken by voices that obey control tokens; other voices never see one.

    With `choose` the model is told which tokens there are, and what it writes takes precedence over what is set here.
    Without it what it writes of them is dropped.
    """

    emotion: Emotion | None = None
    style: Literal["singing", "shouting", "whispering"] | None = None
    speed: Literal["very_slow", "slow", "fast", "very_fast"] | None = None
    pitch: Literal["low", "high"] | None = None
    expressive: Literal["low", "high"] | None = None
    choose: bool = True

    @property
    def tokens(self) -> Mapping[str, str]:
        """What is set, by its kind, as the control token's text."""
        prosody = {kind: getattr(self, kind) for kind in ("speed", "pitch", "expressive")}
        told = {kind: f"<|prosody:{kind}_{value}|>" for kind, value in prosody.items() if value}
        coloured = {kind: getattr(self, kind) for kind in ("emotion", "style")}
        return {kind: f"<|{kind}:{value}|>" for kind, value in coloured.items() if value} | told


class Scenario(Branch, frozen=True, kw_only=True):
    """A kind of conversation. `transcription`, `chat` and `speech` name routes or models, the task's first route if not given.

    `longest` is how much of a question is listened to; every `partials` it is written down so far, `null` for never.
    `language` is the one that is spoken to it. `temperature` and `max_tokens` go to the model.
    """

    prompt: Word = PROMPT
    voice: Word | None = None
    language: Word | None = None
    transcription: Word | None = None
    chat: Word | None = None
    speech: Word | None = None
    delivery: Delivery = Delivery()
    longest: Seconds = 60.0
    partials: Seconds | None = 0.7
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    max_tokens: Count | None = None


class Sockets(Branch, frozen=True, kw_only=True):
    """How many sockets a process keeps open at once, and how long one may be silent on both sides."""

    at_once: Count = 1000
    idle: Seconds = 300.0


Scenarios = Mapping[str, Scenario]
BUILT_IN: Final[Scenarios] = MappingProxyType({DAILY: Scenario()})
"""What there is where the configuration names no scenario."""


def built_in() -> Scenarios:
    """Return the scenarios of a configuration that names none."""
    return BUILT_IN


def named(scenarios: Scenarios, name: str | None) -> str | None:
    """Return which scenario a name means: none at all is `daily`, or the first where there is no such. None if unknown."""
    if name is None:
        return DAILY if DAILY in scenarios else next(iter(scenarios))
    return name if name in scenarios else None
