"""All that a plugin author reads: the schema, offers and their limits, the errors, the hooks, HTTP."""

from typing import TYPE_CHECKING, Any

from router.contract.errors import (
    BadOutput,
    Busy,
    Conflict,
    ContentRefused,
    DeadlinePassed,
    Declined,
    Exhausted,
    Invalid,
    JobFailed,
    MediaError,
    Misconfigured,
    Next,
    NotAllowed,
    NotFound,
    OutcomeUnknown,
    OverQuota,
    ProviderFailed,
    RequestRejected,
    Shed,
    TimedOut,
    Truncated,
    Unauthenticated,
    Unavailable,
    Unsupported,
)
from router.contract.events import Attempt, Load, Outcome, Reload, served_by
from router.contract.heard import content_of, transcript
from router.contract.hookspecs import GROUP, hook
from router.contract.limits import (
    PICTURES,
    VIDEO,
    AvatarLimits,
    ChatLimits,
    Limits,
    SpeechLimits,
    TranscriptionLimits,
    Voice,
    media_type,
    voices_of,
)
from router.contract.provider import AnyOffer, JobOffer, Offer, Provider, Settings
from router.contract.retry_after import retry_after
from router.contract.schema import (
    AudioFormat,
    AvatarRequest,
    ByteStream,
    ChatRequest,
    Clip,
    Held,
    Inline,
    JobState,
    LipSync,
    MediaRef,
    Message,
    Reply,
    Request,
    Result,
    Segment,
    Size,
    Speech,
    SpeechRequest,
    Stretch,
    Task,
    Ticket,
    Transcript,
    TranscriptionRequest,
    Upload,
    Url,
    Word,
)
from router.contract.sse import Event, EventStream, events

if TYPE_CHECKING:
    from router.contract.http import OCTETS, ApiKey, BaseUrl, HttpProvider, HttpSettings, is_audio
    from router.contract.wire import Answer, Headers, unsent

__all__ = [
    "GROUP",
    "OCTETS",
    "PICTURES",
    "VIDEO",
    "Answer",
    "AnyOffer",
    "ApiKey",
    "Attempt",
    "AudioFormat",
    "AvatarLimits",
    "AvatarRequest",
    "BadOutput",
    "BaseUrl",
    "Busy",
    "ByteStream",
    "ChatLimits",
    "ChatRequest",
    "Clip",
    "Conflict",
    "ContentRefused",
    "DeadlinePassed",
    "Declined",
    "Event",
    "EventStream",
    "Exhausted",
    "Headers",
    "Held",
    "HttpProvider",
    "HttpSettings",
    "Inline",
    "Invalid",
    "JobFailed",
    "JobOffer",
    "JobState",
    "Limits",
    "LipSync",
    "Load",
    "MediaError",
    "MediaRef",
    "Message",
    "Misconfigured",
    "Next",
    "NotAllowed",
    "NotFound",
    "Offer",
    "Outcome",
    "OutcomeUnknown",
    "OverQuota",
    "Provider",
    "ProviderFailed",
    "Reload",
    "Reply",
    "Request",
    "RequestRejected",
    "Result",
    "Segment",
    "Settings",
    "Shed",
    "Size",
    "Speech",
    "SpeechLimits",
    "SpeechRequest",
    "Stretch",
    "Task",
    "Ticket",
    "TimedOut",
    "Transcript",
    "TranscriptionLimits",
    "TranscriptionRequest",
    "Truncated",
    "Unauthenticated",
    "Unavailable",
    "Unsupported",
    "Upload",
    "Url",
    "Voice",
    "Word",
    "content_of",
    "events",
    "hook",
    "is_audio",
    "media_type",
    "retry_after",
    "served_by",
    "transcript",
    "unsent",
    "voices_of",
]


def __getattr__(name: str) -> Any:
    """Import what needs httpx when it is asked for: worker processes start a third of a second sooner without."""
    if name in {"OCTETS", "ApiKey", "BaseUrl", "HttpProvider", "HttpSettings", "is_audio"}:
        from router.contract import http  # noqa: PLC0415 - see above

        return getattr(http, name)
    if name in {"Answer", "Headers", "unsent"}:
        from router.contract import wire  # noqa: PLC0415 - see above

        return getattr(wire, name)
    raise AttributeError(name)
