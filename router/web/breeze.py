"""POST /v1/text-to-speech/{voice_id}: Breeze's text to audio, which ElevenLabs' clients speak too.

Seed of the wire: docs.breezeblue.ai, "Stream text to speech"; query and headers as its SDK, `breeze-blue`, has them.
"""

from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from functools import partial
from typing import Annotated, Any, Final

import msgspec
from litestar import Request, post
from litestar.params import FromPath
from msgspec import Meta

from router.contract import AudioFormat, Speech, SpeechRequest, Task
from router.media import CONTENT_TYPES
from router.web.answer import Answer, Asked, Telling
from router.web.body import json_of
from router.web.dialects import BREEZE
from router.web.idempotency import PAID, Paid
from router.web.intake import Intake
from router.web.openapi import BINARY, describe, json_body, schema_of
from router.web.output_format import Sound, sound_of
from router.web.query import explaining, query_of
from router.web.site import call_of
from router.web.speech import LONGEST_INPUT, check_text, content_type
from router.web.wire import decode

PATH: Final = "/v1/text-to-speech/{voice_id:str}"

ONE_BY_ONE: Final = "each text is spoken for itself, without those before and after it"
AS_WRITTEN: Final = "a text is spoken as it is written"
REASONS: Final[Mapping[str, str]] = {
    "apply_language_text_normalization": AS_WRITTEN,
    "apply_text_normalization": AS_WRITTEN,
    "audio_effects": "no effects are laid over a voice",
    "delivery": "answers are never put off; read the audio as it comes",
    "next_request_ids": ONE_BY_ONE,
    "next_text": ONE_BY_ONE,
    "optimize_streaming_latency": "audio is always sent as soon as it is spoken",
    "previous_request_ids": ONE_BY_ONE,
    "previous_text": ONE_BY_ONE,
    "pronunciation_dictionary_locators": "there are no pronunciation dictionaries",
    "timestamp_mode": "word times come once, with the whole audio",
    "use_pvc_as_ivc": "there is one version of each voice",
    "voice_settings.similarity_boost": "no provider behind this router has it",
    "voice_settings.stability": "no provider behind this router has it",
    "voice_settings.style": "no provider behind this router has it; say it in `instructions`",
    "voice_settings.use_speaker_boost": "no provider behind this router has it",
    "voice_settings.volume": "audio is passed on as loud as it was spoken",
}
"""Fields that Breeze or ElevenLabs take and the router does not, and why; leaving them out unsaid would be a lie."""


class VoiceSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to speak."""

    guidance_scale: Annotated[float, Meta(ge=1, le=10)] | None = None
    speed: Annotated[float, Meta(ge=0.5, le=2)] | None = None


class TextBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to say."""

    text: Annotated[str, Meta(extra_json_schema={"minLength": 1, "maxLength": LONGEST_INPUT})]
    model_id: Annotated[str, Meta(min_length=1, max_length=120)] | None = None
    language_code: Annotated[str, Meta(max_length=16)] | None = None
    instructions: Annotated[str, Meta(max_length=4096)] | None = None
    voice_settings: VoiceSettings | None = None
    seed: int | None = None


class TextQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The format, and whether the caller minds a log; no text is ever logged here, so either will do."""

    output_format: Annotated[str, Meta(description="A format, then _<hertz>, then _<kbit/s>")] = "mp3"
    enable_logging: bool = True


class WordTime(msgspec.Struct, frozen=True, kw_only=True):
    """A word and when it is said, in seconds."""

    index: int
    word: str
    start: float
    end: float


class TimedSpeech(msgspec.Struct, frozen=True, kw_only=True):
    """Whole audio, and when each of its words is said."""

    audio_base64: str
    content_type: str
    word_timestamps: tuple[WordTime, ...]


class Said(msgspec.Struct, frozen=True):
    """What the URL says of a request, and the id of what will come of it."""

    voice: str
    sound: Sound
    item: str
    words: bool = False


@post(
    [PATH, f"{PATH}/stream"],
    status_code=200,
    summary="Speak a text (Breeze, ElevenLabs)",
    opt={PAID: Paid(Task.SPEECH)},
    operation_class=describe(
        dict.fromkeys(CONTENT_TYPES.values(), BINARY), json_body(TextBody), dialects=(BREEZE,), query=TextQuery
    ),
)
async def speak_text(request: Request[Any, Any, Any], voice_id: FromPath[str]) -> Answer:
    """Return audio as it is spoken, in the format asked for; both paths stream.

    The history-item-id header is the request's own id. pcm is headerless s16le; x-breeze-sample-rate and
    x-breeze-channels say what a player must know.
    """
    return await answering(request, voice_id)


@post(
    f"{PATH}/with-timestamps",
    status_code=200,
    summary="Speak a text and say when each word is said (Breeze)",
    opt={PAID: Paid(Task.SPEECH)},
    operation_class=describe(
        {"application/json": schema_of(TimedSpeech)}, json_body(TextBody), dialects=(BREEZE,), query=TextQuery
    ),
)
async def time_words(request: Request[Any, Any, Any], voice_id: FromPath[str]) -> Answer:
    """Return audio in base64 and the times of its words, where a provider knows them."""
    return await answering(request, voice_id, words=True)


async def answering(request: Request[Any, Any, Any], voice: str, *, words: bool = False) -> Answer:
    """Read what the URL says. Raises `Invalid`."""
    call = call_of(request)
    with explaining(REASONS):
        query = query_of(request, TextQuery)
    said = Said(voice, sound_of(query.output_format), call.id, words)
    return Answer(call, Task.SPEECH, partial(ask, await json_of(request), said))


async def ask(body: bytes, said: Said, _: Intake) -> Asked:
    """Check a text. Raises `Invalid`."""
    with explaining(REASONS):
        asked = decode(body, TextBody)
    check_text(asked.text, "text")
    settings = asked.voice_settings or VoiceSettings()
    request = SpeechRequest(
        text=asked.text,
        model=asked.model_id,
        voice=said.voice,
        format=said.sound.format,
        sample_rate=said.sound.rate,
        bit_rate=said.sound.bits,
        speed=settings.speed,
        instructions=asked.instructions,
        language=asked.language_code,
        seed=asked.seed,
        guidance_scale=settings.guidance_scale,
        words=said.words or None,
    )
    return Asked(request, partial(as_timed if said.words else as_item, item=said.item))


def as_item(speech: Speech, item: str) -> Telling:
    """Tell speech as the bytes it is, with Breeze's headers."""
    return Telling(content_type(speech), speech.chunks, headers_of(speech, item))


def as_timed(speech: Speech, item: str) -> Telling:
    """Tell speech as JSON that holds it, with the times of its words."""
    return Telling("application/json", Timed(speech), headers_of(speech, item))


def headers_of(speech: Speech, item: str) -> tuple[tuple[str, str], ...]:
    """Return the item's id, which is the request's; the provider's own name for it; and what pcm cannot say itself."""
    headers = [("history-item-id", item)]
    if speech.provider_id:
        headers.append(("x-media-provider-item", speech.provider_id))
    if speech.format is AudioFormat.PCM:
        headers += [
            ("x-breeze-audio-codec", "pcm_s16le"),
            ("x-breeze-sample-rate", str(speech.sample_rate)),
            ("x-breeze-channels", str(speech.channels)),
            ("x-breeze-sample-width-bytes", "2"),
        ]
    return tuple(headers)


class Timed:
    """A `TimedSpeech` as JSON, written out while its audio is being spoken, so that nothing is held back."""

    def __init__(self, speech: Speech) -> None:
        self.speech = speech

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b'{"audio_base64":"'
        left = b""
        async for chunk in self.speech.chunks:
            left += chunk
            if whole := len(left) // 3 * 3:
                yield b64encode(left[:whole])
                left = left[whole:]
        yield b64encode(left) + b'","content_type":' + msgspec.json.encode(content_type(self.speech))
        times = [
            WordTime(index=at, word=one.word, start=one.start, end=one.end) for at, one in enumerate(self.speech.words)
        ]
        yield b',"word_timestamps":' + msgspec.json.encode(times) + b"}"

    async def aclose(self) -> None:
        """Release the speech."""
        await self.speech.chunks.aclose()
