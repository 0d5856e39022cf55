"""What an offer can take. `why_not` says, before anything is spent, why it must decline a request."""

import msgspec

from router.contract.schema import (
    AudioFormat,
    AvatarRequest,
    ChatRequest,
    MediaRef,
    Size,
    SpeechRequest,
    TranscriptionRequest,
    Url,
)

MEGABYTE = 1024 * 1024


class Voice(msgspec.Struct, frozen=True, kw_only=True):
    """A voice an offer lists; `languages` are BCP 47 tags, best first."""

    id: str
    name: str
    languages: tuple[str, ...] = ()
    gender: str | None = None


def unheeded(request: msgspec.Struct, options: frozenset[str], optional: frozenset[str]) -> str | None:
    """Say which optional field the caller set that the offer would ignore, for ignoring is a silent repair."""
    for field in sorted(optional - options):
        if getattr(request, field) is not None:
            return f"does not take `{field}`"
    return None


def speaks_language(language: str | None, languages: frozenset[str] | None) -> bool:
    """Compare BCP 47 tags, a bare language (`en`) matching its regions (`en-gb`) both ways."""
    if language is None or languages is None:
        return True
    wanted = f"{language}-".lower()
    spoken = (f"{one}-".lower() for one in languages)
    return any(one.startswith(wanted) or wanted.startswith(one) for one in spoken)


class SpeechLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of a speech offer.

    `formats` are what it produces natively and streams as it speaks, best first; the router encodes
    the rest. `voices` None means any name is passed on. `options` are the optional request fields it heeds.
    `size` is that of `ref_audio`, in bytes.
    """

    formats: tuple[AudioFormat, ...]
    characters: int
    voices: tuple[Voice, ...] | None = None
    languages: frozenset[str] | None = None
    options: frozenset[str] = frozenset()
    speed: tuple[float, float] = (0.25, 4.0)
    size: int = 10 * MEGABYTE

    OPTIONAL = frozenset(
        {
            "instructions", "language", "max_new_tokens", "ref_audio", "ref_text",
            "seed", "speed", "temperature", "top_k", "top_p",
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
        return voice is None or self.voices is None or any(voice == one.id for one in self.voices)


class TranscriptionLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of a transcription offer; `size` in bytes, `seconds` of audio."""

    size: int = 25 * MEGABYTE
    seconds: float | None = None
    languages: frozenset[str] | None = None
    words: bool = False
    segments: bool = False
    options: frozenset[str] = frozenset()

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

    `speaks`: what text it takes itself, if any; the router speaks all other text first. `fetches`: takes
    URLs as they are; the router downloads for those that do not. `live`: video comes as it renders.
    """

    sizes: tuple[Size, ...] = tuple(Size)
    images: frozenset[str] = frozenset({"image/png", "image/jpeg", "image/webp"})
    size: int = 10 * MEGABYTE
    seconds: float | None = 60.0
    speaks: SpeechLimits | None = None
    fetches: bool = False
    live: bool = False

    def why_not(self, request: AvatarRequest) -> str | None:
        """Return why this offer declines `request`, or None if it can serve it."""
        if request.size not in self.sizes:
            return f"does not render {request.size}"
        face, voice = request.face, request.voice
        if not isinstance(face, Url) and face.media_type not in self.images:
            return f"takes no {face.media_type} as a face"
        if isinstance(voice, SpeechRequest):
            return too_large(face, self.size, None)
        return too_large(face, self.size, None) or too_large(voice, self.size, self.seconds)

    def takes_text(self, speech: SpeechRequest) -> bool:
        """Whether the text can be passed on as it is asked for, or has to be spoken first."""
        return self.speaks is not None and self.speaks.why_not(speech) is None


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
