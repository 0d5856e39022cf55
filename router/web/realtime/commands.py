"""What clients send: `openai.types.realtime.RealtimeClientEvent`, but for what belongs to WebRTC."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from router.web.realtime.beta import BetaResponse, BetaSession
from router.web.realtime.items import NewItem
from router.web.realtime.updates import PresentResponse, PresentSession

EventId = Annotated[str, Meta(max_length=512)] | None


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """What an event is; what else it holds depends on that."""

    type: str
    event_id: EventId = None


class Known(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type"):
    """An event of a known type."""

    event_id: EventId = None


class UpdateSession(Known, frozen=True, kw_only=True, tag="session.update"):
    """Set the session."""

    session: PresentSession


class UpdateBetaSession(Known, frozen=True, kw_only=True, tag="session.update"):
    """Set the session, as the first generation does."""

    session: BetaSession


class Append(Known, frozen=True, kw_only=True, tag="input_audio_buffer.append"):
    """Here is sound, in base64."""

    audio: str


class Commit(Known, frozen=True, kw_only=True, tag="input_audio_buffer.commit"):
    """Make an item of what is in the buffer."""


class Clear(Known, frozen=True, kw_only=True, tag="input_audio_buffer.clear"):
    """Forget what is in the buffer."""


class CreateItem(Known, frozen=True, kw_only=True, tag="conversation.item.create"):
    """Add an item."""

    item: NewItem
    previous_item_id: str | None = None


class TruncateItem(Known, frozen=True, kw_only=True, tag="conversation.item.truncate"):
    """Forget what was not played of a reply."""

    item_id: str
    content_index: Annotated[int, Meta(ge=0, le=0)]
    audio_end_ms: Annotated[int, Meta(ge=0)]


class DeleteItem(Known, frozen=True, kw_only=True, tag="conversation.item.delete"):
    """Take an item away."""

    item_id: str


class RetrieveItem(Known, frozen=True, kw_only=True, tag="conversation.item.retrieve"):
    """Show an item."""

    item_id: str


class CreateResponse(Known, frozen=True, kw_only=True, tag="response.create"):
    """Reply."""

    response: PresentResponse = PresentResponse()


class CreateBetaResponse(Known, frozen=True, kw_only=True, tag="response.create"):
    """Reply, as the first generation asks for it."""

    response: BetaResponse = BetaResponse()


class CancelResponse(Known, frozen=True, kw_only=True, tag="response.cancel"):
    """Stop replying."""

    response_id: str | None = None


Anything = (
    UpdateSession | UpdateBetaSession | Append | Commit | Clear | CreateItem | TruncateItem | DeleteItem | RetrieveItem
    | CreateResponse | CreateBetaResponse | CancelResponse
)  # fmt: skip
COMMANDS: Final[dict[str, type[Anything]]] = {
    "session.update": UpdateSession,
    "input_audio_buffer.append": Append,
    "input_audio_buffer.commit": Commit,
    "input_audio_buffer.clear": Clear,
    "conversation.item.create": CreateItem,
    "conversation.item.truncate": TruncateItem,
    "conversation.item.delete": DeleteItem,
    "conversation.item.retrieve": RetrieveItem,
    "response.create": CreateResponse,
    "response.cancel": CancelResponse,
}
BETA_COMMANDS: Final = COMMANDS | {"session.update": UpdateBetaSession, "response.create": CreateBetaResponse}
