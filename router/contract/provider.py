"""What a plugin author implements: a provider, and the offers it makes."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, ClassVar, Generic, Self, TypeVar

import msgspec

from router.contract.limits import AvatarLimits, ChatLimits, SpeechLimits, TranscriptionLimits
from router.contract.schema import (
    AvatarRequest,
    ChatRequest,
    Clip,
    Reply,
    Speech,
    SpeechRequest,
    Ticket,
    Transcript,
    TranscriptionRequest,
)

if TYPE_CHECKING:
    import httpx

Q_contra = TypeVar("Q_contra", contravariant=True)
R_co = TypeVar("R_co", covariant=True)
L_co = TypeVar("L_co", covariant=True)
S = TypeVar("S", bound="Settings")


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a kind of provider can be told in the YAML; each kind extends it."""


class Offer(msgspec.Struct, Generic[Q_contra, R_co, L_co], frozen=True):
    """One thing a provider does: the request it takes, the bound method that does it, and its limits.

    `models` are the vendor's model ids, the default first. An empty tuple: the vendor has no such notion.
    The method raises `ProviderFailed` or `RequestRejected` and nothing else.
    """

    accepts: type[Q_contra]
    handle: Callable[[Q_contra], Awaitable[R_co]]
    limits: L_co
    models: tuple[str, ...] = ()


class JobOffer(Offer[AvatarRequest, Ticket, AvatarLimits], frozen=True, kw_only=True):
    """An avatar made by an upstream job: `handle` creates it, `poll` asks how it stands, `collect` brings the film.

    Both take the ticket's `provider_id`. Polling goes to the account that made the job, and to no other, every
    `pause` seconds. `keyed`: the vendor makes nothing twice under one `AvatarRequest.key`.
    """

    poll: Callable[[str], Awaitable[Ticket]]
    collect: Callable[[str], Awaitable[Clip]]
    pause: float = 2.0
    keyed: bool = False


SpeechOffer = Offer[SpeechRequest, Speech, SpeechLimits]
TranscriptionOffer = Offer[TranscriptionRequest, Transcript, TranscriptionLimits]
AvatarOffer = Offer[AvatarRequest, Clip, AvatarLimits]
ChatOffer = Offer[ChatRequest, Reply, ChatLimits]
AnyOffer = SpeechOffer | TranscriptionOffer | AvatarOffer | JobOffer | ChatOffer


class Provider(ABC, Generic[S]):
    """A configured account at a vendor, or an engine of one's own.

    It never reads the environment, sleeps, retries, counts, creates clients, logs text or catches
    `Exception`: all of that is the router's. Entered before its offers are read, left at shutdown.
    """

    kind: ClassVar[str]
    settings_type: ClassVar[type[Settings]]

    def __init__(self, name: str, settings: S, client: "httpx.AsyncClient") -> None:
        self.name = name
        self.settings = settings
        self.client = client

    @abstractmethod
    def offers(self) -> Sequence[AnyOffer]:
        """Return what this account can do."""

    async def check(self) -> bool:
        """Ask the account something that costs nothing, and return whether there was anything to ask.

        Raises `ProviderFailed` as a call would.
        """
        return False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None
