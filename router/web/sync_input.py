"""From sync's list of inputs and segments to one face and its voices."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from re import compile as regex
from typing import Final

import msgspec

from router.contract import AvatarRequest, Invalid, LipSync, MediaRef, SpeechRequest, Stretch
from router.web.intake import FACE, MEGABYTE, SPOKEN, Intake, Wanted
from router.web.sent import Sent
from router.web.speech import check_text
from router.web.sync_body import (
    AnyItem,
    AudioItem,
    GenerationBody,
    ImageItem,
    MediaItem,
    Options,
    SegmentBody,
    TextItem,
    VideoItem,
)

FILM: Final = Wanted(("video/",), "MP4, MOV or WEBM", "invalid_video_format", 20 * MEGABYTE)
"""20 MB is what sync takes in a form."""
VOICE: Final = Wanted(SPOKEN, "AAC, WAV, MP3, FLAC or OPUS", "invalid_audio_format", 10 * MEGABYTE, 300.0)
"""300 s is the longest voice that sync takes."""
MEDIA: Final[Mapping[type[MediaItem], tuple[str, Wanted]]] = {
    VideoItem: ("video", FILM),
    ImageItem: ("image", FACE),
    AudioItem: ("audio", VOICE),
}
"""What an item holds: its type, which is the form's name for its file, too."""
NAME: Final = regex(r"[A-Za-z0-9_-]{1,255}")

Files = Mapping[str, Sent]
Voice = MediaRef | SpeechRequest


async def request_of(body: GenerationBody, files: Files, intake: Intake) -> AvatarRequest:
    """Check a request and take in its media; cheap checks come first. Raises `Invalid`."""
    check_name(body.output_file_name)
    items = with_files(body.input, files)
    face_at, face = face_of(items)
    voices = voices_of(items)
    check_segments(body, voices, face)
    taking = Taking(items, files, intake)
    spoken = {name: await taking.voice(at) for name, at in voices.items()}
    stretches = tuple(stretch(segment, spoken) for segment in body.segments)
    return AvatarRequest(
        face=await taking.media(face_at, face),
        voice=stretches[0].voice if stretches else next(iter(spoken.values())),
        model=body.model,
        stretches=stretches,
        lip_sync=lip_sync(body.options) if body.options else None,
    )


def lip_sync(options: Options) -> LipSync:
    """Return options as the contract has them; the names are the same."""
    return msgspec.json.decode(msgspec.json.encode(options), type=LipSync)


def check_name(name: str | None) -> None:
    """Refuse a name that could do harm in a path. Raises `Invalid`."""
    if name is not None and not NAME.fullmatch(name):
        raise Invalid(
            "`outputFileName` may have letters, digits, `_` and `-`, at most 255 of them, and no extension",
            code="invalid_value", param="outputFileName", limit=255,
        )  # fmt: skip


def with_files(items: tuple[AnyItem, ...], files: Files) -> tuple[AnyItem, ...]:
    """Return the items, with one of its own for each file that none is waiting for. Raises `Invalid`."""
    for kind, (name, _) in MEDIA.items():
        waiting = [at for at, item in enumerate(items) if isinstance(item, kind) and item.url is None]
        spare = waiting if name not in files else waiting[1:]
        if spare:
            param = f"input[{spare[0]}].url"
            raise Invalid(f"`{param}` is required, or a file `{name}`", code="missing_field", param=param)
        if name in files and not waiting:
            items = (*items, kind())
    return items


def face_of(items: tuple[AnyItem, ...]) -> tuple[int, MediaItem]:
    """Return the one face, and where it stands. Raises `Invalid` with sync's codes."""
    faces = [(at, item) for at, item in enumerate(items) if isinstance(item, VideoItem | ImageItem)]
    if not faces:
        raise Invalid("`input` has no video and no image", code="generation_video_missing", param="input")
    if len(faces) > 1:
        raise Invalid(
            f"`input` may have one video or image, not {len(faces)}",
            code="generation_input_too_many_visual", param=f"input[{faces[1][0]}]", limit=1,
        )  # fmt: skip
    return faces[0]


