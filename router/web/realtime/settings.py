"""How a session is set: what both generations of clients can say, as one struct."""

from enum import StrEnum
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, structs

RATE: Final = 24_000
"""Hertz of sound both ways: s16le, mono, the only rate of `audio/pcm`."""
WHOLE: Final = 4096
"""Tokens: the largest limit that may be set on a reply."""


class Modality(StrEnum):
    """What a reply consists of: sound with its transcript, or text alone."""

    AUDIO = "audio"
    TEXT = "text"


class Detection(msgspec.Struct, frozen=True, kw_only=True):
    """How turns are found in what is heard (`server_vad`)."""

    threshold: float = 0.5
    prefix_padding_ms: int = 300
    silence_duration_ms: int = 500
    create_response: bool = True
    interrupt_response: bool = True


class Transcription(msgspec.Struct, frozen=True, kw_only=True):
    """How what is heard is written down."""

    model: str | None = None
    language: str | None = None


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """A session's settings. `default_*` are its scenario's, which hold where the client sets nothing."""

    model: str
    scenario: str | None = None
    chat: str | None = None
    default_instructions: str = ""
    default_voice: str | None = None
    instructions: str = ""
    voice: str | None = None
    modality: Modality = Modality.AUDIO
    detection: Detection | None = Detection()
    transcription: Transcription | None = None
    most: Annotated[int, Meta(ge=1, le=WHOLE)] | None = None
    temperature: float | None = None

    def changes(self) -> dict[str, Any]:
        """Return the fields of the scenario that the client wants otherwise."""
        heard = self.transcription or Transcription()
        wanted = {
            "prompt": self.instructions,
            "voice": self.voice,
            "chat": self.chat,
            "max_tokens": self.most,
            "temperature": self.temperature,
            "transcription": heard.model,
            "language": heard.language,
        }
        return {name: value for name, value in wanted.items() if value not in {None, ""}}


def as_present(settings: Settings) -> dict[str, Any]:
    """Return a session's settings as `RealtimeSessionCreateResponse` has them."""
    sound = {"type": "audio/pcm", "rate": RATE}
    return {
        "type": "realtime",
        "object": "realtime.session",
        "model": settings.model,
        "instructions": settings.instructions or settings.default_instructions,
        "output_modalities": [settings.modality],
        "max_output_tokens": settings.most or "inf",
        "tools": [],
        "tool_choice": "auto",
        "tracing": None,
        "truncation": "auto",
        "include": None,
        "prompt": None,
        "audio": {
            "input": {
                "format": sound,
                "noise_reduction": None,
                "transcription": written(settings.transcription),
                "turn_detection": detecting(settings.detection),
            },
            "output": {"format": sound, "voice": settings.voice or settings.default_voice, "speed": 1.0},
        },
    }


def as_beta(settings: Settings) -> dict[str, Any]:
    """Return a session's settings as the first generation's `Session` has them."""
    return {
        "object": "realtime.session",
        "model": settings.model,
        "instructions": settings.instructions or settings.default_instructions,
        "modalities": modalities(settings, beta=True),
        "voice": settings.voice or settings.default_voice,
        "input_audio_format": "pcm16",
        "output_audio_format": "pcm16",
        "input_audio_noise_reduction": None,
        "input_audio_transcription": written(settings.transcription),
        "turn_detection": detecting(settings.detection),
        "tools": [],
        "tool_choice": "auto",
        "temperature": settings.temperature,
        "max_response_output_tokens": settings.most or "inf",
        "speed": 1.0,
        "tracing": None,
    }


def modalities(settings: Settings, *, beta: bool) -> list[str]:
    """Return what replies consist of: in the first generation sound always comes with text."""
    return ["text", "audio"] if beta and settings.modality is Modality.AUDIO else [settings.modality]


def detecting(detection: Detection | None) -> dict[str, Any] | None:
    """Return how turns are found, as both generations tell it."""
    return None if detection is None else {"type": "server_vad", **structs.asdict(detection)}


def written(transcription: Transcription | None) -> dict[str, Any] | None:
    """Return how what is heard is written down, as both generations tell it."""
    return None if transcription is None else structs.asdict(transcription)
