"""The common schema: what is asked of a provider and what it hands back, whatever the wire format.

Text is Unicode, times are seconds, audio is mono unless a result says otherwise.
"""

import enum

import msgspec

from router.contract.media import MediaRef
from router.contract.streams import ByteStream


class Task(enum.StrEnum):
    """What a caller wants done."""

    SPEECH = "speech"
    TRANSCRIPTION = "transcription"
    AVATAR = "avatar"
    CHAT = "chat"


class AudioFormat(enum.StrEnum):
    """Audio as callers name it: `opus` is in Ogg, `aac` in ADTS, `pcm` is headerless s16le."""

    MP3 = "mp3"
    OPUS = "opus"
    AAC = "aac"
    FLAC = "flac"
    WAV = "wav"
    PCM = "pcm"


# By names of their own for what each request asks: to look a member up in its class takes CPython 3.11 700 instructions.
MP3 = AudioFormat.MP3
PCM = AudioFormat.PCM


class Size(enum.StrEnum):
    """Video sizes, width by height (the three of Boson's avatar)."""

    SQUARE = "640x640"
    LANDSCAPE = "640x480"
    PORTRAIT = "480x640"

    @property
    def pixels(self) -> tuple[int, int]:
        """Width and height."""
        width, _, height = self.value.partition("x")
        return int(width), int(height)


class SpeechRequest(msgspec.Struct, frozen=True, kw_only=True, tag="speech"):
    """Text to audio. `None` means the caller did not ask; `speed` is a factor, 1 being normal.

    `sample_rate` is in hertz, `bit_rate` in bits per second; the router sees to both. `guidance_scale` is how closely to follow `instructions`; `words` asks for each word's time.
    `within` is no wish of the caller's: the seconds left until the answer must begin, told to offers that are `timed`.
    """

    text: str
    model: str | None = None
    voice: str | None = None
    format: AudioFormat = AudioFormat.MP3
    sample_rate: int | None = None
    bit_rate: int | None = None
    speed: float | None = None
    instructions: str | None = None
    language: str | None = None
    ref_audio: MediaRef | None = None
    ref_text: str | None = None
    temperature: float | None = None
    top_k: int | None = None
    top_p: float | None = None
    max_new_tokens: int | None = None
    seed: int | None = None
    guidance_scale: float | None = None
    words: bool | None = None
    within: float | None = None


class TranscriptionRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Audio to text. `words` and `segments` ask for times at that grain; `within` as for speech."""

    audio: MediaRef
    model: str | None = None
    language: str | None = None
    prompt: str | None = None
    temperature: float | None = None
    words: bool = False
    segments: bool = False
    within: float | None = None


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of a video face, in its own seconds, and the voice that is to be heard there.

    `voice_start` and `voice_end` cut that voice; they come as a pair.
    """

    start: float
    end: float
    voice: MediaRef | SpeechRequest
    voice_start: float | None = None
    voice_end: float | None = None


class LipSync(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """How lips are laid over a video face; the fields and values are sync.so's `options`."""

    sync_mode: str | None = None
    temperature: float | None = None
    active_speaker_detection: dict[str, object] | None = None
    occlusion_detection_enabled: bool | None = None
    model_mode: str | None = None
    prompt: str | None = None


class AvatarRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A face and a voice to video. The face is a picture or a video; the voice is audio, or text to be spoken first.

    `size` None is the provider's own choice. `stretches` give parts of a video face voices of their own;
    `voice` is then that of the first. `name` is for the file, without extension. `key` is the same for every
    try at one paid job, for vendors that make nothing twice.
    """

    face: MediaRef
    voice: MediaRef | SpeechRequest
    model: str | None = None
    size: Size | None = None
    stretches: tuple[Stretch, ...] = ()
    lip_sync: LipSync | None = None
    name: str | None = None
    key: str | None = None


class Message(msgspec.Struct, frozen=True):
    """One turn of a conversation; `role` is system, user or assistant."""

    role: str
    content: str


class ChatRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Text to text; only the voice socket needs it."""

    messages: tuple[Message, ...]
    model: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None


Request = SpeechRequest | TranscriptionRequest | AvatarRequest | ChatRequest


class Speech(msgspec.Struct, frozen=True):
    """Audio in `format`; `sample_rate` in hertz and `channels` are vital for pcm, which has no header.

    `seconds` is the length where it is known beforehand. `provider_id` is the vendor's own name for it.
    `words` are there if they were asked for.
    """

    format: AudioFormat
    chunks: ByteStream
    sample_rate: int = 24_000
    channels: int = 1
    seconds: float | None = None
    provider_id: str | None = None
    words: "tuple[Word, ...]" = ()


class Word(msgspec.Struct, frozen=True):
    """A word and when it was said."""

    word: str
    start: float
    end: float


class Segment(msgspec.Struct, frozen=True):
    """A stretch of speech and when it was said."""

    text: str
    start: float
    end: float


class Transcript(msgspec.Struct, frozen=True):
    """What was said. `duration` is that of the audio; `words` and `segments` are empty if not asked for."""

    text: str
    language: str | None = None
    duration: float | None = None
    segments: tuple[Segment, ...] = ()
    words: tuple[Word, ...] = ()


class Clip(msgspec.Struct, frozen=True):
    """Video bytes as they come, fragmented MP4 unless `media_type` says otherwise."""

    chunks: ByteStream
    media_type: str = "video/mp4"
    provider_id: str | None = None


class JobState(enum.StrEnum):
    """Where an upstream job stands."""

    QUEUED = "queued"
    RUNNING = "in_progress"
    DONE = "completed"
    FAILED = "failed"


class Ticket(msgspec.Struct, frozen=True):
    """An upstream job: its id there, where it stands, percent done, and why it failed.

    `error` is fit for a caller to read; `again` says whether another try could end better.
    """

    provider_id: str
    state: JobState
    progress: int | None = None
    error: str | None = None
    again: bool = True


class Reply(msgspec.Struct, frozen=True):
    """Text as it comes, UTF-8."""

    chunks: ByteStream


Result = Speech | Transcript | Clip | Ticket | Reply
