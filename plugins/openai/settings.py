"""What the YAML says of an account: which tasks it serves, with which models, and what each of them can do."""

from typing import Annotated, Final, Literal

import msgspec

from router.contract import AudioFormat, BaseUrl, HttpSettings

OPENAI: Final = "https://api.openai.com/v1"

Models = Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
SpeechOption = Literal[
    "instructions", "language", "max_new_tokens", "seed", "speed", "temperature", "top_k", "top_p"
]  # fmt: skip


class SpeechTask(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How it speaks. The first of `models` is for callers who name none.

    `voices` null passes any name on; `voice`, else the first of `voices`, speaks for callers who name none.
    `formats` are those it sends as it speaks: list what it only sends whole, and callers wait for the whole.
    `options` are optional fields of ours that it takes under the same name. `stream`: it wants `stream: true`, as
    vLLM does. `sample_rate` is that of its pcm, in hertz, unless its answers say. `control_tokens`: it obeys
    `<|category:value|>`.
    """

    models: Models
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
    options: frozenset[SpeechOption] = frozenset({"instructions", "speed"})
    stream: bool = False
    sample_rate: Annotated[int, msgspec.Meta(ge=1)] = 24_000
    control_tokens: bool = False


class TranscriptionTask(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How it transcribes. `words` and `segments`: it gives their times, in verbose_json.

    `stream`: it is asked for events where no times are wanted, so that a long recording is not silence on the wire.
    """

    models: Models
    words: bool = False
    segments: bool = False
    stream: bool = False
    size: Annotated[int, msgspec.Meta(ge=1)] = 25 * 1024 * 1024


class ChatTask(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How it replies. `characters` are those of all messages. `thinking` is DeepSeek's switch, which is on unless told."""

    models: Models
    characters: Annotated[int, msgspec.Meta(ge=1)] = 400_000
    thinking: Literal["enabled", "disabled"] | None = None


OPENAI_SPEECH: Final = SpeechTask(
    models=("gpt-4o-mini-tts", "tts-1", "tts-1-hd"),
    voices=(
        "alloy",
        "ash",
        "ballad",
        "cedar",
        "coral",
        "echo",
        "fable",
        "marin",
        "nova",
        "onyx",
        "sage",
        "shimmer",
        "verse",
    ),
)
OPENAI_TRANSCRIPTION: Final = TranscriptionTask(models=("whisper-1",), words=True, segments=True)
OPENAI_CHAT: Final = ChatTask(models=("gpt-4.1-mini",))


class OpenAISettings(HttpSettings, frozen=True, kw_only=True):
    """An account at OpenAI, or a server with its API; `base_url` includes the /v1.

    A task that is not described is not offered. If none is, and the server is OpenAI's, all three are, with models
    of its own.
    """

    base_url: BaseUrl = OPENAI
    speech: SpeechTask | None = None
    transcription: TranscriptionTask | None = None
    chat: ChatTask | None = None

    def __post_init__(self) -> None:
        if self.speech or self.transcription or self.chat:
            return
        if self.base_url.rstrip("/") != OPENAI:
            raise ValueError("say which of speech, transcription and chat this server does, and with which models")
        for name, task in (("speech", OPENAI_SPEECH), ("transcription", OPENAI_TRANSCRIPTION), ("chat", OPENAI_CHAT)):
            msgspec.structs.force_setattr(self, name, task)
