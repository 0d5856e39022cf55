"""Transcriptions as OpenAI's API has them, which every vendor of the kind has taken over."""

import msgspec

from router.contract.errors import BadOutput
from router.contract.schema import Segment, Transcript, TranscriptionRequest, Word


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
