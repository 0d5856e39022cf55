"""The record of a job, and the only ways from one state to the next: queued, running, done or failed."""

from pathlib import Path
from typing import Any, Final

import msgspec

from router.contract import AvatarRequest, Inline, JobState, MediaError, SpeechRequest, Upload
from router.contract.tokens import without_tokens

FINAL: Final = frozenset({JobState.DONE, JobState.FAILED})
"""The states that a job does not leave."""
SPOKEN: Final = 15.0
"""Characters a second of speech, for judging how long a text will last before it is spoken."""


class Fault(msgspec.Struct, frozen=True):
    """Why a job failed, fit for its owner to read; `code` is as in `MediaError`."""

    code: str
    message: str


class Film(msgspec.Struct, frozen=True):
    """A finished film: its file, bytes, media type, and a strong entity tag, quotes included."""

    path: Path
    size: int
    media_type: str
    etag: str


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A film somebody asked for, as it stands.

    `id` is opaque. `model` is what the caller asked for, `size` too, None if the caller left it open.
    `seconds` is how long the film is, where that is known; `provider` who made it. Times are unix seconds;
    `expires_at` is when record and film go. `progress` is in percent, and 100 only when the film is there.
    `echo` is what the dialect wants back unread.
    """

    id: str
    team: str
    model: str
    created_at: float
    state: JobState = JobState.QUEUED
    progress: int = 0
    started_at: float | None = None
    completed_at: float | None = None
    expires_at: float | None = None
    size: str | None = None
    seconds: float | None = None
    expected: float | None = None
    provider: str = ""
    error: Fault | None = None
    film: Film | None = None
    echo: dict[str, Any] = {}

    @property
    def final(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state in FINAL

    def begun(self, now: float) -> "Job":
        """Return the job as it is once its turn has come."""
        return msgspec.structs.replace(self, state=JobState.RUNNING, started_at=now)

    def done(self, now: float, film: Film, provider: str, seconds: float | None) -> "Job":
        """Return the job with its film."""
        return msgspec.structs.replace(
            self, state=JobState.DONE, progress=100, completed_at=now, film=film, provider=provider, seconds=seconds
        )

    def failed(self, now: float, error: MediaError) -> "Job":
        """Return the job with what went wrong; how far it came stays to be seen."""
        fault = Fault(error.code, error.message)
        return msgspec.structs.replace(self.at(now), state=JobState.FAILED, completed_at=now, error=fault)

    def expiring(self, age: float) -> "Job":
        """Return the ended job with the time at which it goes."""
        return msgspec.structs.replace(self, expires_at=(self.completed_at or self.created_at) + age)

    def at(self, now: float) -> "Job":
        """Return the job with its progress judged by the time it has run.

        Half done after as long as the film lasts, and ever closer to done, but never there; 0 where nothing is
        known of its length.
        """
        if self.state is not JobState.RUNNING or self.started_at is None or not self.expected:
            return self
        spent = max(now - self.started_at, 0.0)
        return msgspec.structs.replace(self, progress=min(int(100 * spent / (spent + self.expected)), 99))


def length(request: AvatarRequest) -> float | None:
    """Return the seconds of the audio that drives a film, where it is here and measured."""
    return request.voice.seconds if isinstance(request.voice, Inline | Upload) else None


def expectation(request: AvatarRequest) -> float | None:
    """Return about how many seconds a film will last: its audio's, or what its text takes to say."""
    if isinstance(request.voice, SpeechRequest):
        return len(without_tokens(request.voice.text)) / SPOKEN
    return length(request)
