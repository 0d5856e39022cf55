"""POST /v1/audio/speech: OpenAI's, Boson's and Higgs' spelling of text to audio."""

import enum
from base64 import b64encode
from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated, Any, Final

import msgspec
from litestar import Request, post
from msgspec import Meta

from router.contract import AudioFormat, ByteStream, Invalid, MediaError, Speech, SpeechRequest, Task
from router.contract.schema import PCM
from router.engine.exchange import Exchange
from router.media import CONTENT_TYPES
from router.web.answer import Answer, Asked, Telling
from router.web.body import json_of
from router.web.dialects import envelope
from router.web.idempotency import PAID, Paid
from router.web.intake import REFERENCE, Intake
from router.web.openapi import BINARY, describe, json_body
from router.web.site import HOT, Call, call_of
from router.web.wire import decode

LONGEST_INPUT: Final = 5000
"""Characters (Boson's limit; a provider that takes fewer is passed over)."""


class StreamFormat(enum.StrEnum):
    """Plain audio, or OpenAI's server-sent events with audio in base64."""

    AUDIO = "audio"
    SSE = "sse"


class VoiceId(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """OpenAI's spelling of a custom voice."""

    id: str


class Spoken(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to say and how: the fields that a video's `input_tts` takes too."""

    input: Annotated[str, Meta(extra_json_schema={"minLength": 1, "maxLength": LONGEST_INPUT})]
    model: str | None = None
    voice: str | VoiceId | None = None
    response_format: AudioFormat = AudioFormat.MP3
    speed: Annotated[float, Meta(ge=0.25, le=4)] | None = None
    instructions: Annotated[str, Meta(max_length=4096)] | None = None
    language: Annotated[str, Meta(max_length=35)] | None = None
    ref_audio: Annotated[str, Meta(description="An http(s) URL, a data URI or base64; inline at most 10 MB")] | None = (
        None
    )
    ref_text: Annotated[str, Meta(max_length=LONGEST_INPUT)] | None = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    top_k: Annotated[int, Meta(ge=1)] | None = None
    top_p: Annotated[float, Meta(ge=0, le=1)] | None = None
    max_new_tokens: Annotated[int, Meta(ge=1)] | None = None
    seed: int | None = None


class SpeechBody(Spoken, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of a speech request. Every format streams, so `stream` may be true or false with any."""

    stream: bool = False
    stream_format: StreamFormat = StreamFormat.AUDIO


def speaking(call: Call, body: bytes) -> Answer:
    """Return what speaks."""
    return Answer(call, Task.SPEECH, partial(ask, body))


@post(
    "/v1/audio/speech",
    status_code=200,
    summary="Speak a text",
    opt={HOT: speaking, PAID: Paid(Task.SPEECH)},
    operation_class=describe(
        body=json_body(SpeechBody),
        answers={**dict.fromkeys(CONTENT_TYPES.values(), BINARY), "text/event-stream": {"type": "string"}},
    ),
)
async def create_speech(request: Request[Any, Any, Any]) -> Answer:
    """Return audio as it is spoken, in the format asked for.

    pcm is headerless s16le; its rate and channels are parameters of the Content-Type.
    """
    return speaking(call_of(request), await json_of(request))


async def ask(body: bytes, intake: Intake) -> Asked:
    """Check a speech request. Raises `Invalid`."""
    asked = decode(body, SpeechBody)
    request = await spoken(asked, intake)
    if asked.stream_format is StreamFormat.SSE:
        return Asked(request, partial(as_events, characters=len(request.text)))
    return Asked(request, as_audio)


async def spoken(asked: Spoken, intake: Intake, where: str = "") -> SpeechRequest:
    """Turn a dialect's speech into ours; `where` prefixes field names in errors. Raises `Invalid`."""
    check_text(asked.input, f"{where}input")
    voice = asked.voice.id if isinstance(asked.voice, VoiceId) else asked.voice
    reference = None
    if asked.ref_audio is not None:
        if voice is not None:
            raise conflict(f"{where}ref_audio", "`voice` and `ref_audio` exclude each other")
        if asked.ref_audio:
            reference = await intake.take(f"{where}ref_audio", asked.ref_audio, REFERENCE)
    elif asked.ref_text is not None:
        raise conflict(f"{where}ref_text", "`ref_text` is the transcript of `ref_audio`, which is missing")
    return SpeechRequest(
        text=asked.input,
        model=asked.model,
        voice=voice,
        format=asked.response_format,
        speed=asked.speed,
        instructions=asked.instructions,
        language=asked.language,
        ref_audio=reference,
        ref_text=asked.ref_text,
        temperature=asked.temperature,
        top_k=asked.top_k,
        top_p=asked.top_p,
        max_new_tokens=asked.max_new_tokens,
        seed=asked.seed,
    )


def conflict(param: str, message: str) -> Invalid:
    """Return the error for a field that cannot be beside another, or without it."""
    return Invalid(message, code="conflicting_fields", param=param)


def check_text(text: str, param: str) -> None:
    """Refuse what cannot be spoken. Raises `Invalid` with Boson's codes."""
    if not text.strip():
        raise Invalid(f"`{param}` has nothing to say", code="empty_input", param=param, limit=1)
    if len(text) > LONGEST_INPUT:
        raise Invalid(
            f"`{param}` may have {LONGEST_INPUT} characters, not {len(text)}",
            code="input_too_long", param=param, limit=LONGEST_INPUT,
        )  # fmt: skip


def as_audio(speech: Speech) -> Telling:
    """Tell speech as the bytes it is."""
    return Telling(content_type(speech), speech.chunks)


def content_type(speech: Speech) -> str:
    """Return the media type; pcm has no header to say its rate, so the type does (audio/L16 would be big-endian)."""
    plain = CONTENT_TYPES[speech.format]
    if speech.format is PCM:
        return f"{plain};rate={speech.sample_rate};channels={speech.channels}"
    return plain


def as_events(speech: Speech, characters: int) -> Telling:
    """Tell speech as OpenAI's events, which have a place for an error."""
    headers = (("cache-control", "no-store"),)
    return Telling("text/event-stream", Events(speech.chunks), headers, broken, partial(done, characters))


def broken(error: MediaError) -> bytes:
    """Render the event that takes the place of `speech.audio.done`."""
    return b"event: error\ndata: " + msgspec.json.encode(envelope(error)) + b"\n\n"


def done(characters: int, exchange: Exchange) -> bytes:
    """Render `speech.audio.done`.

    Speech is counted in characters here, whoever spoke it, so that is what `usage` holds in place of tokens.
    """
    usage = {"type": "characters", "characters": characters}
    told: dict[str, object] = {"type": "speech.audio.done", "usage": usage}
    if exchange.splices:
        told["splices"] = exchange.splices
    return b"data: " + msgspec.json.encode(told) + b"\n\n"


class Events:
    """Audio chunks as `speech.audio.delta` events."""

    def __init__(self, chunks: ByteStream) -> None:
        self.chunks = chunks

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self.chunks:
            yield b'data: {"type":"speech.audio.delta","audio":"' + b64encode(chunk) + b'"}\n\n'

    async def aclose(self) -> None:
        """Release the speech."""
        await self.chunks.aclose()
