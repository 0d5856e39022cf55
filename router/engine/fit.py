"""Making a request suit an offer: speak what it cannot speak, fetch what it cannot fetch, film what it cannot animate."""

from collections.abc import Awaitable, Callable
from functools import partial

import msgspec

from router.contract import (
    AvatarLimits,
    AvatarRequest,
    Carried,
    Inline,
    MediaRef,
    Request,
    SpeechRequest,
    Unsupported,
    Url,
    voices_of,
)
from router.contract.limits import MEGABYTE, is_picture, revoiced
from router.engine.policy import Candidate
from router.engine.wording import worded

Voice = MediaRef | SpeechRequest


class Means(msgspec.Struct, frozen=True):
    """What fitting works with.

    `translate` turns a text into a provider's own terms, or returns None when only another provider has the
    voice asked for. `speak` speaks a text whole. `fetch` takes a URL, the caller's name for the field, and the
    most bytes it may be. `film` makes a video of a picture, of so many seconds.
    """

    translate: Callable[[SpeechRequest, str], SpeechRequest | None]
    speak: Callable[[SpeechRequest], Awaitable[Inline]]
    fetch: Callable[[str, str, int], Awaitable[Inline]]
    film: Callable[[Carried, float], Awaitable[Inline]]


PICTURE = 10 * MEGABYTE
"""Bytes of a picture that is fetched to be filmed; the vendor's own limit is on films."""
LOOP = 5.0
"""Seconds of a film of a picture where it is not known how long the voice is: the vendor loops it."""


class Fitting:
    """The preparations of one request for a film. Each is made at most once, however many targets are tried."""

    def __init__(self, means: Means) -> None:
        self.means = means
        self.made: dict[tuple[str, object], Inline] = {}

    async def fit(self, candidate: Candidate) -> Request:
        """Return the request as the candidate's offer can take it.

        Raises what the means raise, and `Unsupported` when what came of it breaks a limit.
        """
        request, limits = candidate.request, candidate.offer.limits
        if isinstance(request, AvatarRequest) and isinstance(limits, AvatarLimits):
            return await self._avatar(request, limits, candidate.provider)
        return request

    async def _avatar(self, request: AvatarRequest, limits: AvatarLimits, provider: str) -> AvatarRequest:
        voices = {id(one): await self._voice(one, limits, provider) for one in voices_of(request)}
        face = await self._face(request.face, limits, voices[id(request.voice)])
        fitted = msgspec.structs.replace(revoiced(request, voices), face=face)
        reason = limits.why_not(fitted)
        if reason is not None:
            raise Unsupported(f"{provider} {reason}")
        return fitted

    async def _face(self, face: MediaRef, limits: AvatarLimits, voice: Voice) -> MediaRef:
        if not (limits.needs_video and is_picture(face)):
            return await self._local(face, "ref_image", limits)
        picture = await self._fetched(face, "ref_image", PICTURE) if isinstance(face, Url) else face
        seconds = LOOP if isinstance(voice, SpeechRequest | Url) else voice.seconds or LOOP
        return await self._once("film", id(face), partial(self.means.film, picture, seconds))

    async def _voice(self, voice: Voice, limits: AvatarLimits, provider: str) -> Voice:
        if not isinstance(voice, SpeechRequest):
            return await self._local(voice, "input", limits)
        text = self.means.translate(voice, provider)
        if text is not None and limits.takes_text(text) and limits.speaks is not None:
            return worded(text, limits.speaks)
        return await self._once("speech", id(voice), partial(self.means.speak, voice))

    async def _local(self, media: MediaRef, param: str, limits: AvatarLimits) -> MediaRef:
        if isinstance(media, Url) and not limits.fetches:
            return await self._fetched(media, param, limits.size)
        return media

    async def _fetched(self, media: Url, param: str, most: int) -> Inline:
        return await self._once("fetch", media.url, partial(self.means.fetch, media.url, param, most))

    async def _once(self, what: str, of: object, make: Callable[[], Awaitable[Inline]]) -> Inline:
        if (what, of) not in self.made:
            self.made[what, of] = await make()
        return self.made[what, of]
