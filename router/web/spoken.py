"""Which speech is kept for others who ask for the same, and under what name: all that changes its sound is in it."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

import msgspec

from router.contract import Inline, SpeechRequest, Task
from router.engine.settings import Route, RouterSettings, Secret

MADE: Final = 1
"""Counted up whenever the router itself comes to make other sound of the same request."""


class Spoken:
    """The cached routes of one configuration."""

    def __init__(self, settings: RouterSettings) -> None:
        self.voices = settings.voices
        speech = [route for route in settings.routes if route.task is Task.SPEECH]
        self.routes: dict[str | None, Route] = {
            name: route for route in speech if route.cache for name in (route.name, *route.models)
        }
        if speech and speech[0].cache:
            self.routes[None] = speech[0]
        self._marks = {route.name: mark(route, settings) for route in speech if route.cache}

    def route_of(self, request: Any) -> Route | None:
        """Return the route whose answers are kept, if the request is one that has such an answer.

        Word times are not kept with the sound, and what is behind a URL, or in a file, may be another sound tomorrow.
        """
        if not isinstance(request, SpeechRequest) or request.words or not isinstance(request.ref_audio, Inline | None):
            return None
        return self.routes.get(request.model)

    def name_of(self, request: SpeechRequest, route: Route, team: str) -> str:
        """Return a digest of all that the sound depends on, and of the team unless teams share."""
        plain = msgspec.structs.replace(request, within=None)
        whose = "" if route.cache is not None and route.cache.shared else team
        voice = self.voices.get(request.voice or "", {})
        told = msgspec.json.encode((MADE, whose, self._marks[route.name], sorted(voice.items()), plain))
        return sha256(told).hexdigest()


def mark(route: Route, settings: RouterSettings) -> str:
    """Return what a route and its providers add to the name: who speaks, and how they were told to."""
    providers = sorted({target.provider for tier in route.tiers for target in tier.targets})
    accounts = [(name, settings.providers[name].kind, shown(settings.providers[name].settings)) for name in providers]
    parts = (route.name, route.tiers, str(route.splice), str(route.unknown_tokens), accounts)
    return sha256(msgspec.json.encode(parts, enc_hook=str)).hexdigest()


def shown(settings: msgspec.Struct) -> Mapping[str, Any]:
    """Return settings without secrets: a new key changes no voice."""
    fields = msgspec.structs.asdict(settings)
    return {name: value for name, value in fields.items() if not isinstance(value, Secret)}
