"""Speech: what it is asked for, and what an answer tells of its audio."""

from functools import lru_cache
from re import compile as regex
from typing import Final

import msgspec

from plugins.openai.settings import SpeechTask
from router.contract import AudioFormat, Headers, SpeechLimits, SpeechRequest, Voice

RATE: Final = regex(r"\brate=(\d{1,6})\b")


class Asked(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The body of a request, by the API's names: what is None is not sent."""

    model: str
    voice: str | None = None
    input: str
    response_format: AudioFormat
    stream: bool | None = None
    instructions: str | None = None
    language: str | None = None
    max_new_tokens: int | None = None
    seed: int | None = None
    speed: float | None = None
    temperature: float | None = None
    top_k: int | None = None
    top_p: float | None = None


def asked(request: SpeechRequest, can: SpeechTask) -> Asked:
    """Return what a request asks for; of our optional fields only those that are among the task's `options`."""
    body = Asked(
        model=request.model or can.models[0],
        voice=request.voice or can.voice or (can.voices[0] if can.voices else None),
        input=request.text,
        response_format=request.format,
        stream=True if can.stream else None,
    )
    for name in can.options:
        setattr(body, name, getattr(request, name))
    return body


def speech_limits(can: SpeechTask) -> SpeechLimits:
    """Return what it can be asked to speak."""
    return SpeechLimits(
        formats=can.formats,
        characters=can.characters,
        voices=None if can.voices is None else tuple(Voice(id=one, name=one) for one in can.voices),
        options=frozenset(can.options),
        tokens=can.control_tokens,
        timed=True,
    )


def rate_of(headers: Headers) -> int | None:
    """Return the sample rate that an answer states, if it does: OpenAI's do not."""
    return rate_in(headers.get("x-sample-rate", ""), headers.get("content-type", ""))


@lru_cache(maxsize=256)
def rate_in(told: str, content_type: str) -> int | None:
    """Return a sample rate that is told by itself, or as a parameter of a type."""
    found = RATE.search(f"rate={told} {content_type}")
    return int(found[1]) if found else None
