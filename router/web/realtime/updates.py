"""What clients may set of a session or a single response: strict, so that whatever is not to be had is refused by name.

Fields that have one permitted value are there because clients send them: `tools` may be empty, `tracing` null.
"""

from enum import StrEnum
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType, structs

from router.contract import Invalid
from router.web.realtime.settings import RATE, WHOLE, Detection, Modality, Settings, Transcription

Nothing = Annotated[tuple[Any, ...], Meta(max_length=0)] | None
Instructions = Annotated[str, Meta(max_length=64 * 1024)]
Normal = Annotated[float, Meta(ge=1, le=1)]
Modalities = Annotated[tuple[Modality, ...], Meta(min_length=1, max_length=2)]
Most = Annotated[int, Meta(ge=1, le=WHOLE)] | str
Share = Annotated[float, Meta(ge=0, le=1)]
Padding = Annotated[int, Meta(ge=0, le=5000)]
Silence = Annotated[int, Meta(ge=0, le=10_000)]
Temperature = Annotated[float, Meta(ge=0, le=2)]
Metadata = Annotated[dict[str, str], Meta(max_length=16)] | None


class SessionType(StrEnum):
    """Sessions that only transcribe or translate are not to be had."""

    REALTIME = "realtime"


class SoundType(StrEnum):
    """G.711 is not to be had."""

    PCM = "audio/pcm"


class DetectionType(StrEnum):
    """Semantic detection is not to be had."""

    SERVER_VAD = "server_vad"


class ToolChoice(StrEnum):
    """There are no tools."""

    AUTO = "auto"
    NONE = "none"


class Truncation(StrEnum):
    """The oldest items are forgotten where there are too many."""

    AUTO = "auto"


