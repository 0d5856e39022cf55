"""The body of sync's POST /v2/generate, and what of it is not taken. Its casing is mixed: so is sync's own.

Source: sync's "Create Generation" page, and the types of its SDK, `syncsdk` 0.3.
"""

import enum
from collections.abc import Mapping
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from router.web.speech import LONGEST_INPUT

NO_LIBRARY: Final = "there is no media library here; give a `url`, or send the file in a form"
OLD_OPTION: Final = "sync has retired it"
UNKNOWN_TO_VOICES: Final = "no provider behind this router has it"

REASONS: Final[Mapping[str, str]] = {
    "dialogueEdit": "speech is not edited here",
    "dubParams": "nothing is translated here",
    "include": "how far a film is stands at GET /v1/videos/{id}",
    "input[].assetId": NO_LIBRARY,
    "input[].provider.similarityBoost": UNKNOWN_TO_VOICES,
    "input[].provider.stability": UNKNOWN_TO_VOICES,
    "input[].segments_frames": "sync has deprecated it; use `segments`",
    "input[].segments_secs": "sync has deprecated it; use `segments`",
    "options.fps": OLD_OPTION,
    "options.output_format": OLD_OPTION,
    "options.output_resolution": OLD_OPTION,
    "options.pads": OLD_OPTION,
    "options.speedup": OLD_OPTION,
    "projectId": "there are no projects here",
    "segments[].optionsOverride": "`options` hold for the whole film",
    "webhook_url": "sync spells it `webhookUrl`",
}
"""Fields that sync takes and the router does not, and why; `[]` stands for any place in a list."""


HookUrl = Annotated[
    str,
    Meta(
        max_length=2000,
        description="Is sent the generation at its end, with a `Sync-Signature` by the team's own secret",
    ),
]


class SyncMode(enum.StrEnum):
    """What to do when voice and film are not equally long."""

    BOUNCE = "bounce"
    LOOP = "loop"
    CUT_OFF = "cut_off"
    SILENCE = "silence"
    REMAP = "remap"


class Region(enum.StrEnum):
    """What react-1 moves."""

    LIPS = "lips"
    FACE = "face"
    HEAD = "head"


class Emotion(enum.StrEnum):
    """What react-1 plays."""

    HAPPY = "happy"
    SAD = "sad"
    ANGRY = "angry"
    DISGUSTED = "disgusted"
    SURPRISED = "surprised"
    NEUTRAL = "neutral"


class Speaker(enum.StrEnum):
    """Whose voices `voiceId` is one of, in sync's words; here it is any voice of the router's."""

    ELEVENLABS = "elevenlabs"


class Snake(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What sync spells in snake case."""


class Camel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, rename="camel"):
    """What sync spells in camel case."""


class ActiveSpeaker(Snake, frozen=True, kw_only=True):
    """Whose lips, where there are several faces; coordinates are pixels, one bounding box is for one frame."""

    auto_detect: bool | None = None
    frame_number: Annotated[int, Meta(ge=0)] | None = None
    coordinates: tuple[int, int] | None = None
    bounding_boxes: tuple[tuple[int, int, int, int] | None, ...] | None = None
    bounding_boxes_url: str | None = None


class Options(Snake, frozen=True, kw_only=True):
    """How lips are laid over the film; `model_mode` and `prompt` are for react-1."""

    sync_mode: SyncMode | None = None
    temperature: Annotated[float, Meta(ge=0, le=1)] | None = None
    active_speaker_detection: ActiveSpeaker | None = None
    occlusion_detection_enabled: bool | None = None
    model_mode: Region | None = None
    prompt: Emotion | None = None


class Item(Camel, frozen=True, kw_only=True, tag_field="type"):
    """One thing to work with."""


class VideoItem(Item, frozen=True, kw_only=True, tag="video"):
    """The film; without a URL it is the form's file `video`."""

    url: str | None = None


class ImageItem(Item, frozen=True, kw_only=True, tag="image"):
    """A picture in place of a film; without a URL it is the form's file `image`."""

    url: str | None = None


class AudioItem(Item, frozen=True, kw_only=True, tag="audio"):
    """A recorded voice; without a URL it is the form's file `audio`. Segments call it by its `refId`."""

    url: str | None = None
    ref_id: Annotated[str, Meta(min_length=1, max_length=200)] | None = None


class Script(Camel, frozen=True, kw_only=True):
    """What is to be said, and by which of the router's voices."""

    name: Speaker
    voice_id: Annotated[str, Meta(min_length=1)]
    script: Annotated[str, Meta(extra_json_schema={"minLength": 1, "maxLength": LONGEST_INPUT})]


class TextItem(Item, frozen=True, kw_only=True, tag="text"):
    """A voice that is still to speak. Segments call it by its `refId`."""

    provider: Script
    ref_id: Annotated[str, Meta(min_length=1, max_length=200)] | None = None


MediaItem = VideoItem | ImageItem | AudioItem
AnyItem = MediaItem | TextItem


class SegmentVoice(Camel, frozen=True, kw_only=True):
    """A voice by its `refId`, and which seconds of it; the two times come as a pair."""

    ref_id: str
    start_time: Annotated[float, Meta(ge=0)] | None = None
    end_time: Annotated[float, Meta(ge=0)] | None = None


class SegmentBody(Camel, frozen=True, kw_only=True):
    """Seconds of the film that have a voice of their own."""

    start_time: Annotated[float, Meta(ge=0)]
    end_time: Annotated[float, Meta(ge=0)]
    audio_input: SegmentVoice


class GenerationBody(Camel, frozen=True, kw_only=True):
    """One video or image, and one voice, or several that `segments` tell apart."""

    model: Annotated[str, Meta(min_length=1, max_length=200)]
    input: Annotated[tuple[AnyItem, ...], Meta(max_length=100)] = ()
    options: Options | None = None
    segments: Annotated[tuple[SegmentBody, ...], Meta(max_length=100)] = ()
    output_file_name: (
        Annotated[str, Meta(description="Letters, digits, `_` and `-`, at most 255; .mp4 is added")] | None
    ) = None
    webhook_url: HookUrl | None = None


class GenerationForm(Camel, frozen=True, kw_only=True):
    """The same as text fields, those with structure as JSON; files come beside them."""

    model: Annotated[str, Meta(min_length=1, max_length=200)]
    input: Annotated[str, Meta(description="The list, as JSON")] | None = None
    options: Annotated[str, Meta(description="The object, as JSON")] | None = None
    segments: Annotated[str, Meta(description="The list, as JSON")] | None = None
    output_file_name: str | None = None
    webhook_url: HookUrl | None = None
