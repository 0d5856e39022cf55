"""GET /v1/voices and /v1/models as Breeze's clients read them."""

import enum
from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec
from litestar import Request
from msgspec import Meta

from router.contract import SpeechLimits, Task
from router.engine.settings import Route
from router.web.inventory import ListedVoice, voices_of
from router.web.query import explaining, query_of
from router.web.site import Site

REASONS: Final[Mapping[str, str]] = {
    "accent": "no accents are known",
    "accent_mode": "no accents are known",
    "age": "no ages are known",
    "favorites_only": "there are no favourites",
    "next_page_token": "pages are numbered; use `page`",
    "origin": "no origins are known",
    "primary_category_code": "there are no categories",
    "show_legacy": "there are no legacy voices",
    "tags": "there are no tags",
    "tone": "no tones are known",
}
"""Parameters that Breeze or ElevenLabs take and the router does not, and why."""


class Gender(enum.StrEnum):
    """Breeze's genders."""

    FEMALE = "female"
    MALE = "male"
    NEUTRAL = "neutral"


class VoiceType(enum.StrEnum):
    """Which voices: nobody has any of their own here."""

    ALL = "all"
    DEFAULT = "default"


class Sort(enum.StrEnum):
    """By what to sort: no voice has a date, so the order is always that of the configuration."""

    CREATED = "created_at_unix"


class Direction(enum.StrEnum):
    """What voices without dates make no difference to."""

    DOWN = "desc"
    UP = "asc"


class VoicesQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which voices, and which page of them. `search` is looked for in names and ids."""

    search: Annotated[str, Meta(max_length=200)] = ""
    language_code: Annotated[str, Meta(max_length=16)] | None = None
    gender: Gender | None = None
    voice_type: VoiceType = VoiceType.ALL
    sort: Sort = Sort.CREATED
    sort_direction: Direction = Direction.DOWN
    page: Annotated[int, Meta(ge=1)] = 1
    page_size: Annotated[int, Meta(ge=1, le=100)] = 50


class BreezeVoice(msgspec.Struct, frozen=True, kw_only=True):
    """A voice; what nobody told the router is null or empty."""

    voice_id: str
    name: str
    language_code: str | None
    gender: str | None
    age: str | None = None
    tone: tuple[str, ...] = ()
    accent: str | None = None
    voice_type: str = VoiceType.DEFAULT.value


class BreezeVoices(msgspec.Struct, frozen=True, kw_only=True):
    """A page of voices; `total` is of all pages."""

    voices: list[BreezeVoice]
    has_more: bool
    total: int
    page: int
    page_size: int


class Language(msgspec.Struct, frozen=True, kw_only=True):
    """A BCP 47 tag, which is all the name it has."""

    language_id: str
    name: str


class BreezeModel(msgspec.Struct, frozen=True, kw_only=True):
    """A model name; no languages are listed where a provider names none."""

    model_id: str
    name: str
    languages: list[Language]
    description: str


def breeze_voices(site: Site, team: str, request: Request[Any, Any, Any]) -> BreezeVoices:
    """Return the page of voices that a query asks for. Raises `Invalid`."""
    with explaining(REASONS):
        query = query_of(request, VoicesQuery)
    found = [voice for voice in voices_of(site, team) if _wanted(voice, query)]
    start, end = (query.page - 1) * query.page_size, query.page * query.page_size
    return BreezeVoices(
        voices=[_voice(voice) for voice in found[start:end]],
        has_more=end < len(found),
        total=len(found),
        page=query.page,
        page_size=query.page_size,
    )


def breeze_models(site: Site, team: str) -> list[BreezeModel]:
    """Return every name that `model_id` may hold for a team, once, for the first speech route that answers to it."""
    found: dict[str, BreezeModel] = {}
    for route in site.engine.routes:
        for name in (*route.models, route.name) if route.task is Task.SPEECH else ():
            if not site.admission.may(team, route.task, name):
                continue
            told = f"served by route {route.name}"
            found.setdefault(
                name, BreezeModel(model_id=name, name=name, languages=_languages(site, route), description=told)
            )
    return list(found.values())


def _wanted(voice: ListedVoice, query: VoicesQuery) -> bool:
    """A language asked for matches its regions; a voice that tells none speaks whatever its provider does."""
    named = query.search.lower() in f"{voice.id} {voice.name}".lower()
    wanted = f"{query.language_code}-".lower()
    spoken = not voice.languages or any(f"{one}-".lower().startswith(wanted) for one in voice.languages)
    gendered = query.gender in (None, voice.gender)
    return named and gendered and (query.language_code is None or spoken)


def _voice(voice: ListedVoice) -> BreezeVoice:
    return BreezeVoice(
        voice_id=voice.id, name=voice.name, language_code=next(iter(voice.languages), None), gender=voice.gender
    )


def _languages(site: Site, route: Route) -> list[Language]:
    providers = {target.provider for tier in route.tiers for target in tier.targets}
    offers = (
        offer.limits
        for name in providers
        if name in site.engine.providers
        for offer in site.engine.providers[name].offers()
    )
    tags = {tag for limits in offers if isinstance(limits, SpeechLimits) for tag in limits.languages or ()}
    return [Language(language_id=tag, name=tag) for tag in sorted(tags)]
