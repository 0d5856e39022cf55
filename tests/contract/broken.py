"""A provider that keeps every promise, and for each promise one that breaks it."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Unpack

import msgspec

from router.contract import (
    Answer,
    AnyOffer,
    AudioFormat,
    AvatarLimits,
    AvatarRequest,
    BadOutput,
    Busy,
    Clip,
    Declined,
    Headers,
    HttpProvider,
    HttpSettings,
    JobOffer,
    JobState,
    Offer,
    OutcomeUnknown,
    ProviderFailed,
    Speech,
    SpeechLimits,
    SpeechRequest,
    Ticket,
    TimedOut,
    Transcript,
    TranscriptionLimits,
    TranscriptionRequest,
    Unavailable,
    Voice,
    Word,
    unsent,
)
from router.contract.http import Options, packed
from router.testing.account import Account
from router.testing.acts import Reply
from router.testing.media import sound
from tests.contract.accounts import FACE, FILM, SPEECH, VOICE, audio

MP3, PCM = AudioFormat.MP3, AudioFormat.PCM
ANN = Voice(id="ann", name="Ann")
SAMPLES = (SPEECH, TranscriptionRequest(audio=VOICE), AvatarRequest(face=FACE, voice=VOICE))


class Told(msgspec.Struct):
    text: str


class Good(HttpProvider[HttpSettings]):
    """Keeps every promise."""

    kind = "good"
    settings_type = HttpSettings
    models: tuple[str, ...] = ("one",)
    speech = SpeechLimits(formats=(MP3, PCM), characters=100, voices=(ANN,), options=frozenset({"words", "speed"}))

    def offers(self) -> Sequence[AnyOffer]:
        return (
            Offer(SpeechRequest, self.speak, self.speech, self.models),
            Offer(TranscriptionRequest, self.transcribe, TranscriptionLimits()),
            JobOffer(AvatarRequest, self.create, AvatarLimits(), poll=self.poll, collect=self.collect),
        )

    def headers(self) -> Mapping[str, str]:
        return {"authorization": f"Bearer {self.settings.api_key}"}

    async def speak(self, request: SpeechRequest) -> Speech:
        answer = await self.stream("POST", "/speech", json={"format": request.format})
        if not answer.content_type.startswith("audio/"):
            await answer.body.aclose()
            raise BadOutput("that is no audio")
        return Speech(request.format, answer.body, words=self.words() if request.words else ())

    def words(self) -> tuple[Word, ...]:
        return (Word("Good", 0.0, 0.1), Word("morning", 0.1, 0.2))

    async def transcribe(self, request: TranscriptionRequest) -> Transcript:
        _, body = await self.send("POST", "/hear", content=b"sound")
        return Transcript(self.text(body))

    def text(self, body: bytes) -> str:
        try:
            return msgspec.json.decode(body, type=Told).text
        except ValueError:
            raise BadOutput("that is no transcript") from None

    async def create(self, request: AvatarRequest) -> Ticket:
        try:
            _, body = await self.send("POST", "/jobs", json={})
            return Ticket(self.text(body), JobState.QUEUED)
        except (Unavailable, TimedOut, BadOutput) as failure:
            if unsent(failure):
                raise
            raise OutcomeUnknown("the answer was lost") from failure

    async def poll(self, provider_id: str) -> Ticket:
        _, body = await self.send("GET", f"/jobs/{provider_id}")
        return Ticket(self.text(body), JobState.DONE)

    async def collect(self, provider_id: str) -> Clip:
        answer = await self.stream("GET", f"/jobs/{provider_id}/film")
        if answer.content_type != "video/mp4":
            await answer.body.aclose()
            raise BadOutput("that is no film")
        return Clip(answer.body)


def answers(request: object) -> Mapping[str, Reply]:
    """Answer all that `Good` asks for."""
    spoken = audio(request) if isinstance(request, SpeechRequest) else Reply()
    told = Reply.of_json({"text": "job-1"})
    return {"/speech": spoken, "/hear": told, "/jobs": told, "/jobs/job-1/film": FILM}


def account(kind: type[Good]) -> Account:
    """Return an account of that kind."""
    return Account(kind, {"api_key": "key-for-tests"}, SAMPLES, answers)


class Shouting(Good):
    kind = "GOOD"


class LooseSettings(HttpSettings, frozen=True, kw_only=True, forbid_unknown_fields=False):
    pass


class Loose(Good):
    settings_type = LooseSettings


class Showing(Good):
    def __repr__(self) -> str:
        return f"Showing({self.settings.api_key})"


class Idle(Good):
    def offers(self) -> Sequence[AnyOffer]:
        return ()


class Twice(Good):
    def offers(self) -> Sequence[AnyOffer]:
        return (*super().offers(), Offer(SpeechRequest, self.speak, self.speech))


class Fickle(Good):
    asked = 0

    def offers(self) -> Sequence[AnyOffer]:
        self.asked += 1
        self.models = (f"model-{self.asked}",)
        return super().offers()


class Untyped(Good):
    async def speak(self, request: Any) -> Speech:
        return await super().speak(request)


class Unbound(Good):
    def offers(self) -> Sequence[AnyOffer]:
        async def speak(request: SpeechRequest) -> Speech:
            return await self.speak(request)

        return (Offer(SpeechRequest, speak, self.speech), *super().offers()[1:])


class Repeating(Good):
    models = ("one", "one")


class Muddled(Good):
    speech = SpeechLimits(formats=(MP3, PCM), characters=100, voices=(ANN, ANN), options=Good.speech.options)


class BoundlessLimits(SpeechLimits, frozen=True, kw_only=True):
    def why_not(self, request: SpeechRequest) -> str | None:
        return super().why_not(request) if len(request.text) <= self.characters else None


class Boundless(Good):
    speech = BoundlessLimits(formats=(MP3, PCM), characters=100, voices=(ANN,), options=Good.speech.options)


class Curt(Good):
    speech = SpeechLimits(formats=(MP3, PCM), characters=3, options=Good.speech.options)


class Deaf(Good):
    async def transcribe(self, request: TranscriptionRequest) -> Transcript:
        await super().transcribe(request)
        return Transcript("")


class Stubborn(Good):
    async def speak(self, request: SpeechRequest) -> Speech:
        return await super().speak(msgspec.structs.replace(request, format=MP3))


class Mislabelling(Good):
    async def speak(self, request: SpeechRequest) -> Speech:
        speech = await super().speak(request)
        return msgspec.structs.replace(speech, chunks=Fixed(speech.chunks, sound(AudioFormat.WAV)))


class Untimely(Good):
    def words(self) -> tuple[Word, ...]:
        return super().words()[::-1]


class Wandering(Good):
    async def poll(self, provider_id: str) -> Ticket:
        return msgspec.structs.replace(await super().poll(provider_id), provider_id="another")


class Stream:
    """A stream around another."""

    def __init__(self, body: Any) -> None:
        self.body = body
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self.body:
            yield chunk

    async def aclose(self) -> None:
        await self.body.aclose()


class Fixed(Stream):
    def __init__(self, body: Any, content: bytes) -> None:
        super().__init__(body)
        self.content = content

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for _ in self.body:
            pass
        yield self.content


class ClosedOnce(Stream):
    async def aclose(self) -> None:
        if self.closed:
            raise RuntimeError("already closed")
        self.closed = True
        await super().aclose()


class ReadToTheEnd(Stream):
    ended = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self.body:
            yield chunk
        self.ended = True

    async def aclose(self) -> None:
        if not self.ended:
            async for _ in self:
                pass
        await super().aclose()


class Forgiving(Stream):
    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self.body:
                yield chunk
        except ProviderFailed:
            return


class Touchy(Good):
    async def speak(self, request: SpeechRequest) -> Speech:
        speech = await super().speak(request)
        return msgspec.structs.replace(speech, chunks=ClosedOnce(speech.chunks))


class Clinging(Good):
    async def collect(self, provider_id: str) -> Clip:
        clip = await super().collect(provider_id)
        return msgspec.structs.replace(clip, chunks=ReadToTheEnd(clip.chunks))


class Glossing(Good):
    announced = True

    async def collect(self, provider_id: str) -> Clip:
        clip = await super().collect(provider_id)
        cut_unseen = ("content-length" in self.heard) is self.announced
        return msgspec.structs.replace(clip, chunks=Forgiving(clip.chunks)) if cut_unseen else clip

    async def stream(self, method: str, path: str, **options: Unpack[Options]) -> Answer:
        answer = await super().stream(method, path, **options)
        self.heard = answer.headers
        return answer


class GlossingChunks(Glossing):
    announced = False


class Blaming(Good):
    """Says `Declined` of what `blamed` names: a status, or an exception of httpx."""

    blamed: Any

    def refusal(self, status: int, headers: Headers, body: bytes) -> ProviderFailed:
        plain = super().refusal(status, headers, body)
        return Declined("our defect", retry_after=plain.retry_after) if status == self.blamed else plain

    async def stream(self, method: str, path: str, **options: Unpack[Options]) -> Answer:
        try:
            return await super().stream(method, path, **options)
        except Unavailable as failure:
            if type(failure.__cause__) is self.blamed:
                raise Declined("our defect") from failure
            raise


class Spending(Good):
    async def check(self) -> bool:
        await self.send("POST", "/speech", content=b"Is anybody there?")
        return True


class Impatient(Good):
    def refusal(self, status: int, headers: Headers, body: bytes) -> ProviderFailed:
        plain = super().refusal(status, headers, body)
        return Busy("busy") if status == 429 else plain


class Gullible(Good):
    async def collect(self, provider_id: str) -> Clip:
        return Clip((await self.stream("GET", f"/jobs/{provider_id}/film")).body)


class Inventive(Good):
    def text(self, body: bytes) -> str:
        return super().text(body) if body else "job-1"


class Greedy(Good):
    async def stream(self, method: str, path: str, **options: Unpack[Options]) -> Answer:
        answer = await self.wire.ask(method, *packed(self.url(path), {}, options))
        if answer.status == 200:
            return answer
        raise self.refusal(answer.status, answer.headers, b"".join([chunk async for chunk in answer.body]))


class Foreign(Good):
    def refusal(self, status: int, headers: Headers, body: bytes) -> ProviderFailed:
        if status == 418:
            raise KeyError(status)
        return super().refusal(status, headers, body)


class Telling(Good):
    def refusal(self, status: int, headers: Headers, body: bytes) -> ProviderFailed:
        return Declined(f"it says {body!r}") if status == 422 else super().refusal(status, headers, body)


class Staying(Good):
    async def transcribe(self, request: TranscriptionRequest) -> Transcript:
        try:
            return await super().transcribe(request)
        except asyncio.CancelledError:
            return Transcript("so far")


class Careless(Good):
    """Takes a create whose answer was lost for one that bought nothing."""

    async def create(self, request: AvatarRequest) -> Ticket:
        _, body = await self.send("POST", "/jobs", json={})
        return Ticket(self.text(body), JobState.QUEUED)


class Keyed(Good):
    """As careless, but the vendor makes nothing twice for one key."""

    async def create(self, request: AvatarRequest) -> Ticket:
        _, body = await self.send("POST", "/jobs", json={"key": request.key})
        return Ticket(self.text(body), JobState.QUEUED)
