"""What Boson answers: errors, videos under way, speech with word times."""

from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from re import IGNORECASE
from re import compile as regex
from typing import Annotated, Final, TypeVar

import msgspec

from router.contract import (
    OCTETS,
    AudioFormat,
    BadOutput,
    Busy,
    Declined,
    Held,
    JobState,
    Misconfigured,
    OutcomeUnknown,
    ProviderFailed,
    Speech,
    Ticket,
    TimedOut,
    Unavailable,
    Word,
    unsent,
)

S = TypeVar("S", bound=msgspec.Struct)

VIDEO_TYPES: Final = frozenset({"video/mp4", OCTETS})
MEANINGS: Final[Mapping[str, type[ProviderFailed]]] = {
    "all_replicas_busy": Busy,
    "audio_too_long": Declined,
    "empty_input": Declined,
    "input_too_long": Declined,
    "invalid_image_format": Declined,
    "invalid_size": Declined,
    "model_not_found": Misconfigured,
    "payload_too_large": Declined,
}
OUT_OF_CREDIT: Final = regex(rb"credit|quota|billing", IGNORECASE)
LONGEST_REASON: Final = 300
"""Characters of a failed video's `error` that a caller is shown."""


class Detail(msgspec.Struct, frozen=True):
    """What is inside the error envelope."""

    type: str | None = None


class Refusal(msgspec.Struct, frozen=True):
    """The error envelope; some errors come as a plain string instead of an object."""

    error: Detail | str | None = None


class Video(msgspec.Struct, frozen=True):
    """A video job; its `error` is a plain string, written for whoever asked for the video."""

    id: Annotated[str, msgspec.Meta(min_length=1)]
    status: JobState
    progress: int | None = None
    error: str | None = None

    def ticket(self) -> Ticket:
        """Return it in our terms; a fault of the input will be one the next time too."""
        said = " ".join((self.error or "").split())[:LONGEST_REASON] or None
        ours = any(kind is Declined and code in (said or "") for code, kind in MEANINGS.items())
        return Ticket(self.id, self.status, self.progress, said, again=not ours)


class Timed(msgspec.Struct, frozen=True):
    """Speech with word times, all at once; `audio` is base64."""

    audio: str
    timestamps: tuple[Word, ...]

    def speech(self, wanted: AudioFormat) -> Speech:
        """Return it in our terms; raises `BadOutput`."""
        try:
            content = b64decode(self.audio, validate=True)
        except ValueError as error:
            raise BadOutput("the audio is not base64") from error
        return Speech(wanted, Held(content), words=self.timestamps)


def decoded(body: bytes, wanted: type[S]) -> S:
    """Read a JSON answer; raises `BadOutput`, which repeats nothing of it."""
    try:
        return msgspec.json.decode(body, type=wanted)
    except ValueError as error:  # msgspec's own errors, and text that is not UTF-8
        raise BadOutput(f"the answer holds no {wanted.__name__.lower()}") from error


def meaning(plain: ProviderFailed, body: bytes) -> ProviderFailed:
    """Classify a refusal by the code in `error.type`, then by status; a 404 is a model or voice it has not."""
    status, code = plain.upstream_status, code_in(body)
    kind = MEANINGS.get(code, Misconfigured if status == 404 else type(plain))
    if status in {403, 429} and OUT_OF_CREDIT.search(body):
        kind = Misconfigured
    message = f"{plain.message} {code}" if code in MEANINGS else plain.message
    return kind(message, upstream_status=status, retry_after=plain.retry_after)


def code_in(body: bytes) -> str:
    """Return the error code, or an empty string where the body holds none."""
    try:
        error = msgspec.json.decode(body, type=Refusal).error
    except ValueError:  # as above
        return ""
    return (error.type if isinstance(error, Detail) else error) or ""


@contextmanager
def bought(name: str) -> Iterator[None]:
    """Say of a create whose answer was lost that nobody knows what was bought: Boson has no idempotency key."""
    try:
        yield
    except (Unavailable, TimedOut, BadOutput) as failure:
        if unsent(failure):
            raise
        lost = f"{name} was asked for a video, but its answer was lost"
        raise OutcomeUnknown(lost, upstream_status=failure.upstream_status) from failure


@contextmanager
def awaited(name: str) -> Iterator[None]:
    """Say of a video that is not there that it may come: a 404 is what its content answers until it is ready."""
    try:
        yield
    except Misconfigured as failure:
        if failure.upstream_status != 404:
            raise
        raise Unavailable(f"{name} does not have the video yet", upstream_status=404) from failure
