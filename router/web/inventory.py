"""What may be asked for, read off routes and offers: models, voices, offers."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from router.contract import SpeechLimits, Task, Voice
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


def models_of(site: Site, team: str) -> list[Model]:
    """Return each name that a team may use, once, for the first route that answers to it."""
    found: dict[str, Model] = {}
    may = site.admission.may
    for route in site.engine.routes:
        for name in (one for one in (*route.models, route.name) if may(team, route.task, one)):
            found.setdefault(name, Model(id=name, route=route.name, task=route.task))
    return list(found.values())


def voices_of(site: Site, team: str) -> list[ListedVoice]:
    """Return the configured voices, then the providers' own, each name once with all who speak it for a team."""
    ours = [own for name, equals in site.voices.items() if (own := _ours(site, team, name, equals)).providers]
    theirs: dict[str, ListedVoice] = {}
    for provider, voice in _spoken(site, team):
        first = ListedVoice(id=voice.id, name=voice.name, providers={}, languages=voice.languages, gender=voice.gender)
        listed = theirs.setdefault(voice.id, first)
        listed.providers[provider] = voice.id
    return ours + list(theirs.values())


def offers_of(site: Site, team: str) -> list[ListedOffer]:
    """Return every offer that a team may make use of, with its limits as plain values."""
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
        if site.admission.reaches(team, name, TASKS[offer.accepts])
    ]


def _ours(site: Site, team: str, name: str, equals: Mapping[str, str]) -> ListedVoice:
    reached = {one: voice for one, voice in equals.items() if site.admission.reaches(team, one, Task.SPEECH)}
    return ListedVoice(id=name, name=name, providers=reached)


def _spoken(site: Site, team: str) -> Iterator[tuple[str, Voice]]:
    for name, provider in site.engine.providers.items():
        if not site.admission.reaches(team, name, Task.SPEECH):
            continue
        for offer in provider.offers():
            if isinstance(offer.limits, SpeechLimits):
                yield from ((name, voice) for voice in offer.limits.voices or ())
