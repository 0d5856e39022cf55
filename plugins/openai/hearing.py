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
    content_of,
    media_type,
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


class Happening(msgspec.Struct, frozen=True):
    """What an event of a stream is."""

    type: str | None = None


def recording(media: MediaRef, opened: ExitStack) -> tuple[str, Any, str]:
    """Return a form's file. Raises `Unsupported` for a URL, which nobody fetched."""
    content = content_of(media, opened)
    kind = media_type(media)
    return f"recording.{ENDINGS.get(kind, 'bin')}", content, kind


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
