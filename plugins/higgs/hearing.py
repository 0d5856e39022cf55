"""Transcriptions: the recording as it goes up, and the text as it comes back."""

from contextlib import ExitStack
from typing import Any

import msgspec

from router.contract import (
    BadOutput,
    MediaRef,
    Segment,
    Transcript,
    TranscriptionRequest,
    Unsupported,
    Upload,
    Url,
    Word,
)


class Usage(msgspec.Struct, frozen=True):
    """What a transcription is charged for; `seconds` of audio, rounded up."""

    seconds: float | None = None


class Heard(msgspec.Struct, frozen=True):
    """A transcription, `json` or `verbose_json`."""

    text: str
    language: str | None = None
    duration: float | None = None
    segments: tuple[Segment, ...] | None = None
    words: tuple[Word, ...] | None = None
    usage: Usage | None = None


def recording(media: MediaRef, opened: ExitStack) -> tuple[Any, str]:
    """Return a form file's content and media type. Raises `Unsupported` for a URL, which nobody fetched."""
    if isinstance(media, Url):
        raise Unsupported("a recording has to be uploaded")
    return opened.enter_context(media.path.open("rb")) if isinstance(media, Upload) else media.data, media.media_type


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