def voices_of(items: tuple[AnyItem, ...]) -> dict[str, int]:
    """Return where each voice is, by its refId; a voice without one has none to share. Raises `Invalid`."""
    voices: dict[str, int] = {}
    for at, item in enumerate(items):
        if not isinstance(item, AudioItem | TextItem):
            continue
        name = item.ref_id or ""
        if name in voices and not name:
            raise _wrong_segments("where there are several voices each needs a `refId`", f"input[{at}].refId")
        if name in voices:
            raise _wrong_segments(f"`refId` {name!r} is given twice", f"input[{at}].refId")
        voices[name] = at
    if not voices:
        raise Invalid("`input` has no audio and no text", code="generation_audio_missing", param="input")
    return voices


def check_segments(body: GenerationBody, voices: Mapping[str, int], face: AnyItem) -> None:
    """Check that segments and voices belong together, and that the times can be. Raises `Invalid`."""
    if not body.segments:
        if len(voices) > 1:
            raise _wrong_segments(f"there are {len(voices)} voices, and no `segments` to tell them apart", "segments")
        return
    if isinstance(face, ImageItem):
        raise _wrong_segments("an image has no segments", "segments")
    for at, segment in enumerate(body.segments):
        check_segment(segment, voices, f"segments[{at}]")
    heard = {segment.audio_input.ref_id for segment in body.segments}
    for name, at in voices.items():
        if name not in heard:
            raise _wrong_segments("no segment is spoken by this voice", f"input[{at}].refId")
    check_order(body.segments)


def check_order(segments: Sequence[SegmentBody]) -> None:
    """Check that no two segments overlap, in whatever order they come. Raises `Invalid`."""
    ordered = sorted(range(len(segments)), key=lambda at: segments[at].start_time)
    for one, at in pairwise(ordered):
        before, after = segments[one], segments[at]
        if after.start_time < before.end_time:
            raise _wrong_segments("segments may not overlap", f"segments[{at}].startTime", before.end_time)


def check_segment(segment: SegmentBody, voices: Mapping[str, int], where: str) -> None:
    """Check one segment for itself. Raises `Invalid`."""
    if segment.end_time <= segment.start_time:
        raise _wrong_segments("a segment ends after it starts", f"{where}.endTime", segment.start_time)
    voice = segment.audio_input
    if voice.ref_id not in voices:
        raise _wrong_segments(
            f"no audio or text has `refId` {voice.ref_id[:60]!r}", f"{where}.audioInput.refId", ", ".join(voices)
        )
    if (voice.start_time is None) != (voice.end_time is None):
        missing = "startTime" if voice.start_time is None else "endTime"
        raise _wrong_segments("`startTime` and `endTime` come as a pair", f"{where}.audioInput.{missing}")
    if voice.start_time is not None and voice.end_time is not None and voice.end_time <= voice.start_time:
        raise _wrong_segments("a voice ends after it starts", f"{where}.audioInput.endTime", voice.start_time)


def stretch(segment: SegmentBody, voices: Mapping[str, Voice]) -> Stretch:
    """Return a segment with its voice; one voice stays one object, however many segments it speaks."""
    return Stretch(
        start=segment.start_time,
        end=segment.end_time,
        voice=voices[segment.audio_input.ref_id],
        voice_start=segment.audio_input.start_time,
        voice_end=segment.audio_input.end_time,
    )


class Taking(msgspec.Struct, frozen=True):
    """The taking in of items' media: by URL, or the form's files."""

    items: tuple[AnyItem, ...]
    files: Files
    intake: Intake

    async def voice(self, at: int) -> Voice:
        """Return audio, or a text to be spoken. Raises `Invalid`."""
        item = self.items[at]
        if not isinstance(item, TextItem):
            return await self.media(at, item)
        check_text(item.provider.script, f"input[{at}].provider.script")
        return SpeechRequest(text=item.provider.script, voice=item.provider.voice_id)

    async def media(self, at: int, item: MediaItem) -> MediaRef:
        """Return what a URL or a file holds. Raises `Invalid`."""
        name, wanted = MEDIA[type(item)]
        url, param = item.url, f"input[{at}].url"
        if url is None:
            return await self.intake.take(name, self.files[name], wanted)
        if not url.startswith(("http://", "https://")):
            raise Invalid(f"`{param}` must be an http(s) URL", code="invalid_url", param=param)
        return msgspec.structs.replace(await self.intake.take(param, url, wanted), kind=name)


def _wrong_segments(told: str, param: str, limit: float | str | None = None) -> Invalid:
    return Invalid(f"`{param}`: {told}", code="generation_input_segments_invalid", param=param, limit=limit)