class Wish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Fields that are set where they are there."""


class Format(Wish, frozen=True, kw_only=True):
    """The format of sound."""

    type: SoundType = SoundType.PCM
    rate: Annotated[int, Meta(ge=RATE, le=RATE)] = RATE


class DetectionWish(Wish, frozen=True, kw_only=True):
    """How turns are to be found."""

    type: DetectionType | UnsetType = UNSET
    threshold: Share | UnsetType = UNSET
    prefix_padding_ms: Padding | UnsetType = UNSET
    silence_duration_ms: Silence | UnsetType = UNSET
    create_response: bool | UnsetType = UNSET
    interrupt_response: bool | UnsetType = UNSET
    idle_timeout_ms: None = None


class TranscriptionWish(Wish, frozen=True, kw_only=True):
    """How what is heard is to be written down."""

    model: str | UnsetType | None = UNSET
    language: str | UnsetType | None = UNSET
    prompt: Annotated[str, Meta(max_length=0)] | None = None


class VoiceId(Wish, frozen=True, kw_only=True):
    """A voice by its id."""

    id: str


class Input(Wish, frozen=True, kw_only=True):
    """`session.audio.input`."""

    format: Format | UnsetType = UNSET
    noise_reduction: None = None
    transcription: TranscriptionWish | UnsetType | None = UNSET
    turn_detection: DetectionWish | UnsetType | None = UNSET


class Output(Wish, frozen=True, kw_only=True):
    """`session.audio.output`."""

    format: Format | UnsetType = UNSET
    voice: str | VoiceId | UnsetType = UNSET
    speed: Normal | UnsetType = UNSET


class Sound(Wish, frozen=True, kw_only=True):
    """`session.audio`."""

    input: Input = Input()
    output: Output = Output()


class Shared(Wish, frozen=True, kw_only=True):
    """What sessions and responses of both generations have."""

    instructions: Instructions | UnsetType = UNSET
    tools: Nothing = None
    tool_choice: ToolChoice = ToolChoice.AUTO


class PresentShared(Shared, frozen=True, kw_only=True):
    """What sessions and responses of the present generation have."""

    output_modalities: Modalities | UnsetType = UNSET
    max_output_tokens: Most | UnsetType = UNSET
    parallel_tool_calls: bool = True
    prompt: None = None
    reasoning: None = None


class PresentSession(PresentShared, frozen=True, kw_only=True):
    """`RealtimeSessionCreateRequest`."""

    type: SessionType = SessionType.REALTIME
    model: str | UnsetType = UNSET
    audio: Sound = Sound()
    include: Nothing = None
    tracing: None = None
    truncation: Truncation = Truncation.AUTO

    def onto(self, old: Settings) -> Settings:
        """Return the settings with what is wished for. Raises `Invalid`."""
        heard = self.audio.input
        return structs.replace(
            old,
            **shared(self, old, "session"),
            **given(
                voice=voice_of(self.audio.output.voice),
                modality=modality(self.output_modalities, "session.output_modalities", both=False),
                most=most(self.max_output_tokens, "session.max_output_tokens"),
                detection=detection(heard.turn_detection, old.detection),
                transcription=transcription(heard.transcription, old.transcription),
            ),
        )


class ResponseOutput(Wish, frozen=True, kw_only=True):
    """`response.audio.output`."""

    format: Format | UnsetType = UNSET
    voice: str | VoiceId | UnsetType = UNSET


class ResponseSound(Wish, frozen=True, kw_only=True):
    """`response.audio`."""

    output: ResponseOutput = ResponseOutput()


class Kept(StrEnum):
    """Whether a response becomes part of the conversation."""

    AUTO = "auto"
    NONE = "none"


class PresentResponse(PresentShared, frozen=True, kw_only=True):
    """`RealtimeResponseCreateParams`."""

    audio: ResponseSound = ResponseSound()
    conversation: Kept = Kept.AUTO
    metadata: Metadata = None
    input: None = None

    def onto(self, old: Settings) -> Settings:
        """Return the settings of this response. Raises `Invalid`."""
        return structs.replace(
            old,
            **shared(self, old, "response"),
            **given(
                voice=voice_of(self.audio.output.voice),
                modality=modality(self.output_modalities, "response.output_modalities", both=False),
                most=most(self.max_output_tokens, "response.max_output_tokens"),
            ),
        )


def given(**fields: Any) -> dict[str, Any]:
    """Return the fields that are there."""
    return {name: value for name, value in fields.items() if value is not UNSET}


def shared(wish: Shared, old: Settings, where: str) -> dict[str, Any]:
    """Return what all wishes may change. Raises `Invalid` for another model: that is chosen with the socket."""
    model = getattr(wish, "model", UNSET)
    if model not in {UNSET, old.model}:
        raise Invalid(
            f"the model of this session is {old.model!r} and cannot be changed; open another socket with `?model=`",
            code="invalid_value", param=f"{where}.model", limit=old.model,
        )  # fmt: skip
    return given(instructions=wish.instructions)


def voice_of(voice: str | VoiceId | UnsetType) -> str | UnsetType:
    """Return a voice by its name."""
    return voice.id if isinstance(voice, VoiceId) else voice


def modality(wanted: Modalities | UnsetType, param: str, *, both: bool) -> Modality | UnsetType:
    """Return what replies are to consist of; where they may be `both` that means sound."""
    if isinstance(wanted, UnsetType):
        return UNSET
    if len(set(wanted)) > 1 and not both:
        raise Invalid(f'`{param}` must be ["audio"] or ["text"], not both', code="invalid_value", param=param)
    return Modality.AUDIO if Modality.AUDIO in wanted else Modality.TEXT


def most(wanted: Most | UnsetType, param: str) -> int | UnsetType | None:
    """Return the most tokens of a reply; `inf` is as many as the model likes."""
    if wanted == "inf":
        return None
    if isinstance(wanted, str):
        raise Invalid(f'`{param}` must be a number of tokens or "inf"', code="invalid_value", param=param, limit=WHOLE)
    return wanted


def detection(wanted: DetectionWish | UnsetType | None, old: Detection | None) -> Detection | UnsetType | None:
    """Return how turns are found from now on; what is not said stays as it is."""
    if wanted is None or isinstance(wanted, UnsetType):
        return wanted
    told = {name: getattr(wanted, name) for name in Detection.__struct_fields__}
    return structs.replace(old or Detection(), **given(**told))


def transcription(
    wanted: TranscriptionWish | UnsetType | None, old: Transcription | None
) -> Transcription | UnsetType | None:
    """Return how what is heard is written down from now on; what is not said stays as it is."""
    if wanted is None or isinstance(wanted, UnsetType):
        return wanted
    return structs.replace(old or Transcription(), **given(model=wanted.model, language=wanted.language))
