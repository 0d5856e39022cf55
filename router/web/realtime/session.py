"""A session: its settings, the sound it was sent, what was said in it, and the reply under way."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from router.contract import Conflict, Invalid, MediaError, Message, Task, Unauthenticated
from router.voice import Aside, Conversation, Event, Question
from router.voice.samples import wav
from router.web.realtime.beta import BetaResponse, BetaSession
from router.web.realtime.buffer import SLICE, InputBuffer, sound
from router.web.realtime.commands import CreateItem, TruncateItem
from router.web.realtime.items import ContentType, Item, Items, NewPart, Part, Role, Said, checked, history
from router.web.realtime.response import Response
from router.web.realtime.settings import RATE, Modality, Settings
from router.web.realtime.telling import Pen, Told, faults, shown
from router.web.realtime.updates import Kept, PresentResponse, PresentSession

if TYPE_CHECKING:
    from router.media.vad import Edge

SHORTEST: Final = 0.1
"""Seconds of sound that can be committed."""
AT_ONCE: Final = 4
"""Recordings of a session that are written down at once: each is held in memory."""

Check = Callable[[Task, str], None]
"""Raises `NotFound` for a model that no route of a task serves."""


class Session:
    """What one socket's client does, and what comes of it; the conversation in which it does is given each time."""

    def __init__(self, settings: Settings, pen: Pen, longest: float, check: Check) -> None:
        self.settings = settings
        self.pen = pen
        self.names = pen.names
        self.check = check
        self.buffer = InputBuffer(longest)
        self.items = Items()
        self.response: Response | None = None
        self._telling: Response | None = None
        self._turn = ""
        self._room = asyncio.Semaphore(AT_ONCE)

    @property
    def replying(self) -> bool:
        """Whether a reply is under way whose end was not told."""
        return self.response is not None and not self.response.over

    def tell(self, event: Event) -> Iterator[Told]:
        """Yield what an event of a turn comes to for the reply that is being told."""
        response = self._telling
        if response is None:
            return
        yield from response.tell(event)
        if response.over:
            self._telling = None
            self.items.discard(response.unsaid)

    async def say(self, talk: Conversation, *told: Told) -> None:
        """Tell something that comes of no turn."""
        await talk.sink.emit(Aside(lambda: [self.pen.write(one) for one in told]))

    async def update(self, talk: Conversation, wish: PresentSession | BetaSession) -> None:
        """Set the session. Raises `Invalid`, and `NotFound` for a model that is not there."""
        settings = wish.onto(self.settings)
        if settings.transcription and settings.transcription.model:
            self.check(Task.TRANSCRIPTION, settings.transcription.model)
        self.settings = settings
        await self.say(talk, {"type": "session.updated", "session": shown(settings, self.pen)})

    async def append(self, talk: Conversation, audio: str) -> None:
        """Take sound, and do what follows where somebody begins or stops speaking in it. Raises `MediaError`."""
        await self.buffer.listen(self.settings.detection)
        pcm = self.buffer.whole(sound(audio, "audio"))
        for at in range(0, len(pcm), SLICE):
            for edge in self.buffer.add(pcm[at : at + SLICE]):
                await self._turned(talk, edge)
            await asyncio.sleep(0)  # others are heard as well

    async def commit(self, talk: Conversation) -> None:
        """Make an item of what is in the buffer. Raises `Invalid` where that is nothing."""
        if self.buffer.seconds < SHORTEST:
            raise Invalid(
                f"the input audio buffer holds {self.buffer.seconds:.2f} seconds, and {SHORTEST:g} are needed",
                code="input_audio_buffer_commit_empty", limit=SHORTEST,
            )  # fmt: skip
        self.buffer.renew()
        await self._commit(talk, self.buffer.take(), self._turn or self.pen.name("item"))

    async def clear(self, talk: Conversation) -> None:
        """Forget what is in the buffer."""
        self.buffer.take()
        self.buffer.renew()
        self._turn = ""
        await self.say(talk, {"type": "input_audio_buffer.cleared"})

    async def create(self, talk: Conversation, asked: CreateItem) -> None:
        """Add an item. Raises `MediaError`."""
        new = checked(asked.item)
        item = Item(new.id or self.pen.name("item"), new.role, [])
        sounds = [sound(part.audio or "", f"item.content[{at}].audio") for at, part in enumerate(new.content)]
        before = self.items.add(item, asked.previous_item_id)
        for part, pcm in zip(new.content, sounds, strict=True):
            item.parts.append(await self._part(talk, item, part, pcm))
        await self.say(talk, *self._added(item, before))

    async def truncate(self, talk: Conversation, asked: TruncateItem) -> None:
        """Forget what was not played of a reply. Raises `Invalid` and `NotFound`."""
        item = self.items.find(asked.item_id)
        part = item.parts[asked.content_index]
        seconds = asked.audio_end_ms / 1000
        if item.role is not Role.ASSISTANT or not part.audible:
            raise Invalid("only what was spoken in reply can be truncated", code="invalid_value", param="item_id")
        if seconds > part.seconds + SHORTEST:
            raise Invalid(
                f"only {round(part.seconds * 1000)} ms of that item were sent",
                code="out_of_range", param="audio_end_ms", limit=round(part.seconds * 1000),
            )  # fmt: skip
        part.cut(seconds)
        await self.say(
            talk,
            {
                "type": "conversation.item.truncated", "item_id": item.id,
                "content_index": asked.content_index, "audio_end_ms": asked.audio_end_ms,
            },
        )  # fmt: skip

    async def delete(self, talk: Conversation, item_id: str) -> None:
        """Take an item away. Raises `NotFound`."""
        self.items.discard(self.items.find(item_id))
        await self.say(talk, {"type": "conversation.item.deleted", "item_id": item_id})

    async def retrieve(self, talk: Conversation, item_id: str) -> None:
        """Show an item. Raises `NotFound`."""
        item = self.items.find(item_id)
        await self.say(talk, {"type": "conversation.item.retrieved", "item": item.shown(self.names)})

    async def respond(
        self, talk: Conversation, wish: PresentResponse | BetaResponse, *, spoken: bool | None = None
    ) -> None:
        """Reply to what was said. Raises `Conflict` while a reply is under way, and what the conversation raises."""
        if self.response is not None and self.replying:
            raise Conflict(
                f"the response {self.response.id} is in progress; wait for response.done, or cancel it",
                code="conversation_already_has_active_response",
            )
        settings = wish.onto(self.settings)
        audible = settings.modality is Modality.AUDIO
        item = Item(self.pen.name("item"), Role.ASSISTANT, [Part(audible)], "in_progress")
        response = Response(self.pen.name("resp"), item, settings, self.names)
        response.past, response.metadata = tuple(self.items), wish.metadata
        question = Question(settings.scenario, changes=settings.changes(), aloud=audible)
        latest = response.past[-1] if response.past else None
        heard = any(part.hearing for part in latest.parts) if latest else False

        async def words() -> Sequence[Message]:
            return await history(response.past)

        await talk.reply(question, words, spoken=heard if spoken is None else spoken)
        response.kept = wish.conversation is Kept.AUTO
        response.before = self.items.add(item) if response.kept else None
        self.response = response
        await talk.sink.emit(Aside(lambda: self._begun(response)))

    async def cancel(self, talk: Conversation, response_id: str | None) -> None:
        """Cut off the reply under way. Raises `Conflict` if there is none, or another than is meant."""
        response = self.response
        if response is None or not self.replying or response_id not in {None, response.id}:
            raise Conflict("no such response is in progress", code="response_cancel_not_active", param="response_id")
        response.reason = "client_cancelled"
        await talk.interrupt()

    def _begun(self, response: Response) -> Sequence[str]:
        self._telling = response
        return [self.pen.write(response.created())]

    async def _turned(self, talk: Conversation, edge: "Edge") -> None:
        """Do what follows where somebody begins or stops speaking."""
        detection = self.settings.detection
        if edge.speaking:
            self._turn = self.pen.name("item")
            start = round(self.buffer.start(edge.at) * 1000)
            began: Told = {
                "type": "input_audio_buffer.speech_started", "audio_start_ms": start, "item_id": self._turn
            }  # fmt: skip
            if detection and detection.interrupt_response and self.replying:
                await talk.interrupt(Aside(lambda: [self.pen.write(began)]))
            else:
                await self.say(talk, began)
            return
        item_id = self._turn or self.pen.name("item")
        ended = {"type": "input_audio_buffer.speech_stopped", "audio_end_ms": round(edge.at * 1000), "item_id": item_id}
        await self.say(talk, ended)
        await self._commit(talk, self.buffer.take(edge.at), item_id)
        if detection and detection.create_response:
            await self._answer(talk)

    async def _answer(self, talk: Conversation) -> None:
        """Reply because somebody stopped speaking: what is wrong with that is no fault of the sound that came last."""
        try:
            await self.respond(talk, PresentResponse(), spoken=True)
        except Unauthenticated:
            raise
        except MediaError as error:
            await self.say(talk, self.pen.error(error))

    async def _commit(self, talk: Conversation, pcm: bytes, item_id: str) -> None:
        self._turn = ""
        item = Item(item_id, Role.USER, [])
        before = self.items.add(item)
        part = NewPart(type=ContentType.INPUT_AUDIO)
        item.parts.append(await self._part(talk, item, part, pcm))
        committed = {"type": "input_audio_buffer.committed", "previous_item_id": before, "item_id": item.id}
        await self.say(talk, committed, *self._added(item, before))

    async def _part(self, talk: Conversation, item: Item, new: NewPart, pcm: bytes) -> Part:
        """Return a part; where it is sound, wait until there are few enough others that are being written down."""
        if new.type is not ContentType.INPUT_AUDIO:
            audible = new.type in {ContentType.OUTPUT_AUDIO, ContentType.AUDIO}
            return Part(audible, [Said((new.transcript if audible else new.text) or "")])
        await self._room.acquire()
        hearing = talk.beside(self._hear(talk, item.id, len(item.parts), pcm))
        hearing.add_done_callback(lambda _: self._room.release())
        return Part(audible=True, hearing=hearing, seconds=len(pcm) / 2 / RATE)

    async def _hear(self, talk: Conversation, item_id: str, index: int, pcm: bytes) -> str:
        """Write down what was said, which the model needs, and tell it where the client wants to know."""
        told = self.settings.transcription is not None
        where = {"item_id": item_id, "content_index": index}
        kind = "conversation.item.input_audio_transcription"
        question = Question(self.settings.scenario, changes=self.settings.changes())
        try:
            text = await talk.write_down(question, wav(pcm, RATE))
        except MediaError as error:
            if told:
                await self.say(talk, {"type": f"{kind}.failed", **where, "error": faults(error)})
            raise
        if told:
            usage = {"type": "duration", "seconds": len(pcm) / 2 / RATE}
            completed = {"type": f"{kind}.completed", **where, "transcript": text, "usage": usage}
            await self.say(talk, {"type": f"{kind}.delta", **where, "delta": text}, completed)
        return text

    def _added(self, item: Item, before: str | None) -> Iterator[Told]:
        told = {"previous_item_id": before, "item": item.shown(self.names)}
        for kind in (self.names.added, self.names.done):
            if kind:
                yield {"type": kind, **told}
