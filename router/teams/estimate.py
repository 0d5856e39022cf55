"""What a request is going to use, at most, as far as can be told beforehand."""

from collections.abc import Iterable, Sequence
from math import ceil
from typing import Final

from router.contract import (
    AvatarRequest,
    Carried,
    MediaRef,
    Request,
    SpeechRequest,
    Task,
    TranscriptionRequest,
    Url,
    voices_of,
)
from router.engine.billing import cost
from router.engine.settings import Route
from router.engine.settings.prices import Price, Prices
from router.teams.permissions import Names, wanted
from router.teams.quota import Amounts

SLOWEST: Final = 7.5
"""Characters a second of the slowest speech; the usual is twice as fast."""
PAUSES: Final = 1.0
"""Seconds beyond that."""
LONGEST_VOICE: Final = 60.0
"""Seconds that sound which drives a face may last: what is taken of it where nobody has measured it."""
LEANEST: Final = 1000
"""Bytes a second of a recording that could not be measured: 8 kbit/s, than which no speech is coded more tightly."""


def amounts_of(request: Request) -> Amounts:
    """Return what a request may use of each unit but money: exact in characters and in sound that was measured."""
    characters, heard, shown = 0, 0.0, 0.0
    if isinstance(request, SpeechRequest):
        characters = len(request.text)
    elif isinstance(request, TranscriptionRequest):
        heard = seconds_of(request.audio)
    elif isinstance(request, AvatarRequest):
        spoken = [voice for voice in voices_of(request) if isinstance(voice, SpeechRequest)]
        characters = sum(len(voice.text) for voice in spoken)
        shown = sum(said_in(v.text) if isinstance(v, SpeechRequest) else driven(v) for v in voices_of(request))
    return 1, characters, ceil(heard * 1000), ceil(shown * 1000), 0


class Tariff:
    """What requests may cost, by the routes they take."""

    def __init__(self, names: Names, prices: Prices) -> None:
        self.names = names
        self.prices = prices
        self._of_route = {route.name: self._known(targets_of(route)) for route in names.routes}

    def amounts_of(self, request: Request) -> Amounts:
        """Return what a request may use, with the millionths it may cost at whoever is dearest."""
        requests, characters, audio, video, _ = amounts_of(request)
        heard = audio or ceil(characters / SLOWEST * 1000)  # speech may be charged by its length
        total = 0
        for task, model in wanted(request):
            offered = self._offered(task, model)
            total += max((cost(price, characters, heard, video) for price in offered), default=0)
        return requests, characters, audio, video, total

    def _offered(self, task: Task, model: str | None) -> Sequence[Price]:
        route = self.names.route(task, model)
        return self._known([model or ""]) if route is None else self._of_route[route.name]

    def _known(self, targets: Iterable[str]) -> Sequence[Price]:
        return [price for price in map(self.prices.of, targets) if price is not None]


def targets_of(route: Route) -> tuple[str, ...]:
    """Return a route's targets, as prices name them."""
    every = (target for tier in route.tiers for target in tier.targets)
    return tuple(f"{one.provider}/{one.model}" if one.model else one.provider for one in every)


def said_in(text: str) -> float:
    """Return the seconds that a text takes to say, at most."""
    return len(text) / SLOWEST + PAUSES


def driven(media: MediaRef) -> float:
    """Return the seconds of sound that drives a face."""
    return LONGEST_VOICE if isinstance(media, Url) or media.seconds is None else media.seconds


def seconds_of(media: MediaRef) -> float:
    """Return the seconds of a recording."""
    if isinstance(media, Carried) and media.seconds is None:
        return media.size / LEANEST
    return LONGEST_VOICE if isinstance(media, Url) else media.seconds or 0.0
