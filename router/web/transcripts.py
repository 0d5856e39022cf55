"""A transcript in each of OpenAI's response formats."""

import enum
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from router.contract import Segment, Transcript


class TextFormat(enum.StrEnum):
    """OpenAI's names of the formats."""

    JSON = "json"
    TEXT = "text"
    SRT = "srt"
    VERBOSE = "verbose_json"
    VTT = "vtt"


def as_json(transcript: Transcript) -> bytes:
    """Return the text, and how much was heard where that is known."""
    return msgspec.json.encode({"text": transcript.text, **_usage(transcript)})


def as_verbose(transcript: Transcript) -> bytes:
    """Return OpenAI's verbose shape; what only Whisper's decoder could tell of a segment is null."""
    return msgspec.json.encode(
        {
            "task": "transcribe",
            "language": transcript.language,
            "duration": transcript.duration,
            "text": transcript.text,
            "segments": [_verbose(number, segment) for number, segment in enumerate(transcript.segments)],
            "words": transcript.words,
            **_usage(transcript),
        }
    )


def as_text(transcript: Transcript) -> bytes:
    """Return the text and a line's end."""
    return f"{transcript.text}\n".encode()


def as_srt(transcript: Transcript) -> bytes:
    """Return SubRip: numbered cues, times with a comma."""
    cues = (
        f"{number}\n{_time(cue.start, ',')} --> {_time(cue.end, ',')}\n{_line(cue.text)}\n"
        for number, cue in enumerate(cues_of(transcript), 1)
    )
    return "\n".join(cues).encode()


def as_vtt(transcript: Transcript) -> bytes:
    """Return WebVTT: a header, times with a point, markup escaped."""
    cues = (
        f"{_time(cue.start, '.')} --> {_time(cue.end, '.')}\n{_escaped(_line(cue.text))}\n"
        for cue in cues_of(transcript)
    )
    return "\n".join(("WEBVTT\n", *cues)).encode()


TELLINGS: Final[Mapping[TextFormat, tuple[str, Callable[[Transcript], bytes]]]] = {
    TextFormat.JSON: ("application/json", as_json),
    TextFormat.TEXT: ("text/plain; charset=utf-8", as_text),
    TextFormat.SRT: ("application/x-subrip; charset=utf-8", as_srt),
    TextFormat.VERBOSE: ("application/json", as_verbose),
    TextFormat.VTT: ("text/vtt; charset=utf-8", as_vtt),
}


def cues_of(transcript: Transcript) -> list[Segment]:
    """Return the segments that say something; without any, the whole text is one, over the whole duration."""
    cues = [segment for segment in transcript.segments if segment.text.strip()]
    if not cues and transcript.text.strip():
        return [Segment(transcript.text, 0.0, transcript.duration or 0.0)]
    return cues


def _usage(transcript: Transcript) -> dict[str, Any]:
    if transcript.duration is None:
        return {}
    return {"usage": {"type": "duration", "seconds": transcript.duration}}


def _verbose(number: int, segment: Segment) -> dict[str, Any]:
    return {
        "id": number,
        "seek": 0,
        "start": segment.start,
        "end": segment.end,
        "text": segment.text,
        "tokens": [],
        "temperature": None,
        "avg_logprob": None,
        "compression_ratio": None,
        "no_speech_prob": None,
    }


def _time(seconds: float, point: str) -> str:
    whole = round(seconds * 1000)
    return f"{whole // 3_600_000:02}:{whole // 60_000 % 60:02}:{whole // 1000 % 60:02}{point}{whole % 1000:03}"


def _line(text: str) -> str:
    """A blank line would end the cue."""
    return " ".join(text.split())


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
