"""How the Realtime API is spoken: what a client's frames mean, and how events are told."""

from collections.abc import Sequence
from typing import Final

from router.contract import Invalid, MediaError, Unauthenticated
from router.voice import Aside, Conversation, Event, Failed
from router.web.realtime.commands import (
    BETA_COMMANDS,
    COMMANDS,
    Anything,
    Append,
    CancelResponse,
    Clear,
    Command,
    Commit,
    CreateBetaResponse,
    CreateItem,
    CreateResponse,
    DeleteItem,
    RetrieveItem,
    TruncateItem,
    UpdateBetaSession,
    UpdateSession,
)
from router.web.realtime.session import Session
from router.web.realtime.settings import RATE
from router.web.realtime.telling import shown
from router.web.realtime.vocabulary import PROTOCOL
from router.web.wire import decode

LARGEST: Final = 3 * 1024 * 1024
"""Characters of a message: room for 2 MiB of sound in base64."""


class Realtime:
    """One client's dialect; what it says is kept in `session`."""

    name: str = "realtime"
    rate: int = RATE
    protocols: Sequence[str] = ("realtime", PROTOCOL)

    def __init__(self, session: Session) -> None:
        self.session = session
        self.pen = session.pen
        created = {"type": "session.created", "session": shown(session.settings, session.pen)}
        self.greeting: Sequence[str] = (self.pen.write(created),)

    async def heed(self, conversation: Conversation, frame: str | bytes) -> None:
        """Do what a frame asks for; what is wrong with it is told here, by its `event_id`. Raises `Unauthenticated`."""
        event_id = None
        try:
            body = sized(frame)
            command = decode(body, Command)
            event_id = command.event_id
            await self._do(conversation, self._known(command.type, body))
        except Unauthenticated:
            raise
        except MediaError as error:
            await self.session.say(conversation, self.pen.error(error, event_id))

    def tell(self, event: Event) -> Sequence[str]:
        """Return the frames that tell an event."""
        if isinstance(event, Aside):
            return event.tell()
        told = [self.pen.write(one) for one in self.session.tell(event)]
        if isinstance(event, Failed) and not told:
            return [self.pen.write(self.pen.error(event.error))]
        return told

    def _known(self, name: str, body: bytes) -> Anything:
        commands = BETA_COMMANDS if self.pen.names.beta else COMMANDS
        kind = commands.get(name)
        if kind is None:
            choices = ", ".join(commands)
            raise Invalid(f"`type` must be one of {choices}", code="unknown_type", param="type", limit=choices)
        return decode(body, kind)

    async def _do(self, talk: Conversation, command: Anything) -> None:
        session = self.session
        match command:
            case Append(audio=audio):
                await session.append(talk, audio)
            case UpdateSession() | UpdateBetaSession():
                await session.update(talk, command.session)
            case CreateResponse() | CreateBetaResponse():
                await session.respond(talk, command.response)
            case CancelResponse(response_id=response_id):
                await session.cancel(talk, response_id)
            case Commit():
                await session.commit(talk)
            case Clear():
                await session.clear(talk)
            case CreateItem() | TruncateItem() | DeleteItem() | RetrieveItem():
                await self._change(talk, command)

    async def _change(self, talk: Conversation, command: CreateItem | TruncateItem | DeleteItem | RetrieveItem) -> None:
        session = self.session
        match command:
            case CreateItem():
                await session.create(talk, command)
            case TruncateItem():
                await session.truncate(talk, command)
            case DeleteItem(item_id=item_id):
                await session.delete(talk, item_id)
            case RetrieveItem(item_id=item_id):
                await session.retrieve(talk, item_id)


def sized(frame: str | bytes) -> bytes:
    """Return a frame that may be a message. Raises `Invalid`."""
    if isinstance(frame, bytes):
        raise Invalid("frames are JSON text here; sound goes into input_audio_buffer.append", code="binary_frame")
    if len(frame) > LARGEST:
        raise Invalid(
            f"a message may have {LARGEST} bytes, not {len(frame)}",
            code="message_too_large", status=413, limit=LARGEST,
        )  # fmt: skip
    return frame.encode("utf-8", "surrogatepass")
