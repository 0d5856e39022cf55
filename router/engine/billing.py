"""What calls to providers cost: docs/adr/0020-what-a-call-costs.md.

A provider that refused, or was never reached, charges nothing. Whoever took a request charges for it, seen or not: an
answer that nobody saw, or that broke, is counted as one that may have been charged.
"""

from typing import Final

import msgspec

from router.contract import (
    AvatarRequest,
    Busy,
    Carried,
    Charge,
    Declined,
    Misconfigured,
    ProviderFailed,
    Request,
    RequestRejected,
    SpeechRequest,
    Task,
    TranscriptionRequest,
)
from router.contract.money import MILLION
from router.contract.wire import unsent
from router.engine.settings.prices import Price, Prices

REFUSALS: Final = (RequestRejected, Busy, Declined, Misconfigured)
"""What a provider says that does nothing: it may not, will not, or cannot now."""


class Bill(msgspec.Struct, eq=False):
    """One call, from when its provider is asked: all that its price may depend on.

    `outcome` is the attempt's. `heard` are the seconds of sound that came back, or were understood, `shown`
    those of film that came back, which count where nothing else says how long it is.
    """

    task: Task
    provider: str
    target: str
    request: Request
    hedged: bool = False
    outcome: str = ""
    refused: bool = False
    broke: bool = False
    heard: float = 0.0
    shown: float = 0.0

    def charge(self, prices: Prices) -> Charge:
        """Return what the provider charges, or may charge."""
        if self.refused:
            return Charge(self.task, self.provider, self.target, self.outcome, hedged=self.hedged)
        characters, audio, video = self._units()
        price = prices.of(self.target)
        charged = cost(price, characters, audio, video) if price else 0
        certain = self.outcome == "ok" and not self.broke
        return Charge(
            self.task, self.provider, self.target, self.outcome, characters, audio, video, charged, certain, self.hedged
        )

    def _units(self) -> tuple[int, int, int]:
        """Return the characters sent, and the milliseconds of sound and of film."""
        asked = self.request
        if isinstance(asked, SpeechRequest):
            return len(asked.text), milliseconds(self.heard), 0
        if isinstance(asked, TranscriptionRequest):
            known = asked.audio.seconds if isinstance(asked.audio, Carried) else None
            return 0, milliseconds(known or self.heard), 0
        if isinstance(asked, AvatarRequest):
            voices = (asked.voice, *(one.voice for one in asked.stretches[1:]))
            characters = sum(len(one.text) for one in voices if isinstance(one, SpeechRequest))
            return characters, 0, milliseconds(film_seconds(asked) or self.shown)
        return 0, 0, 0


def shown(charge: Charge, seconds: float, prices: Prices) -> Charge:
    """Return the charge of an order with the length of its film, unless that was known when it was made."""
    video, price = milliseconds(seconds), prices.of(charge.target)
    if charge.video_ms or price is None:
        return charge if charge.video_ms else msgspec.structs.replace(charge, video_ms=video)
    return msgspec.structs.replace(charge, video_ms=video, cost=cost(price, charge.characters, charge.audio_ms, video))


def refused(error: BaseException) -> bool:
    """Whether a call that ended so cannot have been charged."""
    if isinstance(error, REFUSALS):
        return True
    if not isinstance(error, ProviderFailed):
        return False
    return unsent(error) or (error.upstream_status is not None and error.upstream_status >= 300)


def cost(price: Price, characters: int, audio_ms: int, video_ms: int) -> int:
    """Return what a call costs in millionths of the currency, rounded once, half up."""
    # Over the least common denominator of a million characters, a minute and a second of milliseconds.
    exact = (
        3 * characters * price.per_million_characters
        + 50 * audio_ms * price.per_audio_minute
        + 3000 * video_ms * price.per_video_second
    )
    return price.per_request + (2 * exact + 3 * MILLION) // (6 * MILLION)


def film_seconds(fitted: Request) -> float:
    """Return how long a whole film lasts: as long as what drives it, if that is known."""
    if isinstance(fitted, AvatarRequest) and isinstance(fitted.voice, Carried):
        return fitted.voice.seconds or 0.0
    return 0.0


def milliseconds(seconds: float) -> int:
    """Return whole milliseconds, in which seconds are counted."""
    return round(seconds * 1000)
