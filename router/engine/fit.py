"""Making a request suit an offer: speak what it cannot speak, fetch what it cannot fetch, ask for a format it has."""

from collections.abc import Awaitable, Callable

import msgspec

from router.contract import (
    AvatarLimits,
    AvatarRequest,
    Inline,
    MediaRef,
    Request,
    SpeechLimits,
    SpeechRequest,
    Unsupported,
    Url,
)
from router.engine.policy import Candidate

Translate = Callable[[SpeechRequest, str], SpeechRequest | None]
"""Turns a text into a provider's own terms; None when only another provider has the voice asked for."""
Speak = Callable[[SpeechRequest], Awaitable[Inline]]
Fetch = Callable[[str, str, int], Awaitable[Inline]]
"""Takes the URL, the caller's name for the field, and the most bytes it may be."""


class Fitting:
    """One request's preparations. Each is made at most once, however many targets are tried."""

    def __init__(self, translate: Translate, speak: Speak, fetch: Fetch) -> None:
        self.translate = translate
        self.speak = speak
        self.fetch = fetch
        self.spoken: Inline | None = None
        self.fetched: dict[str, Inline] = {}

    async def fit(self, candidate: Candidate) -> Request:
        """Return the request as the candidate's offer can take it.

        Raises what speaking or fetching raises, and `Unsupported` when what came of it breaks a limit.
        """
        request, limits = candidate.request, candidate.offer.limits
        if isinstance(request, SpeechRequest) and isinstance(limits, SpeechLimits):
            return with_native_format(request, limits)
        if isinstance(request, AvatarRequest) and isinstance(limits, AvatarLimits):
            return await self._avatar(request, limits, candidate.provider)
        return request

    async def _avatar(self, request: AvatarRequest, limits: AvatarLimits, provider: str) -> AvatarRequest:
        fitted = msgspec.structs.replace(
            request,
            face=await self._local(request.face, "ref_image", limits),
            voice=await self._voice(request.voice, limits, provider),
        )
        reason = limits.why_not(fitted)
        if reason is not None:
            raise Unsupported(f"{provider} {reason}")
        return fitted

    async def _voice(
        self, voice: MediaRef | SpeechRequest, limits: AvatarLimits, provider: str
    ) -> MediaRef | SpeechRequest:
        if not isinstance(voice, SpeechRequest):
            return await self._local(voice, "input", limits)
        text = self.translate(voice, provider)
        return text if text is not None and limits.takes_text(text) else await self._say(voice)

    async def _say(self, request: SpeechRequest) -> Inline:
        if self.spoken is None:
            self.spoken = await self.speak(request)
        return self.spoken

    async def _local(self, media: MediaRef, param: str, limits: AvatarLimits) -> MediaRef:
        if not isinstance(media, Url) or limits.fetches:
            return media
        if media.url not in self.fetched:
            self.fetched[media.url] = await self.fetch(media.url, param, limits.size)
        return self.fetched[media.url]


def with_native_format(request: SpeechRequest, limits: SpeechLimits) -> SpeechRequest:
    """Ask for the caller's format where the offer has it, else for the offer's best; never for a default."""
    if request.format in limits.formats:
        return request
    return msgspec.structs.replace(request, format=limits.formats[0])
