"""Boson AI's hosted API: Higgs speech, and the Higgs avatar as a live stream.

Its OpenAPI pages (docs.boson.ai, "Create speech" and "Create a video (streaming)") are the source of all
that is said here about the wire. Request bodies there are `additionalProperties: false`.
"""

import asyncio
from base64 import b64encode
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from re import IGNORECASE
from re import compile as regex
from typing import Annotated, Any, Final

import httpx
import msgspec

from router.contract import (
    Answer,
    AnyOffer,
    ApiKey,
    AudioFormat,
    AvatarLimits,
    AvatarRequest,
    BadOutput,
    BaseUrl,
    Busy,
    Clip,
    Declined,
    HttpProvider,
    HttpSettings,
    Inline,
    MediaRef,
    Misconfigured,
    Offer,
    Provider,
    ProviderFailed,
    Size,
    Speech,
    SpeechLimits,
    SpeechRequest,
    Upload,
    Url,
    hook,
)

SPEECH: Final = "higgs-tts-3"
AVATAR: Final = "higgs-avatar"
OCTETS: Final = "application/octet-stream"
# RFC 3551's L16 is big-endian; Boson means s16le by it.
PCM_TYPES: Final = frozenset({"audio/pcm", "audio/l16", OCTETS})
MEANINGS: Final[Mapping[str, type[ProviderFailed]]] = {
    "all_replicas_busy": Busy,
    "audio_too_long": Declined,
    "empty_input": Declined,
    "input_too_long": Declined,
    "invalid_image_format": Declined,
    "invalid_size": Declined,
    "model_not_found": Misconfigured,
    "payload_too_large": Declined,
}
OUT_OF_CREDIT: Final = regex(rb"credit|quota|billing", IGNORECASE)


class BosonSettings(HttpSettings, frozen=True, kw_only=True):
    """An account at Boson.

    `formats` are those to ask it for. Only pcm is streamed as it is spoken, so by default nothing else is
    asked for and the router encodes; listing more saves that work and makes callers wait for the whole answer.
    """

    base_url: BaseUrl = "https://api.boson.ai"
    api_key: ApiKey
    formats: Annotated[tuple[AudioFormat, ...], msgspec.Meta(min_length=1)] = (AudioFormat.PCM,)


class Detail(msgspec.Struct, frozen=True):
    """What is inside the error envelope."""

    type: str | None = None


class Refusal(msgspec.Struct, frozen=True):
    """The error envelope; some errors come as a plain string instead of an object."""

    error: Detail | str | None = None


