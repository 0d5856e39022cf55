"""The record of a job: what its owner may know, and what has to be known to go on with it after a crash."""

import enum
from typing import Any, Final

import msgspec

from router.contract import Attempt, AvatarRequest, Carried, Charge, JobState, MediaError, SpeechRequest, Ticket
from router.contract.tokens import without_tokens
from router.contract.trace import Trace
from router.store.media import Stored
from router.store.rows import JobRow

FINAL: Final = frozenset({JobState.DONE, JobState.FAILED})
"""The states that a job does not leave."""
SPOKEN: Final = 15.0
"""Characters a second of speech, for judging how long a text will last before it is spoken."""


class Fault(msgspec.Struct, frozen=True):
    """Why a job failed, fit for its owner to read; `code` is as in `MediaError`."""

    code: str
    message: str


class Hook(msgspec.Struct, frozen=True):
    """Who is to be told of the end, and in which dialect."""

    url: str
    kind: str


class Step(enum.StrEnum):
    """What has to be done next: order a film, wait for the provider's job to end, fetch the film, or nothing."""

    SUBMITTING = "submitting"
    WAITING = "waiting"
    FETCHING = "fetching"
    OVER = "over"


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A film somebody asked for, as it stands.

    `id` is opaque. `model` is what the caller asked for, `size` too, None if the caller left it open.
    `seconds` is how long the film is, where that is known, `expected` about how long it will be, and `typical` the time
    that such films have taken to make; `provider` who makes it. Times are unix seconds;
    `expires_at` is when record and film go. `progress` is in percent, and 100 only when the film is there.
    `echo` is what the dialect wants back unread.

    For going on: `order` is the request with its media in the store under `inputs`; `asked` is who was being asked,
    None once the answer is known; `upstream_id` is the provider's own id of the job; `failed` are the providers whose
    jobs ended badly, each of which may have been paid; `faults` counts what went wrong in a row in this step;
    `reopened_at` is when an operator had it begin anew; `attempts` and `charges` are of its calls since then, and `route`
    and `characters` are told with them at the end.
    """

    id: str
    team: str
    model: str
    created_at: float
    request_id: str = ""
    state: JobState = JobState.QUEUED
    progress: int = 0
    started_at: float | None = None
    completed_at: float | None = None
    expires_at: float | None = None
    size: str | None = None
    seconds: float | None = None
    expected: float | None = None
    typical: float | None = None
    provider: str = ""
    error: Fault | None = None
    film: Stored | None = None
    echo: dict[str, Any] = {}
    hook: Hook | None = None
    step: Step = Step.SUBMITTING
    order: msgspec.Raw = msgspec.Raw(b"null")
    inputs: tuple[str, ...] = ()
    asked: str | None = None
    upstream_id: str = ""
    failed: tuple[str, ...] = ()
    faults: int = 0
    reopened_at: float | None = None
    route: str = ""
    characters: int = 0
    attempts: tuple[Attempt, ...] = ()
    charges: tuple[Charge, ...] = ()
    trace: Trace | None = None

    @property
    def final(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state in FINAL

    @property
    def since(self) -> float:
        """When it began, or began anew."""
        return self.created_at if self.reopened_at is None else self.reopened_at

    @property
    def key(self) -> str:
        """What tells a repeated order from a new one at the vendor: another after each that ended badly."""
        return f"{self.id}.{len(self.failed)}"

    def asking(self, provider: str | None, now: float) -> "Job":
        """Return the job as it is while a provider is asked, or with nobody any more."""
        started = now if self.started_at is None else self.started_at
        return msgspec.structs.replace(self, asked=provider, state=JobState.RUNNING, started_at=started)

    def ordered(self, provider: str, ticket: Ticket) -> "Job":
        """Return the job with an order that was taken."""
        return msgspec.structs.replace(
            self, step=Step.WAITING, asked=None, provider=provider, upstream_id=ticket.provider_id, faults=0
        )

    def told(self, ticket: Ticket, now: float) -> "Job":
        """Return the job as its provider says it stands; what was shown before it said anything is not taken back."""
        step = Step.FETCHING if ticket.state is JobState.DONE else self.step
        progress = min(max(ticket.progress, self.at(now).progress), 99) if ticket.progress else self.progress
        return msgspec.structs.replace(self, step=step, progress=progress, faults=0)

    def again(self) -> "Job":
        """Return the job to be ordered anew, since this order came to nothing."""
        failed = (*self.failed, self.provider)
        return msgspec.structs.replace(
            self, step=Step.SUBMITTING, asked=None, provider="", upstream_id="", failed=failed, faults=0
        )

    def reopened(self, now: float) -> "Job":
        """Return the failed job as one that is queued, to be ordered under a key that nobody has seen."""
        failed = (*self.failed, self.provider or self.asked or "")
        return msgspec.structs.replace(
            self, state=JobState.QUEUED, step=Step.SUBMITTING, asked=None, provider="", upstream_id="", failed=failed,
            progress=0, faults=0, error=None, started_at=None, completed_at=None, expires_at=None, reopened_at=now,
            attempts=(), charges=(),
        )  # fmt: skip

    def faulted(self) -> "Job":
        """Return the job with one more fault in its present step."""
        return msgspec.structs.replace(self, faults=self.faults + 1)

    def done(self, now: float, film: Stored, provider: str, seconds: float | None) -> "Job":
        """Return the job with its film."""
        return msgspec.structs.replace(
            self, state=JobState.DONE, step=Step.OVER, progress=100, completed_at=now, film=film, provider=provider,
            seconds=seconds or self.seconds, asked=None,
        )  # fmt: skip

    def lost(self, now: float, error: MediaError) -> "Job":
        """Return the job with what went wrong; how far it came stays to be seen."""
        fault = Fault(error.code, error.message)
        return msgspec.structs.replace(
            self.at(now), state=JobState.FAILED, step=Step.OVER, completed_at=now, error=fault
        )

    def expiring(self, age: float) -> "Job":
        """Return the ended job with the time at which it goes."""
        return msgspec.structs.replace(self, expires_at=(self.completed_at or self.created_at) + age)

    def at(self, now: float) -> "Job":
        """Return the job with its progress judged by the time it has run, where the provider tells none.

        By what is typical: 90 after that time. Where nothing is, half done after as long as the film lasts. From there it
        comes ever closer to done, but never there; 0 where nothing is known of its length either.
        """
        if self.state is not JobState.RUNNING or self.started_at is None or self.progress:
            return self
        spent = max(now - self.started_at, 0.0)
        return msgspec.structs.replace(self, progress=min(int(judged(spent, self.typical, self.expected)), 99))

    def row(self, run_at: float | None, epoch: int = 0) -> JobRow:
        """Return the job as the database keeps it, with something to do for it at `run_at`."""
        return JobRow(
            id=self.id, team=self.team, state=self.state.value, created_at=self.created_at, epoch=epoch,
            body=msgspec.json.encode(self), final=self.final, run_at=run_at, expires_at=self.expires_at,
            provider=self.provider, upstream_id=self.upstream_id,
        )  # fmt: skip

    @classmethod
    def of(cls, row: JobRow) -> "Job":
        """Return the job that a row keeps."""
        return msgspec.json.decode(row.body, type=cls)


def judged(spent: float, typical: float | None, expected: float | None) -> float:
    """Return the percentage that is likely done after `spent` seconds: it only grows, and stays below 100."""
    if typical:
        return 90 * spent / typical if spent <= typical else 99 - 9 * typical / spent
    return 100 * spent / (spent + expected) if expected else 0.0


def length(request: AvatarRequest) -> float | None:
    """Return the seconds of the audio that drives a film, where it is here and measured."""
    return request.voice.seconds if isinstance(request.voice, Carried) else None


def expectation(request: AvatarRequest) -> float | None:
    """Return about how many seconds a film will last: its audio's, or what its text takes to say."""
    if isinstance(request.voice, SpeechRequest):
        return len(without_tokens(request.voice.text)) / SPOKEN
    return length(request)
