"""The embedded provider: what it offers, and the worker processes that do the work."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

import msgspec

from plugins.embedded import jobs
from plugins.embedded.chat import Echo
from plugins.embedded.listing import LISTING
from plugins.embedded.voices import Catalogue, EspeakLimits, Found
from router.contract import (
    AnyOffer,
    AudioFormat,
    AvatarLimits,
    AvatarRequest,
    Carried,
    ChatLimits,
    ChatRequest,
    Clip,
    Declined,
    Held,
    MediaRef,
    Misconfigured,
    Offer,
    Provider,
    Reply,
    Settings,
    Size,
    Speech,
    SpeechRequest,
    Transcript,
    TranscriptionLimits,
    TranscriptionRequest,
)
from router.media import Workers

if TYPE_CHECKING:
    import httpx

NORMAL_SPEED = 175
"""Words per minute, espeak-ng's own default."""
SPEEDS = (0.5, 4.0)
"""Times normal speed; below 80 words per minute espeak-ng goes no slower."""
LONGEST = 900.0
"""Seconds of a recording that can be written down within a route's usual deadline, at 0.3 times their length."""
LONGEST_TALK = 200_000
"""Characters of a conversation, of which the last thing said is looked at."""
SPOKEN_RATE = 24_000
"""Hertz of the speech, which is s16le mono."""


class EmbeddedSettings(Settings, frozen=True, kw_only=True):
    """`workers`: how many jobs run at once, a process each. `voice`: what speaks when nobody says which."""

    workers: Annotated[int, msgspec.Meta(ge=1, le=64)] = 4
    voice: str = "en-us"


class EmbeddedProvider(Provider[EmbeddedSettings]):
    """espeak-ng, pocketsphinx and an animated portrait, each job in a worker process that can be killed, and an echo for chat.

    Entering the first in a process starts another, to list the voices. Raises Misconfigured on entry if the default
    voice does not exist.
    """

    kind: ClassVar[str] = "embedded"
    settings_type: ClassVar[type[Settings]] = EmbeddedSettings

    def __init__(self, name: str, settings: EmbeddedSettings, client: "httpx.AsyncClient") -> None:
        super().__init__(name, settings, client)
        self._workers = Workers(settings.workers)
        self._stack = AsyncExitStack()
        self._voices: Catalogue

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._workers)
            found, variants = await LISTING.read()
            self._voices = self._catalogue(found, variants)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    def offers(self) -> Sequence[AnyOffer]:
        """Return the four offers."""
        speech = EspeakLimits(
            formats=(AudioFormat.PCM,),
            characters=5000,
            voices=self._voices.voices,
            variants=self._voices.variants,
            languages=self._voices.languages,
            options=frozenset({"language", "speed", "words"}),
            speed=SPEEDS,
        )
        english = frozenset({"en", "en-us"})
        transcription = TranscriptionLimits(seconds=LONGEST, languages=english, words=True, segments=True)
        return (
            Offer(SpeechRequest, self.speak, speech, ("espeak-ng",)),
            Offer(TranscriptionRequest, self.transcribe, transcription, ("pocketsphinx",)),
            Offer(AvatarRequest, self.animate, AvatarLimits(live=True, free=True, seconds=60.0), ("portrait",)),
            Offer(ChatRequest, self.reply, ChatLimits(characters=LONGEST_TALK), ("echo",)),
        )

    async def speak(self, request: SpeechRequest) -> Speech:
        """Speak text as 24 kHz PCM that comes while it is being spoken; with word times, once it all is."""
        file = self._voices.choose(request.voice, request.language)
        pace = round(NORMAL_SPEED * (request.speed or 1.0))
        if not request.words:
            return Speech(AudioFormat.PCM, await self._workers.start(jobs.speak, request.text, file, pace))
        pcm, words = await self._workers.call(jobs.speak_timed, request.text, file, pace)
        return Speech(AudioFormat.PCM, Held(pcm), seconds=len(pcm) / 2 / SPOKEN_RATE, words=words)

    async def transcribe(self, request: TranscriptionRequest) -> Transcript:
        """Write down English speech."""
        heard: Transcript = await self._workers.call(jobs.transcribe, local(request.audio))
        return msgspec.structs.replace(
            heard,
            words=heard.words if request.words else (),
            segments=heard.segments if request.segments else (),
        )

    async def animate(self, request: AvatarRequest) -> Clip:
        """Make a portrait speak recorded words."""
        face, voice = local(request.face), local(request.voice)
        return Clip(await self._workers.start(jobs.animate, face, voice, (request.size or Size.SQUARE).pixels))

    async def reply(self, request: ChatRequest) -> Reply:
        """Say what was heard, and that no model is at work."""
        return Reply(Echo(request.messages))

    def _catalogue(self, found: Sequence[Found], variants: Sequence[str]) -> Catalogue:
        try:
            return Catalogue(found, variants, self.settings.voice)
        except KeyError:
            raise Misconfigured(f"espeak-ng has no voice {self.settings.voice!r}") from None


def local(media: MediaRef | SpeechRequest) -> bytes | Path:
    """Return media as a worker takes it. The offers ask for no URLs and no text: the router sees to both first."""
    if isinstance(media, Carried):
        return media.source
    raise Declined("takes media as bytes or as a file only")
