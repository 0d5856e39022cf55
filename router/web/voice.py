"""WS /ws/voice: seed 002's dialect of conversations. Commands and events are JSON text, audio is binary both ways."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

import msgspec
from litestar import asgi
from litestar.types import Receive, Scope, Send
from msgspec import Meta

from router.contract import Invalid, MediaError, Message
from router.voice import (
    Audio,
    AudioBegun,
    AudioEnded,
    Conversation,
    Directed,
    Event,
    Failed,
    Heard,
    Interrupted,
    Partial,
    Question,
    Replied,
    Said,
)
from router.web.voice_socket import converse
from router.web.wire import decode

RATE: Final = 16_000
"""Hertz of the microphone: s16le, mono."""
LARGEST_TEXT: Final = 256 * 1024
LARGEST_AUDIO: Final = 1024 * 1024
"""Bytes of a frame: half a minute of sound."""
LONGEST_TEXT: Final = 5000
"""Characters of a typed question."""
MOST_HISTORY: Final = 200
ROLES: Final = ("user", "assistant", "system")


class Past(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something that was said before."""

    role: str
    content: str


class Start(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="start"):
    """Begin to record a question."""

    scenario_id: str | None = None
    history: Annotated[tuple[Past, ...], Meta(max_length=MOST_HISTORY)] = ()


class Stop(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="stop"):
    """End the question."""


class Text(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="text"):
    """Ask a question in writing."""

    text: Annotated[str, Meta(max_length=LONGEST_TEXT)]
    scenario_id: str | None = None
    history: Annotated[tuple[Past, ...], Meta(max_length=MOST_HISTORY)] = ()


class Command(msgspec.Struct, frozen=True):
    """What a message is; what else it holds depends on that."""

    type: str


COMMANDS: Final[dict[str, type[Start | Stop | Text]]] = {"start": Start, "stop": Stop, "text": Text}


class Higgs:
    """The dialect of seed 002."""

    name: str = "higgs"
    rate: int = RATE
    protocols: Sequence[str] = ("voice",)
    greeting: Sequence[str] = ()

    async def heed(self, conversation: Conversation, frame: str | bytes) -> None:
        """Do what a frame asks for. Raises `MediaError`."""
        if isinstance(frame, bytes):
            if len(frame) > LARGEST_AUDIO:
                raise too_large("a binary frame", len(frame), LARGEST_AUDIO)
            conversation.hear(frame)
            return
        match command(frame):
            case Start() as start:
                await conversation.listen(question(start))
            case Stop():
                await conversation.stop()
            case Text() as typed:
                if not typed.text.strip():
                    raise Invalid("`text` has nothing in it", code="empty_input", param="text", limit=1)
                await conversation.ask(question(typed), typed.text)

    def tell(self, event: Event) -> Sequence[str | bytes]:
        """Return the frames that tell an event: always one."""
        if isinstance(event, Audio):
            return (event.pcm,)
        return (msgspec.json.encode(told(event)).decode(),)


def told(event: Event) -> dict[str, Any]:
    """Return an event as the caller gets it; `interrupted` is ours, and comes only where a turn cuts off another."""
    match event:
        case Directed(directive=directive):
            return {"type": "delivery", **msgspec.to_builtins(directive)}
        case AudioBegun(rate=rate):
            return {"type": "audio_start", "sample_rate": rate}
        case AudioEnded():
            return {"type": "audio_end"}
        case Failed(error=error):
            return {"type": "error", "detail": error.message, "code": error.code, **circumstances(error)}
    return {"type": TEXTS[type(event)], "text": event.text}  # type: ignore[union-attr]  # all the others have one


TEXTS: Final[Mapping[type, str]] = {
    Partial: "partial", Heard: "final", Said: "reply_delta", Replied: "reply_done", Interrupted: "interrupted",
}  # fmt: skip


def circumstances(error: MediaError) -> dict[str, Any]:
    """Return the field at fault and what it had to keep to, as far as there are such."""
    return {name: value for name, value in (("param", error.param), ("limit", error.limit)) if value is not None}


def command(frame: str) -> Start | Stop | Text:
    """Read a message. Raises `Invalid`, which names the field at fault and what it may be."""
    size = len(frame)
    if size > LARGEST_TEXT:
        raise too_large("a message", size, LARGEST_TEXT)
    text = frame.encode("utf-8", "surrogatepass")
    kind = COMMANDS.get(decode(text, Command).type)
    if kind is None:
        raise Invalid(
            f"`type` must be one of {', '.join(COMMANDS)}", code="unknown_type", param="type", limit=", ".join(COMMANDS)
        )
    return decode(text, kind)


def question(asked: Start | Text) -> Question:
    """Return what is asked, and after what. Raises `Invalid`."""
    strange = next((at for at, one in enumerate(asked.history) if one.role not in ROLES), None)
    if strange is not None:
        raise Invalid(
            f"`history[{strange}].role` must be one of {', '.join(ROLES)}",
            code="invalid_value", param=f"history[{strange}].role", limit=", ".join(ROLES),
        )  # fmt: skip
    return Question(asked.scenario_id, tuple(Message(one.role, one.content) for one in asked.history))


def too_large(what: str, size: int, limit: int) -> Invalid:
    """Return the error for a frame that is larger than it may be."""
    return Invalid(f"{what} may have {limit} bytes, not {size}", code="message_too_large", status=413, limit=limit)


HIGGS: Final = Higgs()


@asgi("/ws/voice", copy_scope=False)
async def talk(scope: Scope, receive: Receive, send: Send) -> None:
    """Hold spoken conversations: docs/voice.md."""
    await converse(scope, receive, send, lambda _: HIGGS)
