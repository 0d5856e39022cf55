"""The account at Boson: what it offers, and the calls that do it."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final
from urllib.parse import quote

import msgspec

from plugins.boson.answers import (
    VIDEO_TYPES,
    Timed,
    Video,
    awaited,
    bought,
    decoded,
    meaning,
)
from plugins.boson.bodies import AVATAR, SPEECH, avatar_body, avatar_fields, speech_fields
from router.contract import (
    OCTETS,
    Answer,
    AnyOffer,
    ApiKey,
    AudioFormat,
    AvatarLimits,
    AvatarRequest,
    BadOutput,
    BaseUrl,
    Clip,
    Headers,
    HttpProvider,
    HttpSettings,
    JobOffer,
    Offer,
    ProviderFailed,
    Speech,
    SpeechLimits,
    SpeechRequest,
    Ticket,
    is_audio,
)

PAUSE: Final = 2.0
"""Seconds between looks at a video, as Boson's own skill does it."""


class BosonSettings(HttpSettings, frozen=True, kw_only=True):
    """An account at Boson.

    `formats` are those to ask it for. Only pcm is streamed as it is spoken, so by default nothing else is
    asked for and the router encodes; listing more saves that work and makes callers wait for the whole answer.
    `timestamps` offers word times, by a request field of that name which Boson's own plugins use (English,
    Chinese and Spanish) but its published schema, which forbids unknown fields, does not list: off, until tried.
    """

    base_url: BaseUrl = "https://api.boson.ai"
    api_key: ApiKey
    formats: Annotated[tuple[AudioFormat, ...], msgspec.Meta(min_length=1)] = (AudioFormat.PCM,)
    timestamps: bool = False


class Boson(HttpProvider[BosonSettings]):
    """Speech (pcm streamed as it is spoken) and talking heads (fMP4 streamed as they render, or as jobs)."""

    kind = "boson"
    free = "/v1/audio/voices"
    settings_type = BosonSettings

    def offers(self) -> Sequence[AnyOffer]:
        """Return speech and both ways to an avatar; any voice, for beside the presets an account has its own."""
        heeded = {"ref_audio", "ref_text"}
        nested = SpeechLimits(formats=self.settings.formats, characters=5000, options=frozenset(heeded), tokens=True)
        words = {"words"} if self.settings.timestamps else set()
        speech = msgspec.structs.replace(nested, options=frozenset(heeded | words))
        live = AvatarLimits(speaks=nested, fetches=True, live=True)
        made = AvatarLimits(speaks=nested, fetches=True)
        return (
            Offer(SpeechRequest, self.speak, speech, (SPEECH,)),
            Offer(AvatarRequest, self.animate, live, (AVATAR,)),
            JobOffer(AvatarRequest, self.create, made, (AVATAR,), poll=self.poll, collect=self.collect, pause=PAUSE),
        )

    def headers(self) -> Mapping[str, str]:
        """Return the credential."""
        return {"authorization": f"Bearer {self.settings.api_key}"}

    async def speak(self, request: SpeechRequest) -> Speech:
        """Speak in the format asked for; `stream` goes with pcm alone, and not with word times."""
        fields = await speech_fields(request)
        fields |= {"response_format": request.format, "stream": request.format is AudioFormat.PCM}
        if request.words:
            return await self._timed(fields, request.format)
        answer = await self.stream("POST", "/v1/audio/speech", json=fields)
        await self._expect(answer, is_audio(answer.content_type or OCTETS, request.format))
        return Speech(request.format, answer.body)

    async def animate(self, request: AvatarRequest) -> Clip:
        """Animate a face as it renders."""
        with avatar_body(await avatar_fields(request)) as body:
            answer = await self.stream("POST", "/v1/videos/stream", **body)
        return await self._film(answer, answer.headers.get("x-video-id"))

    async def create(self, request: AvatarRequest) -> Ticket:
        """Have a video made."""
        fields = await avatar_fields(request)
        with avatar_body(fields) as body, bought(self.name):
            _, told = await self.send("POST", "/v1/videos", **body)
            return decoded(told, Video).ticket()

    async def poll(self, provider_id: str) -> Ticket:
        """Look at a video."""
        with awaited(self.name):
            _, told = await self.send("GET", f"/v1/videos/{quote(provider_id, safe='')}")
        return decoded(told, Video).ticket()

    async def collect(self, provider_id: str) -> Clip:
        """Bring a video that is ready."""
        with awaited(self.name):
            answer = await self.stream("GET", f"/v1/videos/{quote(provider_id, safe='')}/content")
        return await self._film(answer, provider_id)

    def refusal(self, status: int, headers: Headers, body: bytes) -> ProviderFailed:
        """Classify by Boson's own codes."""
        return meaning(super().refusal(status, headers, body), body)

    async def _timed(self, fields: dict[str, Any], wanted: AudioFormat) -> Speech:
        asked = {**fields, "stream": False, "timestamps": True}
        _, told = await self.send("POST", "/v1/audio/speech", json=asked)
        return decoded(told, Timed).speech(wanted)

    async def _film(self, answer: Answer, provider_id: str | None) -> Clip:
        await self._expect(answer, answer.content_type in VIDEO_TYPES)
        return Clip(answer.body, provider_id=provider_id)

    async def _expect(self, answer: Answer, usable: bool) -> None:  # noqa: FBT001 - reads as a sentence
        if not usable:
            await answer.body.aclose()
            raise BadOutput(f"{self.name} answered with {answer.content_type}", upstream_status=answer.status)
