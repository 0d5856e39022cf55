"""Speech as the engine's builds send it: whole, raw PCM, or PCM in server-sent events."""

from base64 import b64encode
from re import IGNORECASE
from re import compile as regex
from typing import Any, Final

import msgspec

from router.contract import (
    OCTETS,
    Answer,
    AudioFormat,
    BadOutput,
    Busy,
    Carried,
    Event,
    EventStream,
    Headers,
    MediaRef,
    Speech,
    Unavailable,
    Upload,
    Url,
    is_audio,
)

EVENTS: Final = "text/event-stream"
RATE: Final = 24_000
PARAMETERS: Final = regex(r"\b(rate|channels)=(\d+)")
QUEUE_FULL: Final = regex(rb"queue is full", IGNORECASE)
UNFINISHED: Final = frozenset({"abort", "length"})
"""Reasons to finish before the text does."""


class Sound(msgspec.Struct, frozen=True):
    """The audio in an `audio.speech.chunk`."""

    data: bytes = b""
    format: str | None = None
    sample_rate: int | None = None


class Spoken(msgspec.Struct, frozen=True):
    """An event of a speech stream, of either shape: `audio.speech.chunk` or `speech.audio.delta`."""

    type: str | None = None
    audio: Sound | bytes | None = None
    finish_reason: str | None = None
    error: Any = None


def spoken(answer: Answer, wanted: AudioFormat) -> Speech:
    """Return the speech in an answer, whatever build it comes from.

    Raises `BadOutput` for what is no speech, or stops before its text does.
    """
    if answer.headers.get("x-finish-reason") in UNFINISHED:
        raise BadOutput("the speech ends before its text")
    if wanted is AudioFormat.PCM and answer.content_type == EVENTS:
        return Speech(wanted, EventStream(answer.body, sound_in), RATE)
    if not is_audio(answer.content_type or OCTETS, wanted):
        raise BadOutput(f"the answer is not {wanted}")
    return Speech(wanted, answer.body, *(shape(answer.headers) if wanted is AudioFormat.PCM else ()))


def shape(headers: Headers) -> tuple[int, int]:
    """Return the rate and channels of raw PCM, by its own headers or its type's parameters. Raises `BadOutput`."""
    told = dict(PARAMETERS.findall(headers.get("content-type", "")))
    try:
        rate = int(headers.get("x-sample-rate", told.get("rate", RATE)))
        channels = int(headers.get("x-channels", told.get("channels", 1)))
        bits = int(headers.get("x-bit-depth", 16))
    except ValueError as error:
        raise BadOutput("its headers do not say what the PCM is") from error
    if bits != 16 or rate < 1 or channels < 1:
        raise BadOutput(f"the PCM is of {bits} bits, {rate} Hz and {channels} channels")
    return rate, channels


def sound_in(event: Event) -> bytes | None:
    """Return the PCM in an event of an older build, or None for its last event."""
    if event.data == b"[DONE]":
        return None
    try:
        said = msgspec.json.decode(event.data, type=Spoken)
    except ValueError as error:
        raise BadOutput("an event of the stream makes no sense") from error
    if said.error or "error" in {said.type, event.name}:
        raise (Busy if QUEUE_FULL.search(event.data) else Unavailable)("the engine failed while it spoke")
    if said.finish_reason in UNFINISHED:
        raise BadOutput("the speech ends before its text")
    if said.type == "speech.audio.done":
        return None
    if not isinstance(said.audio, Sound):
        return said.audio or b""
    if said.audio.format not in {None, "pcm"} or said.audio.sample_rate not in {None, RATE}:
        raise BadOutput("an event holds something other than PCM at 24 kHz")
    return said.audio.data


def reference(sample: MediaRef, text: str | None) -> dict[str, str]:
    """Return the voice to imitate as an engine takes it; it fetches URLs itself."""
    if isinstance(sample, Url):
        audio = {"audio_path": sample.url}
    else:
        audio = {"data": encoded(sample), "media_type": sample.media_type}
    return audio if text is None else {**audio, "text": text}


def address(sample: MediaRef) -> str:
    """Return the voice to imitate as the service takes it: its URL, or a data URI that holds it."""
    return sample.url if isinstance(sample, Url) else f"data:{sample.media_type};base64,{encoded(sample)}"


def encoded(media: Carried) -> str:
    """Return media in base64."""
    return b64encode(media.path.read_bytes() if isinstance(media, Upload) else media.source).decode()


def imitating(sample: MediaRef, text: str | None, *, references: bool) -> dict[str, Any]:
    """Return the fields for a voice to imitate: an engine's `references`, or the service's own. Reads files.

    The service wants no `voice` beside them, the engine insists on one.
    """
    if references:
        return {"references": [reference(sample, text)]}
    return {"ref_audio": address(sample), "ref_text": text, "voice": None}
