"""Transcription, in OpenAI's words."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import srt
import webvtt

from router.contract import Task
from tests.e2e.matrix.doors import Found, Made, openai_refusal, served_by, unsupported
from tests.e2e.matrix.stage import Stage, route

ASKED: Mapping[str, Mapping[str, str]] = {
    "json": {"response_format": "json"},
    "text": {"response_format": "text"},
    "srt": {"response_format": "srt"},
    "vtt": {"response_format": "vtt"},
    "verbose_json": {"response_format": "verbose_json"},
    "verbose_json, words": {"response_format": "verbose_json", "timestamp_granularities[]": "word"},
    "json, German": {"response_format": "json", "language": "de"},
}
"""The fields of each request."""
TIMED = frozenset({"srt", "vtt", "verbose_json"})
"""What is made of segments."""
DUE = {
    "json": ("application/json", "text"),
    "text": ("text/plain; charset=utf-8", "text"),
    "srt": ("application/x-subrip; charset=utf-8", "cues"),
    "vtt": ("text/vtt; charset=utf-8", "cues"),
    "verbose_json": ("application/json", "text, segments"),
    "verbose_json, words": ("application/json", "text, words"),
    "json, German": ("application/json", "text"),
}
"""Content type and what is in it."""


@dataclass(frozen=True)
class Transcriptions:
    """POST /v1/audio/transcriptions."""

    name = "transcriptions"
    title = "OpenAI: `POST /v1/audio/transcriptions`"
    task = Task.TRANSCRIPTION
    rows = tuple(ASKED)

    def expected(self, stage: Stage, kind: str, row: str) -> Found:
        limits = stage.offers[kind, "transcription"]
        if row == "json, German" and limits["languages"] is not None and "de" not in limits["languages"]:
            return unsupported(kind, "does not understand de")
        if "words" in row and not limits["words"]:
            return unsupported(kind, "gives no word times")
        if row in TIMED and not limits["segments"]:
            return unsupported(kind, "gives no segment times")
        return Made(*DUE[row], stage.seconds if DUE[row][0] == "application/json" else None)

    async def ask(self, stage: Stage, kind: str, row: str) -> Found:
        answer = await stage.client.post(
            "/v1/audio/transcriptions",
            data={"model": route(kind, "transcription"), **ASKED[row]},
            files={"file": ("words.wav", stage.voice)},
        )
        if answer.is_error:
            return openai_refusal(answer)
        content_type = served_by(answer, kind).headers["content-type"]
        if content_type == "application/json":
            return Made(content_type, *in_json(answer.json()))
        return Made(content_type, in_text(answer, ASKED[row]["response_format"], stage.seconds))


def in_json(told: dict[str, Any]) -> tuple[str, float]:
    """Return what a transcription has, and for how long somebody speaks in it."""
    sensible(told["text"])
    times = [name for name in ("segments", "words") if told.get(name)]
    return ", ".join(["text", *times]), told["usage"]["seconds"]


def in_text(answer: httpx.Response, asked: str, seconds: float) -> str:
    """Return what a text has: subtitles have times, which are within the recording."""
    if asked == "text":
        sensible(answer.text)
        return "text"
    if asked == "srt":
        cues = [(cue.start.total_seconds(), cue.end.total_seconds(), cue.content) for cue in srt.parse(answer.text)]
    else:
        captions = webvtt.from_string(answer.text).captions
        cues = [(cue.start_in_seconds, cue.end_in_seconds, cue.text) for cue in captions]
    sensible(" ".join(content for *_, content in cues))
    assert all(0 <= start < end <= seconds * 1.05 for start, end, _ in cues), json.dumps(cues)
    return "cues"


def sensible(text: str) -> None:
    """Check that a transcription has the gist, which is all that can be asked of a recogniser hearing a machine."""
    assert re.search(r"good|morning|welcome|house", text, re.IGNORECASE), text
