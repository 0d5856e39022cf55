"""Breeze's hosted API: speech in mp3 or pcm, both streamed as they are spoken.

Its OpenAPI page (docs.breezeblue.ai, "Stream text to speech") is the source of what is said here of requests,
where bodies are `additionalProperties: false`; its Python client, `breeze-blue`, that of error codes and pcm headers.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote

import msgspec

from router.contract import (
    Answer,
    AnyOffer,
    ApiKey,
    AudioFormat,
    BadOutput,
    BaseUrl,
    Busy,
    Declined,
    Headers,
    HttpProvider,
    HttpSettings,
    Misconfigured,
    Offer,
    Provider,
    ProviderFailed,
    Speech,
    SpeechLimits,
    SpeechRequest,
    TimedOut,
    Unavailable,
    hook,
)
from router.media import CONTENT_TYPES

MODELS: Final = ("bluebell-v1-en", "breeze-tts-2")
FORMATS: Final = (AudioFormat.PCM, AudioFormat.MP3)
TABLE: Final[Mapping[type[ProviderFailed], str]] = {
    Busy: "GENERATION_CAPACITY_EXCEEDED GENERATION_CONCURRENCY_EXCEEDED GENERATION_NOT_READY RATE_LIMITED",
    Declined: "BAD_REQUEST CONFLICT VALIDATION_ERROR",
    # RESOURCE_NOT_FOUND is the voice: it is all that a request names beside the model.
    Misconfigured: "AUTH_CONFIG_MISSING AUTH_INVALID_SESSION AUTH_REQUIRED AUTH_SESSION_EXPIRED AUTH_USER_UNAVAILABLE "
    "BILLING_INSUFFICIENT_CREDITS FORBIDDEN RESOURCE_NOT_FOUND",
    TimedOut: "DISPATCH_TIMEOUT GENERATION_TIMEOUT UPSTREAM_TIMEOUT",
    # UPSTREAM_BILLING_ERROR is a bill of Breeze's own, and LLM_CONFIG_NOT_FOUND a setting.
    Unavailable: "GENERATION_FAILED GENERATION_INTERRUPTED GENERATION_INVALID_RESPONSE INTERNAL_ERROR LLM_CONFIG_NOT_FOUND "
    "UPSTREAM_ASSET_STORAGE_ERROR UPSTREAM_BILLING_ERROR UPSTREAM_GENERATION_ERROR UPSTREAM_GENERATION_SERVICE_ERROR "
    "VOICE_CLONE_FAILED VOICE_DESIGN_FAILED",
}
MEANINGS: Final = {code: kind for kind, codes in TABLE.items() for code in codes.split()}
BY_STATUS: Final[Mapping[int, type[ProviderFailed]]] = {404: Misconfigured, 425: Busy}
"""What a status means here and nowhere else, for an answer without a code."""


class BreezeSettings(HttpSettings, frozen=True, kw_only=True):
    """An account at Breeze.

    `voice` speaks where the caller names none, for Breeze has no default of its own. `characters` is what one
    request may hold: Breeze publishes no number, and about 1000 is what it was seen to take.
    """

    base_url: BaseUrl = "https://api.breeze.blue"
    api_key: ApiKey
    voice: Annotated[str, msgspec.Meta(min_length=1)]
    characters: Annotated[int, msgspec.Meta(ge=1)] = 1000


class BreezeLimits(SpeechLimits, frozen=True, kw_only=True):
    """Limits of a speech offer that also bounds `guidance_scale`."""

    guidance_scale: tuple[float, float] = (1.0, 10.0)

    def why_not(self, request: SpeechRequest) -> str | None:
        """Return why this offer declines `request`, or None if it can serve it."""
        low, high = self.guidance_scale
        if request.guidance_scale is not None and not low <= request.guidance_scale <= high:
            return f"takes a guidance_scale of {low:g} to {high:g}, not {request.guidance_scale:g}"
        return super().why_not(request)


class Pcm(msgspec.Struct, frozen=True, rename=lambda name: f"x-breeze-{name.replace('_', '-')}"):
    """What the headers say of pcm, all of it that we can use; what they leave out is as Breeze's client assumes it."""

    audio_codec: Literal["pcm_s16le", "s16le"] = "pcm_s16le"
    sample_rate: Annotated[int, msgspec.Meta(ge=8_000, le=192_000)] = 24_000
    channels: Annotated[int, msgspec.Meta(ge=1, le=2)] = 1
    sample_width_bytes: Literal[2] = 2


