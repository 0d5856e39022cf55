"""What the YAML says of an account: which tasks it serves, with which models, and what each of them can do."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal

import msgspec

from router.contract import AudioFormat, BaseUrl, HttpSettings

OPENAI: Final = "https://api.openai.com/v1"

SpeechOption = Literal[
    "instructions", "language", "max_new_tokens", "seed", "speed", "temperature", "top_k", "top_p"
]  # fmt: skip


class SpeechTask(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How it speaks, if it has `models` for it; the first is for callers who name none.

    `voices` null passes any name on; `voice`, else the first of `voices`, speaks for callers who name none.
    `formats` are those it sends as it speaks: list what it only sends whole, and callers wait for the whole.
    `options` are optional fields of ours that it takes under the same name. `stream`: it wants `stream: true`, as
    vLLM does. `sample_rate` is that of its pcm, in hertz, unless its answers say. `control_tokens`: it obeys
    `<|category:value|>`.
    """

    models: tuple[str, ...] = ()
    voice: str | None = None
    voices: tuple[str, ...] | None = None
    characters: Annotated[int, msgspec.Meta(ge=1)] = 4096
    formats: Annotated[tuple[AudioFormat, ...], msgspec.Meta(min_length=1)] = (
        AudioFormat.PCM,
        AudioFormat.WAV,
        AudioFormat.MP3,
        AudioFormat.OPUS,
        AudioFormat.AAC,
        AudioFormat.FLAC,
    )
    options: tuple[SpeechOption, ...] = ("instructions", "speed")
    stream: bool = False
    sample_rate: Annotated[int, msgspec.Meta(ge=1)] = 24_000
    control_tokens: bool = False


class TranscriptionTask(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How it transcribes, if it has `models` for it. `words` and `segments`: it gives their times, in verbose_json.

    `stream`: it is asked for events where no times are wanted, so that a long recording is not silence on the wire.
    """

    models: tuple[str, ...] = ()
    words: bool = False
    segments: bool = False
    stream: bool = False
    size: Annotated[int, msgspec.Meta(ge=1)] = 25 * 1024 * 1024


class ChatTask(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How it replies, if it has `models` for it. `characters` are those of all messages.

    `thinking` is DeepSeek's switch, which is on unless told.
    """

    models: tuple[str, ...] = ()
    characters: Annotated[int, msgspec.Meta(ge=1)] = 400_000
    thinking: Literal["enabled", "disabled"] | None = None


OWN: Final[Mapping[str, SpeechTask | TranscriptionTask | ChatTask]] = {
    "speech": SpeechTask(
        models=("gpt-4o-mini-tts", "tts-1", "tts-1-hd"),
        voices=(
            *("alloy", "ash", "ballad", "cedar", "coral", "echo", "fable"),
            *("marin", "nova", "onyx", "sage", "shimmer", "verse"),
        ),
    ),
    "transcription": TranscriptionTask(models=("whisper-1",), words=True, segments=True),
    "chat": ChatTask(models=("gpt-4.1-mini",)),
}
"""OpenAI's. Of its transcription models only whisper-1 gives times, which subtitles are made of."""


class OpenAISettings(HttpSettings, frozen=True, kw_only=True):
    """An account at OpenAI, or a server with its API; `base_url` includes the /v1.

    A task without models is not offered. If none has any, and the server is OpenAI's, all three get models of its own.
    """

    base_url: BaseUrl = OPENAI
    speech: SpeechTask = SpeechTask()
    transcription: TranscriptionTask = TranscriptionTask()
    chat: ChatTask = ChatTask()

    def __post_init__(self) -> None:
        for name, own in OWN.items():
            task = getattr(self, name)
            if task != type(own)() and not task.models:
                raise ValueError(f"{name} is described, but has no models")
        if self.speech.models or self.transcription.models or self.chat.models:
            return
        if self.base_url.rstrip("/") != OPENAI:
            raise ValueError("say which of speech, transcription and chat this server does, and with which models")
        for name, own in OWN.items():
            msgspec.structs.force_setattr(self, name, own)