class Boson(HttpProvider[BosonSettings]):
    """Speech (pcm streamed as it is spoken) and talking heads (fMP4 streamed as they render)."""

    kind = "boson"
    settings_type = BosonSettings

    def offers(self) -> Sequence[AnyOffer]:
        """Return speech and avatar; any voice, for beside the presets an account has voices of its own."""
        speech = SpeechLimits(
            formats=self.settings.formats, characters=5000, options=frozenset({"ref_audio", "ref_text"})
        )
        avatar = AvatarLimits(speaks=speech, fetches=True, live=True)
        return (
            Offer(SpeechRequest, self.speak, speech, (SPEECH,)),
            Offer(AvatarRequest, self.animate, avatar, (AVATAR,)),
        )

    def headers(self) -> Mapping[str, str]:
        """Return the credential."""
        return {"authorization": f"Bearer {self.settings.api_key}"}

    async def speak(self, request: SpeechRequest) -> Speech:
        """Speak in the format asked for; `stream` goes with pcm alone."""
        fields = await speech_fields(request)
        fields |= {"response_format": request.format, "stream": request.format is AudioFormat.PCM}
        answer = await self.stream("POST", "/v1/audio/speech", json=fields)
        await self._expect(answer, is_audio(answer.content_type or OCTETS, request.format))
        return Speech(request.format, answer.body)

    async def animate(self, request: AvatarRequest) -> Clip:
        """Animate a face: a JSON body where nothing has to be uploaded, else a form with the files in it."""
        fields: dict[str, Any] = {"model": request.model or AVATAR, "size": request.size or Size.SQUARE}
        if isinstance(request.voice, SpeechRequest):
            fields["input_tts"] = await speech_fields(request.voice)
            media = {"ref_image": request.face}
        else:
            media = {"ref_image": request.face, "input": request.voice}
        fields |= {name: one.url for name, one in media.items() if isinstance(one, Url)}
        files = {name: one for name, one in media.items() if not isinstance(one, Url)}
        with ExitStack() as opened:
            body = form(fields, files, opened) if files else {"json": fields}
            answer = await self.stream("POST", "/v1/videos/stream", **body)
        await self._expect(answer, answer.content_type in {"video/mp4", OCTETS})
        return Clip(answer.body, provider_id=answer.headers.get("x-video-id"))

    async def _expect(self, answer: Answer, usable: bool) -> None:  # noqa: FBT001 - reads as a sentence
        if not usable:
            await answer.body.aclose()
            raise BadOutput(f"{self.name} answered with {answer.content_type}", upstream_status=answer.status)

    def refusal(self, status: int, headers: httpx.Headers, body: bytes) -> ProviderFailed:
        """Classify by the code in `error.type`, then by status; a 404 here is a model or voice it has not."""
        plain = super().refusal(status, headers, body)
        code = code_in(body)
        kind = MEANINGS.get(code, Misconfigured if status == 404 else type(plain))
        if status in {403, 429} and OUT_OF_CREDIT.search(body):
            kind = Misconfigured
        message = f"{plain.message} {code}" if code in MEANINGS else plain.message
        return kind(message, upstream_status=status, retry_after=plain.retry_after)


def code_in(body: bytes) -> str:
    """Return the error code, or an empty string where the body holds none."""
    try:
        error = msgspec.json.decode(body, type=Refusal).error
    except ValueError:  # msgspec's own errors, and text that is not UTF-8
        return ""
    return (error.type if isinstance(error, Detail) else error) or ""


def is_audio(content_type: str, wanted: AudioFormat) -> bool:
    """Whether an answer may hold that format; of the formats with a header the gate looks at the bytes."""
    if wanted is AudioFormat.PCM:
        return content_type in PCM_TYPES
    return content_type == OCTETS or content_type.startswith("audio/")


async def speech_fields(request: SpeechRequest) -> dict[str, Any]:
    """Return the fields that a speech request and a nested `input_tts` share, without those not set."""
    sample = request.ref_audio
    fields = {
        "input": request.text,
        "model": request.model or SPEECH,
        "voice": request.voice,
        "ref_audio": await asyncio.to_thread(inline, sample) if sample else None,
        "ref_text": request.ref_text,
    }
    return {name: value for name, value in fields.items() if value is not None}


def inline(media: MediaRef) -> str:
    """Return media as a URL: its own, or a data URI that holds it."""
    if isinstance(media, Url):
        return media.url
    content = media.data if isinstance(media, Inline) else media.path.read_bytes()
    return f"data:{media.media_type};base64,{b64encode(content).decode()}"


def form(fields: Mapping[str, Any], files: Mapping[str, Inline | Upload], opened: ExitStack) -> Mapping[str, Any]:
    """Return a multipart body that reads uploads from disk as it is sent; `input_tts` goes as JSON text."""
    texts = {
        name: value if isinstance(value, str) else msgspec.json.encode(value).decode() for name, value in fields.items()
    }
    parts = {
        name: (name, one.data if isinstance(one, Inline) else opened.enter_context(one.path.open("rb")), one.media_type)
        for name, one in files.items()
    }
    return {"data": texts, "files": parts}


@hook
def media_providers() -> Sequence[type[Provider[Any]]]:
    """Bring the one kind this module has."""
    return (Boson,)