class Refusal(msgspec.Struct, frozen=True):
    """The error envelope."""

    code: str = ""


class Breeze(HttpProvider[BreezeSettings]):
    """Speech in mp3 or pcm, both streamed as they are spoken."""

    kind = "breeze"
    free = "/v1/api-keys/current"
    settings_type = BreezeSettings

    def offers(self) -> Sequence[AnyOffer]:
        """Return speech; any voice, for those an account may use are a catalogue to be searched."""
        limits = BreezeLimits(
            formats=FORMATS,
            characters=self.settings.characters,
            options=frozenset({"guidance_scale", "instructions", "language"}),
        )
        return (Offer(SpeechRequest, self.speak, limits, MODELS),)

    def headers(self) -> Mapping[str, str]:
        """Return the credential."""
        return {"xi-api-key": self.settings.api_key}

    async def speak(self, request: SpeechRequest) -> Speech:
        """Speak in the format asked for, always named: the documented default has changed before."""
        voice = quote(request.voice or self.settings.voice, safe="")
        path = f"/v1/text-to-speech/{voice}/stream"
        answer = await self.stream("POST", path, params={"output_format": request.format}, json=fields(request))
        try:
            return spoken(answer, request.format)
        except ValueError as error:
            await answer.body.aclose()
            raise BadOutput(f"{self.name} {error}", upstream_status=answer.status) from error

    def refusal(self, status: int, headers: Headers, body: bytes) -> ProviderFailed:
        """Classify by the code in the envelope, then by status."""
        plain = super().refusal(status, headers, body)
        code = code_in(body)
        kind = MEANINGS.get(code) or BY_STATUS.get(status, type(plain))
        message = f"{plain.message} {code}" if code in MEANINGS else plain.message
        return kind(message, upstream_status=status, retry_after=plain.retry_after)


def fields(request: SpeechRequest) -> dict[str, Any]:
    """Return the body, without what is not set."""
    body = {
        "text": request.text,
        "model_id": request.model or MODELS[0],
        "language_code": request.language,
        "instructions": request.instructions,
        "voice_settings": None if request.guidance_scale is None else {"guidance_scale": request.guidance_scale},
    }
    return {name: value for name, value in body.items() if value is not None}


def spoken(answer: Answer, wanted: AudioFormat) -> Speech:
    """Return the speech that an answer holds; raise `ValueError` where it is not in that format."""
    if answer.content_type != CONTENT_TYPES[wanted]:
        raise ValueError(f"answered with {answer.content_type or 'no type'}")
    pcm = pcm_in(answer.headers) if wanted is AudioFormat.PCM else Pcm()
    return Speech(wanted, answer.body, pcm.sample_rate, pcm.channels, provider_id=answer.headers.get("history-item-id"))


def pcm_in(headers: Headers) -> Pcm:
    """Return what the headers say of pcm; raise `ValueError` where it is not s16le in mono or stereo."""
    try:
        return msgspec.convert(dict(headers), Pcm, strict=False)
    except msgspec.ValidationError:
        raise ValueError("answered with pcm other than s16le in mono or stereo") from None


def code_in(body: bytes) -> str:
    """Return the error code, or an empty string where the body holds none."""
    try:
        return msgspec.json.decode(body, type=Refusal).code
    except ValueError:  # msgspec's own errors, and text that is not UTF-8
        return ""


@hook
def media_providers() -> Sequence[type[Provider[Any]]]:
    """Bring the one kind this module has."""
    return (Breeze,)
