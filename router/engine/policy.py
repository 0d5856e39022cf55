"""Which targets may serve a request, and in what order. Pure: the same question has the same answer."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from random import Random
from typing import Final

import msgspec

from router.contract import (
    AnyOffer,
    AudioFormat,
    AvatarLimits,
    AvatarRequest,
    NotFound,
    Request,
    SpeechLimits,
    SpeechRequest,
    Task,
    Unsupported,
)
from router.engine.health import Health, TargetHealth
from router.engine.settings import Pick, Route, Splice, Target, Tier
from router.engine.wording import worded

UNMEASURED: Final = 0.0
"""First-byte time taken for a target nobody has asked yet, so that `fastest` tries it."""


class Candidate(msgspec.Struct, frozen=True, eq=False):
    """A target that can serve the request: the offer to call, and the request in its own terms.

    `target` is how people name it, `provider/model` or the provider alone; `model` is empty where none is asked for.
    Compared by identity: a request may hold megabytes, and a route may name a provider twice.
    """

    provider: str
    kind: str
    model: str
    target: str
    offer: AnyOffer
    request: Request
    health: TargetHealth


class Choice(msgspec.Struct, frozen=True):
    """The candidates in the order to try them, and why the other targets declined."""

    candidates: tuple[Candidate, ...]
    declined: Mapping[str, str]


class Field(msgspec.Struct, frozen=True):
    """All that a choice is made from, apart from the request and its route.

    `unspoken` says why the texts of a film cannot be spoken for a provider, see `router.engine.texts`.
    """

    offers: Mapping[tuple[str, Task], AnyOffer]
    kinds: Mapping[str, str]
    voices: Mapping[str, Mapping[str, str]]
    health: Health
    random: Random = msgspec.field(default_factory=Random)
    unspoken: Callable[[AvatarRequest, str, AvatarLimits, "Field"], str | None] = lambda *_: None


def choose(request: Request, route: Route, field: Field) -> Choice:
    """Order the targets of `route` for `request`; raise when none of them can serve it.

    Raises `Unsupported` with each target's reason, or `NotFound` if all that is wrong is the voice.
    """
    candidates: list[Candidate] = []
    declined: dict[str, str] = {}
    for tier in route.tiers:
        fit: list[tuple[Target, Candidate]] = []
        for target in tier.targets:
            candidate = consider(request, route, target, field)
            if isinstance(candidate, str):
                declined[target.provider] = candidate
            else:
                fit.append((target, candidate))
        candidates += ordered(tier, fit, field.random)
    if not candidates:
        raise nobody(request, route, declined)
    return Choice(tuple(candidates), declined)


def consider(request: Request, route: Route, target: Target, field: Field) -> Candidate | str:
    """Return the target as a candidate, or the reason why it declines."""
    offer = field.offers.get((target.provider, route.task))
    if offer is None:
        return f"offers no {route.task}"
    model = model_there(request, target, offer)
    there: Request = request if model == request.model else msgspec.structs.replace(request, model=model)
    limits = offer.limits
    if isinstance(there, SpeechRequest) and isinstance(limits, SpeechLimits):
        speech = in_voice_of(target.provider, there, field.voices)
        if speech is None or not limits.knows_voice(speech.voice):
            return NO_VOICE
        if is_spliced(route, speech) and AudioFormat.PCM not in limits.formats:
            return NO_PCM
        there = with_native_format(worded(speech, limits), limits)
    reason = limits.why_not(there)  # type: ignore[arg-type]  # an offer under a task has that task's limits
    if reason is None and isinstance(limits, AvatarLimits) and isinstance(there, AvatarRequest):
        reason = field.unspoken(there, target.provider, limits, field)
    if reason is not None:
        return reason
    provider, asked = target.provider, there.model or ""
    name = f"{provider}/{asked}" if asked else provider
    health = field.health.of(provider, route.task)
    return Candidate(provider, field.kinds[provider], asked, name, offer, there, health)


NO_VOICE: Final = "has no such voice"
NO_PCM: Final = "streams no pcm, and only that can be joined"
NEVER: Final = Splice.NEVER  # by a name of its own, as the states of a breaker are


def is_spliced(route: Route, request: Request) -> bool:
    """Whether a request is spoken in parts. Word times are of one whole stream, so who asks for them gets one."""
    return route.splice is not NEVER and isinstance(request, SpeechRequest) and not request.words


def in_voice_of(provider: str, request: SpeechRequest, voices: Mapping[str, Mapping[str, str]]) -> SpeechRequest | None:
    """Return the request with a logical voice turned into the provider's own; None if it has none for it."""
    known = voices.get(request.voice or "")
    if known is None:
        return request
    return msgspec.structs.replace(request, voice=known[provider]) if provider in known else None


def with_native_format(request: SpeechRequest, limits: SpeechLimits) -> SpeechRequest:
    """Ask for the caller's format where the offer has it, else for the offer's best; never for a default.

    A bit rate means encoding here, so the best is asked for then too.
    """
    if request.format in limits.formats and request.bit_rate is None:
        return request
    return msgspec.structs.replace(request, format=limits.formats[0])


def model_there(request: Request, target: Target, offer: AnyOffer) -> str | None:
    """Return the vendor's model: the target's own, else the caller's if it is one there, else its first."""
    if target.model is not None:
        return target.model
    if request.model in offer.models:
        return request.model
    return offer.models[0] if offer.models else None


def ordered(tier: Tier, fit: Sequence[tuple[Target, Candidate]], random: Random) -> Iterable[Candidate]:
    """Order one tier's candidates as its `pick` says; ties are broken at random."""
    if len(fit) == 1:
        return [fit[0][1]]
    shuffled = sorted(fit, key=lambda _: random.random())
    match tier.pick:
        case Pick.WEIGHTED:
            # Efraimidis and Spirakis: the largest of u^(1/w) falls on each with the chance of its weight.
            shuffled.sort(key=lambda one: -(random.random() ** (1 / one[0].weight)))
        case Pick.LEAST_BUSY:
            shuffled.sort(key=lambda one: one[1].health.load)
        case Pick.FASTEST:
            shuffled.sort(key=lambda one: one[1].health.first_byte or UNMEASURED)
    return [candidate for _, candidate in shuffled]


def nobody(request: Request, route: Route, declined: Mapping[str, str]) -> NotFound | Unsupported:
    """Return the error for a request that every target declines."""
    if isinstance(request, SpeechRequest) and set(declined.values()) == {NO_VOICE}:
        return NotFound(
            f"no provider of route {route.name!r} has a voice {request.voice!r}; GET /v1/voices lists them",
            code="voice_not_found",
            param="voice",
        )
    told = "; ".join(f"{provider} {reason}" for provider, reason in declined.items())
    return Unsupported(f"no provider of route {route.name!r} can serve this: {told}", reasons=declined)
