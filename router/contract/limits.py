"""What an offer can take. `why_not` says, before anything is spent, why it must decline a request."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, lru_cache
from operator import attrgetter

import msgspec

from router.contract.media import MediaRef, Url
from router.contract.schema import AudioFormat, AvatarRequest, ChatRequest, Size, SpeechRequest, TranscriptionRequest

MEGABYTE = 1024 * 1024
PICTURES = frozenset({"image/png", "image/jpeg", "image/webp"})
VIDEO = "video/mp4"


class Voice(msgspec.Struct, frozen=True, kw_only=True):
    """A voice an offer lists; `languages` are BCP 47 tags, best first."""

    id: str
    name: str
    languages: tuple[str, ...] = ()
    gender: str | None = None


def unheeded(request: msgspec.Struct, options: frozenset[str], optional: frozenset[str]) -> str | None:
    """Say which optional field the caller set that the offer would ignore, for ignoring is a silent repair."""
    fields, values_of = _ignored(options, optional)
    values = values_of(request)
    if values.count(None) == len(values):
        return None
    return next(f"does not take `{field}`" for field, value in zip(fields, values, strict=True) if value is not None)


@lru_cache
def _ignored(
    options: frozenset[str], optional: frozenset[str]
) -> tuple[Sequence[str], Callable[[object], tuple[object, ...]]]:
    """Return the fields that are ignored, and what reads all of them at once."""
    fields = sorted(optional - options)
    if len(fields) > 1:
        return fields, attrgetter(*fields)
    return fields, lambda request: tuple(getattr(request, field) for field in fields)


def speaks_language(language: str | None, languages: frozenset[str] | None) -> bool:
    """Compare BCP 47 tags, a bare language (`en`) matching its regions (`en-gb`) both ways."""
    if language is None or languages is None:
        return True
    wanted = f"{language}-".lower()
    spoken = (f"{one}-".lower() for one in languages)
    return any(one.startswith(wanted) or wanted.startswith(one) for one in spoken)


class SpeechLimits(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """Limits of a speech offer.

    `formats` are what it produces natively and streams as it speaks, best first; the router encodes
    the rest. `voices` None means any name is passed on. `options` are the optional request fields it heeds.
    `size` is that of `ref_audio`, in bytes. `tokens`: it obeys control tokens (`router.contract.tokens`). `timed`: it is
    told how long it has.
    """

    formats: tuple[AudioFormat, ...]
    characters: int
    voices: tuple[Voice, ...] | None = None
    languages: frozenset[str] | None = None
    options: frozenset[str] = frozenset()
    speed: tuple[float, float] = (0.25, 4.0)
    size: int = 10 * MEGABYTE
    tokens: bool = False
    timed: bool = False

    OPTIONAL = frozenset(
        {
            "guidance_scale", "instructions", "language", "max_new_tokens", "ref_audio", "ref_text",
            "seed", "speed", "temperature", "top_k", "top_p", "words",
        }
    )  # fmt: skip

    def why_not(self, request: SpeechRequest) -> str | None:
        """Return why this offer declines `request`, or None if it can serve it."""
        if len(request.text) > self.characters:
            return f"takes at most {self.characters} characters, not {len(request.text)}"
        if not speaks_language(request.language, self.languages):
            return f"does not speak {request.language}"
        if not self.knows_voice(request.voice):
            return f"has no voice {request.voice!r}"
        low, high = self.speed
        if request.speed is not None and not low <= request.speed <= high:
            return f"speaks at {low} to {high} times normal speed, not {request.speed}"
        ignored = unheeded(request, self.options, self.OPTIONAL)
        return ignored or (too_large(request.ref_audio, self.size, None) if request.ref_audio else None)

    def knows_voice(self, voice: str | None) -> bool:
        """Whether the voice may be asked for by this name; None is the offer's own default."""
        return voice is None or self.voices is None or voice in self._voice_ids

    @cached_property
    def _voice_ids(self) -> frozenset[str]:
        return frozenset(one.id for one in self.voices or ())


class TranscriptionLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of a transcription offer; `size` in bytes, `seconds` of audio. `timed` as for speech."""

    size: int = 25 * MEGABYTE
    seconds: float | None = None
    languages: frozenset[str] | None = None
    words: bool = False
    segments: bool = False
    options: frozenset[str] = frozenset()
    timed: bool = False

    OPTIONAL = frozenset({"prompt", "temperature"})

    def why_not(self, request: TranscriptionRequest) -> str | None:
        """Return why this offer declines `request`, or None if it can serve it."""
        if not speaks_language(request.language, self.languages):
            return f"does not understand {request.language}"
        if request.words and not self.words:
            return "gives no word times"
        if request.segments and not self.segments:
            return "gives no segment times"
        return too_large(request.audio, self.size, self.seconds) or unheeded(request, self.options, self.OPTIONAL)


class AvatarLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of an avatar offer.

    `faces` are the media types it takes as a face; the router makes a still video of a picture for those that
    take only video. `size` is of each piece of media, in bytes, `seconds` of the voice. `speaks`: what text it
    takes itself, if any; the router speaks all other text first. `fetches`: takes URLs as they are; the router
    downloads for those that do not. `live`: video comes as it renders. `free`: making it again costs nobody anything.
    `options` are the optional request fields
    it heeds, those of `lip_sync` by their own names.
    """

    sizes: tuple[Size, ...] = tuple(Size)
    faces: frozenset[str] = PICTURES
    size: int = 10 * MEGABYTE
    seconds: float | None = 60.0
    speaks: SpeechLimits | None = None
    fetches: bool = False
    live: bool = False
    free: bool = False
    options: frozenset[str] = frozenset()

    OPTIONAL = frozenset({"name"})

    def why_not(self, request: AvatarRequest) -> str | None:
        """Return why this offer declines `request`, or None if it can serve it."""
        if request.size is not None and request.size not in self.sizes:
            return f"does not render {request.size}"
        if not self.takes_face(request.face):
            return f"takes no {media_type(request.face)} as a face"
        if request.stretches and "stretches" not in self.options:
            return "gives no part of a face a voice of its own"
        voices = [one for one in voices_of(request) if not isinstance(one, SpeechRequest)]
        heavy = next((why for one in voices if (why := too_large(one, self.size, self.seconds))), None)
        return too_large(request.face, self.size, None) or heavy or self._unheeded(request)

    def takes_face(self, face: MediaRef) -> bool:
        """Whether it takes the face, or a video of a picture in its place; a URL is taken at the caller's word."""
        kind = face.kind if isinstance(face, Url) else face.media_type
        kinds = {one.partition("/")[0] for one in self.faces}
        return kind is None or kind in self.faces or kind in kinds or (is_picture(face) and self.needs_video)

    @property
    def needs_video(self) -> bool:
        """Whether a picture must be made a video first."""
        return VIDEO in self.faces and not self.faces & PICTURES

    def _unheeded(self, request: AvatarRequest) -> str | None:
        if request.lip_sync is not None:
            names = frozenset(request.lip_sync.__struct_fields__)
            if ignored := unheeded(request.lip_sync, self.options, names):
                return ignored
        return unheeded(request, self.options, self.OPTIONAL)

    def takes_text(self, speech: SpeechRequest) -> bool:
        """Whether the text can be passed on as it is asked for, or has to be spoken first."""
        return self.speaks is not None and self.speaks.why_not(speech) is None


def voices_of(request: AvatarRequest) -> tuple[MediaRef | SpeechRequest, ...]:
    """Return every voice of a request, each once, in order of appearance."""
    voices = [request.voice, *(stretch.voice for stretch in request.stretches)]
    return tuple(one for at, one in enumerate(voices) if all(one is not other for other in voices[:at]))


def revoiced(request: AvatarRequest, voices: Mapping[int, MediaRef | SpeechRequest]) -> AvatarRequest:
    """Return a request with each of its voices replaced; `voices` maps the `id` of the old to the new."""
    stretches = (msgspec.structs.replace(one, voice=voices[id(one.voice)]) for one in request.stretches)
    return msgspec.structs.replace(request, voice=voices[id(request.voice)], stretches=tuple(stretches))


def media_type(media: MediaRef) -> str:
    """Return what the bytes are; of a URL, what the caller says."""
    return (media.kind or "unknown type") if isinstance(media, Url) else media.media_type


def is_picture(media: MediaRef) -> bool:
    """Whether it is a picture, as far as is known."""
    return media_type(media) == "image" or media_type(media) in PICTURES


class ChatLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of a chat offer."""

    characters: int
    options: frozenset[str] = frozenset()

    OPTIONAL = frozenset({"max_tokens", "temperature"})

    def why_not(self, request: ChatRequest) -> str | None:
        """Return why this offer declines `request`, or None if it can serve it."""
        length = sum(len(message.content) for message in request.messages)
        if length > self.characters:
            return f"takes at most {self.characters} characters, not {length}"
        return unheeded(request, self.options, self.OPTIONAL)


def too_large(media: MediaRef, size: int, seconds: float | None) -> str | None:
    """Say which limit media breaks; of a URL nothing is known yet."""
    if isinstance(media, Url):
        return None
    if media.size > size:
        return f"takes at most {size} bytes, not {media.size}"
    if seconds is not None and media.seconds is not None and media.seconds > seconds:
        return f"takes at most {seconds:g} seconds of audio, not {media.seconds:.1f}"
    return None


Limits = SpeechLimits | TranscriptionLimits | AvatarLimits | ChatLimits
