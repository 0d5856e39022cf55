"""What may be asked for, read off routes and offers: models, voices, offers."""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from router.contract import SpeechLimits, Voice
from router.engine.fleet import TASKS
from router.web.site import Site

OWNER: Final = "media-router"


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """A model name, in OpenAI's shape, and the route and task it stands for."""

    id: str
    object: str = "model"
    created: int = 0
    owned_by: str = OWNER
    route: str
    task: str


class ListedVoice(msgspec.Struct, frozen=True, kw_only=True):
    """A voice, and who speaks with it; a voice of the router's own names its equals at each provider."""

    id: str
    name: str
    providers: dict[str, str]
    languages: tuple[str, ...] = ()
    gender: str | None = None


class ListedOffer(msgspec.Struct, frozen=True, kw_only=True):
    """One thing one provider does, and its limits."""

    provider: str
    kind: str
    task: str
    models: tuple[str, ...]
    limits: dict[str, Any]


def models_of(site: Site) -> list[Model]:
    """Return each name once, for the first route that answers to it."""
    found: dict[str, Model] = {}
    for route in site.engine.routes:
        for name in (*route.models, route.name):
            found.setdefault(name, Model(id=name, route=route.name, task=route.task))
    return list(found.values())


def voices_of(site: Site) -> list[ListedVoice]:
    """Return the configured voices, then the providers' own, each name once with all who speak it."""
    ours = [ListedVoice(id=name, name=name, providers=dict(equals)) for name, equals in site.voices.items()]
    theirs: dict[str, ListedVoice] = {}
    for provider, voice in _spoken(site):
        first = ListedVoice(id=voice.id, name=voice.name, providers={}, languages=voice.languages, gender=voice.gender)
        listed = theirs.setdefault(voice.id, first)
        listed.providers[provider] = voice.id
    return ours + list(theirs.values())


def offers_of(site: Site) -> list[ListedOffer]:
    """Return every offer with its limits as plain values."""
    return [
        ListedOffer(
            provider=name,
            kind=provider.kind,
            task=TASKS[offer.accepts],
            models=offer.models,
            limits=msgspec.to_builtins(offer.limits, order="deterministic"),
        )
        for name, provider in site.engine.providers.items()
        for offer in provider.offers()
    ]


def _spoken(site: Site) -> Iterator[tuple[str, Voice]]:
    for name, provider in site.engine.providers.items():
        for offer in provider.offers():
            if isinstance(offer.limits, SpeechLimits):
                yield from ((name, voice) for voice in offer.limits.voices or ())
