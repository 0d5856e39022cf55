"""The account: what the engine is asked, and what its refusals mean."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Annotated, Any, Final

import msgspec

from plugins.higgs.speaking import QUEUE_FULL, imitating, spoken
from router.contract import (
    AnyOffer,
    AudioFormat,
    Busy,
    Headers,
    HttpProvider,
    HttpSettings,
    Misconfigured,
    Offer,
    ProviderFailed,
    Speech,
    SpeechLimits,
    SpeechRequest,
    Transcript,
    TranscriptionLimits,
    TranscriptionRequest,
    Voice,
    content_of,
    media_type,
    transcript,
)

OURS: Final = frozenset({"model", "voice", "response_format"})
"""Fields that are filled from the configuration: if one of them is wrong, so is that."""
OPTIONS: Final = ("speed", "instructions", "temperature", "top_k", "top_p", "max_new_tokens", "seed")
"""Optional fields that have the same name and meaning there."""
LANGUAGES: Final[Mapping[str, str]] = {
    "de": "German",
    "en": "English",
    "es": "Spanish",
    "fr": "French",
    "it": "Italian",
    "ja": "Japanese",
    "ko": "Korean",
    "pt": "Portuguese",
    "ru": "Russian",
    "zh": "Chinese",
}
"""The languages it has a name for. It speaks some hundred, the others unnamed."""


class HiggsSettings(HttpSettings, frozen=True, kw_only=True):
    """An engine of our own, or the service around one; `base_url` has no /v1.

    A model that is null is not served there. `voice` speaks for callers who name none; `voices` null passes any name
    on. `characters` is the engine's own limit. `formats` are those to ask it for: only pcm is streamed as it is spoken.
    `references` false is for the service, which takes `ref_audio` and `ref_text` as they are. `words` and `segments`:
    it gives times of what it hears.
    """

    speech_model: str | None = "higgs-audio-v3-tts"
    transcription_model: str | None = None
    voice: Annotated[str, msgspec.Meta(min_length=1)] = "default"
    voices: tuple[str, ...] | None = None
    characters: Annotated[int, msgspec.Meta(ge=1)] = 4096
    formats: Annotated[tuple[AudioFormat, ...], msgspec.Meta(min_length=1)] = (AudioFormat.PCM,)
    references: bool = True
    words: bool = False
    segments: bool = False

    def __post_init__(self) -> None:
        if self.speech_model is None and self.transcription_model is None:
            raise ValueError("without speech_model and transcription_model it does nothing")


class Fault(msgspec.Struct, frozen=True):
    """What is inside the error envelope: which field of ours it does not take."""

    param: str | None = None


class Refusal(msgspec.Struct, frozen=True):
    """The error envelope. Transcriptions have FastAPI's `detail` instead, whose text is all it has."""

    error: Fault | str | None = None


class Higgs(HttpProvider[HiggsSettings]):
    """Speech (pcm streamed as it is spoken), and transcription where the engine has a model for it."""

    kind = "higgs"
    free = "/health"
    settings_type = HiggsSettings

    def offers(self) -> Sequence[AnyOffer]:
        """Return speech and transcription, each if a model is configured for it."""
        can = self.settings
        made: list[AnyOffer] = []
        if can.speech_model is not None:
            made.append(Offer(SpeechRequest, self.speak, speech_limits(can), (can.speech_model,)))
        if can.transcription_model is not None:
            limits = TranscriptionLimits(
                words=can.words, segments=can.segments, options=frozenset({"prompt", "temperature"})
            )
            made.append(Offer(TranscriptionRequest, self.transcribe, limits, (can.transcription_model,)))
        return made

    def headers(self) -> Mapping[str, str]:
        """Return the credential, where the engine stands behind something that wants one."""
        return {"authorization": f"Bearer {self.settings.api_key}"} if self.settings.api_key else {}

    async def healthy(self) -> bool:
        """Whether the engine calls itself healthy: GET /health, answered 200 or 503, without GPU time.

        No request waits for it: it is for whoever wants to know without giving the engine work.
        """
        try:
            await self.send("GET", "/health")
        except ProviderFailed:
            return False
        return True

    async def speak(self, request: SpeechRequest) -> Speech:
        """Speak in the format asked for; `stream` goes with pcm alone."""
        fields = {
            "model": request.model or self.settings.speech_model,
            "voice": request.voice or self.settings.voice,
            "input": request.text,
            "response_format": request.format,
            "stream": request.format is AudioFormat.PCM,
            "language": request.language and LANGUAGES.get(request.language.partition("-")[0].lower(), "Auto"),
        }
        fields |= {name: getattr(request, name) for name in OPTIONS}
        if request.ref_audio is not None:
            by = self.settings.references
            fields |= await asyncio.to_thread(imitating, request.ref_audio, request.ref_text, references=by)
        answer = await self.stream("POST", "/v1/audio/speech", json=present(fields))
        try:
            return spoken(answer, request.format)
        except ProviderFailed:
            await answer.body.aclose()
            raise

    async def transcribe(self, request: TranscriptionRequest) -> Transcript:
        """Write down a recording, which is read from disk as it is sent."""
        grains = [grain for grain, wanted in (("word", request.words), ("segment", request.segments)) if wanted]
        fields = {
            "model": request.model or self.settings.transcription_model,
            "language": request.language,
            "prompt": request.prompt,
            "temperature": request.temperature,
            "response_format": "verbose_json" if grains else "json",
            "timestamp_granularities[]": grains or None,
        }
        with ExitStack() as opened:
            file = ("recording", content_of(request.audio, opened), media_type(request.audio))
            _, body = await self.send("POST", "/v1/audio/transcriptions", data=present(fields), files={"file": file})
        return transcript(body, request)

    def refusal(self, status: int, headers: Headers, body: bytes) -> ProviderFailed:
        """Classify by what the engine says of it, then by status; a 404 is a model, a voice or a route it has not."""
        plain = super().refusal(status, headers, body)
        kind = type(plain)
        if status >= 500 and QUEUE_FULL.search(body):
            kind = Busy
        elif status == 404 or fault_in(body).param in OURS:
            kind = Misconfigured
        return kind(plain.message, upstream_status=status, retry_after=plain.retry_after)


def speech_limits(can: HiggsSettings) -> SpeechLimits:
    """Return what it can be asked to speak."""
    return SpeechLimits(
        formats=can.formats,
        characters=can.characters,
        voices=None if can.voices is None else tuple(Voice(id=one, name=one) for one in can.voices),
        options=frozenset({*OPTIONS, "language", "ref_audio", "ref_text"}),
        tokens=True,
    )


def fault_in(body: bytes) -> Fault:
    """Return what an error's envelope says, or a fault that says nothing."""
    try:
        error = msgspec.json.decode(body, type=Refusal).error
    except ValueError:  # msgspec's own errors, and text that is not UTF-8
        error = None
    return error if isinstance(error, Fault) else Fault()


def present(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that are set."""
    return {name: value for name, value in fields.items() if value is not None}
