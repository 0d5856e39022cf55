"""Transcriptions: the recording as it goes up, and the text as it comes back, whole or at the end of events."""

from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any, Final

import msgspec

from plugins.openai.refusals import raise_fault
from router.contract import (
    BadOutput,
    ByteStream,
    Event,
    EventStream,
    MediaRef,
    Segment,
    Transcript,
    TranscriptionRequest,
    Unsupported,
    Upload,
    Url,
    Word,
)

ENDINGS: Final[Mapping[str, str]] = {
    "audio/aac": "aac",
    "audio/flac": "flac",
    "audio/mp4": "m4a",
    "audio/mpeg": "mp3",
    "audio/ogg": "ogg",
    "audio/wav": "wav",
    "audio/webm": "webm",
    "video/mp4": "mp4",
    "video/webm": "webm",
}
"""OpenAI tells a recording's format by the ending of its name."""


class Usage(msgspec.Struct, frozen=True):
    """What a transcription is charged for; `seconds` of audio where that is what counts."""

    seconds: float | None = None


class Heard(msgspec.Struct, frozen=True):
    """A transcription: `json`, `verbose_json`, or the `transcript.text.done` of a stream."""

    text: str
    language: str | None = None
    duration: float | None = None
    segments: tuple[Segment, ...] | None = None
    words: tuple[Word, ...] | None = None
    usage: Usage | None = None


class Happening(msgspec.Struct, frozen=True):
    """What an event of a stream is."""

    type: str | None = None


def recording(media: MediaRef, opened: ExitStack) -> tuple[str, Any, str]:
    """Return a form's file. Raises `Unsupported` for a URL, which nobody fetched."""
    if isinstance(media, Url):
        raise Unsupported("a recording has to be uploaded")
    content = opened.enter_context(media.path.open("rb")) if isinstance(media, Upload) else media.data
    return f"recording.{ENDINGS.get(media.media_type, 'bin')}", content, media.media_type


def transcript(body: bytes, request: TranscriptionRequest) -> Transcript:
    """Read a transcription. Raises `BadOutput` for what is none, or lacks the times asked for."""
    try:
        heard = msgspec.json.decode(body, type=Heard)
    except ValueError as error:
        raise BadOutput("the answer is no transcription") from error
    if heard.text and ((request.words and not heard.words) or (request.segments and not heard.segments)):
        raise BadOutput("the transcription lacks the times asked for")
    return Transcript(
        text=heard.text,
        language=heard.language,
        duration=heard.duration or (heard.usage.seconds if heard.usage else None),
        segments=(heard.segments or ()) if request.segments else (),
        words=(heard.words or ()) if request.words else (),
    )


async def whole_text(body: ByteStream) -> bytes:
    """Return the event that holds all of a streamed transcription; the deltas before it only say the same.

    Raises `Unavailable` when the stream ends before it, and what an event says went wrong.
    """
    found = b""

    def seek(event: Event) -> bytes | None:
        nonlocal found
        raise_fault(event)
        found = event.data
        return None if happening(event) == "transcript.text.done" else b""

    async for _ in EventStream(body, seek):
        pass
    return found


def happening(event: Event) -> str | None:
    """Return an event's type. Raises `BadOutput`."""
    try:
        return msgspec.json.decode(event.data, type=Happening).type
    except ValueError as error:
        raise BadOutput("an event of the transcription makes no sense") from error
