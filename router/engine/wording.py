"""Words as each voice should have them: control tokens for those that obey, none for those that would read them."""

from typing import TypeVar

import msgspec

from router.contract import AvatarRequest, Invalid, MediaRef, Request, SpeechLimits, SpeechRequest, voices_of
from router.contract.limits import revoiced
from router.contract.tokens import OPENING, TOKEN, speed, unknown, without_tokens, without_unknown
from router.engine.settings import UnknownTokens

R = TypeVar("R", bound=Request | MediaRef)


def with_known_tokens(request: Request, rule: UnknownTokens) -> Request:
    """Treat tokens that are in no catalogue as the route says. Raises `Invalid` naming the first."""
    if isinstance(request, AvatarRequest):
        return revoiced(request, {id(voice): _known(voice, rule) for voice in voices_of(request)})
    return _known(request, rule)


def _known(request: R, rule: UnknownTokens) -> R:
    if not isinstance(request, SpeechRequest) or OPENING not in request.text or rule is UnknownTokens.KEEP:
        return request
    strange = next(unknown(request.text), None)
    if strange is None:
        return request
    if rule is UnknownTokens.STRIP:
        return msgspec.structs.replace(request, text=without_unknown(request.text))
    raise Invalid(
        f"`{strange}` is no control token that any voice knows: it would be read aloud",
        code="unknown_control_token",
        param="input",
    )


def worded(request: SpeechRequest, limits: SpeechLimits) -> SpeechRequest:
    """Return the request as an offer should have it.

    A voice that obeys no tokens gets none; what a speed token asks for becomes `speed`, if the offer
    heeds that and the caller has not set it.
    """
    if limits.tokens or OPENING not in request.text or TOKEN.search(request.text) is None:
        return request
    pace = speed(request.text) if request.speed is None and "speed" in limits.options else None
    return msgspec.structs.replace(request, text=without_tokens(request.text), speed=pace or request.speed)
