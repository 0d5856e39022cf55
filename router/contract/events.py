"""What the engine announces; telemetry listens. No text, no key, no file name is in any of it.

Where requests are traced, `trace` is an event's place.
"""

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Final

import msgspec

from router.contract.schema import Task
from router.contract.trace import Trace


class Attempt(msgspec.Struct, frozen=True, gc=False):
    """One call to one provider, once it is over as far as failover goes.

    `outcome` is `ok`, `cancelled`, `outrun`, `rejected` or the failure's `reason` (busy, unavailable, …); a call is
    outrun when another one for the same answer, of which one was `hedged`, was first. `number` counts in the order in
    which attempts ended. Seconds;
    `started` counts from the request's start, `waited` is the part of `seconds` before the provider had room
    for the call. `breaker` is the target's state afterwards. One that `resumes` was asked to go on where a stream broke.
    """

    request_id: str
    task: Task
    route: str
    target: str
    provider: str
    kind: str
    model: str
    team: str
    number: int
    started: float
    seconds: float
    outcome: str
    waited: float = 0.0
    first_byte: float | None = None
    upstream_status: int | None = None
    retry_after: float | None = None
    breaker: str = "closed"
    hedged: bool = False
    resumes: bool = False
    trace: Trace | None = None


class Chosen(msgspec.Struct, frozen=True, gc=False):
    """A target that is to be tried, as it stood when that was decided: seconds, and calls under way and waiting."""

    target: str
    breaker: str
    blocked_for: float
    load: int
    first_byte: float | None = None


class TargetsChosen(msgspec.Struct, frozen=True, gc=False):
    """Whom a request was going to be put to, in order, and why the route's other targets declined.

    A request may have several: one for each part of a spliced text, and one of another task for work done on the way.
    """

    task: Task
    route: str
    targets: tuple[Chosen, ...]
    declined: Mapping[str, str]


class Charge(msgspec.Struct, frozen=True, gc=False):
    """What one call to one provider has cost, or may have cost.

    `outcome` is the attempt's, empty where nobody heard how it ended. `characters` are those sent to be spoken; milliseconds: `audio_ms` of sound sent, or of
    speech that came back, and `video_ms` of film. All are 0 where the provider refused. `cost` is in millionths of the
    currency. Where it is not `certain`, nobody saw the whole answer, and the provider may or may not charge for it.
    """

    task: Task
    provider: str
    target: str
    outcome: str
    characters: int = 0
    audio_ms: int = 0
    video_ms: int = 0
    cost: int = 0
    certain: bool = True
    hedged: bool = False


COST: Final = attrgetter("cost")


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """How many calls to a provider are under way, and how many requests wait for one, in this process."""

    provider: str
    in_flight: int
    queued: int


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """A request from its first byte in to its last byte out.

    `outcome` is `ok`, `truncated`, `cancelled` or the error's `code`. `characters` are those asked to
    be spoken, `audio_seconds` and `video_seconds` those delivered, or heard for a transcription. `charges` are of the calls
    that providers were asked for, in `currency`; a job's are told when it ends, whoever made them. `cache` is there on
    routes with one: `hit` or `joined` where nobody was asked, `miss` or `bypass`. `served` is the attempt that did, if one
    did; `choices` are the first of those that led to the attempts. `ended_at` is unix seconds.
    """

    request_id: str
    task: Task
    route: str
    team: str
    outcome: str
    status: int
    attempts: tuple[Attempt, ...]
    seconds: float
    first_byte: float | None = None
    characters: int = 0
    audio_seconds: float = 0.0
    video_seconds: float = 0.0
    bytes_out: int = 0
    charges: tuple[Charge, ...] = ()
    currency: str = ""
    cache: str | None = None
    trace: Trace | None = None
    served: Attempt | None = None
    choices: tuple[TargetsChosen, ...] = ()
    ended_at: float = 0.0

    @property
    def cost(self) -> int:
        """Millionths of the currency, what may have been charged included."""
        return sum(map(COST, self.charges))

    @property
    def provider(self) -> str:
        """Who served it, or an empty string."""
        return self.served.provider if self.served else ""


class Reload(msgspec.Struct, frozen=True, kw_only=True):
    """The configuration was read, at the start or again, in this process.

    `outcome` is `started`, `applied`, `unchanged` or `refused`; `generation` counts the configurations that were in
    force, the present one included. `changes` says what was applied, and `problems` why nothing was: no secret is in
    either.
    """

    outcome: str
    generation: int
    changes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


class TurnOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """A turn of a conversation, from its end of listening, or from its text, to the last sound of its reply.

    `kind` is `spoken` or `typed`; `outcome` is `ok`, `interrupted`, `cancelled` or the error's code. Seconds: `hearing`
    until the words were settled, `thinking` from there to the reply's first sentence, `speaking` from there to the first
    sound, `first_audio` all three. None stands for what was not reached. `partials` are the transcripts told meanwhile.
    """

    request_id: str
    scenario: str
    team: str
    kind: str
    outcome: str
    seconds: float
    hearing: float | None = None
    thinking: float | None = None
    speaking: float | None = None
    first_audio: float | None = None
    partials: int = 0
    sentences: int = 0
    trace: Trace | None = None


class OpenSockets(msgspec.Struct, frozen=True, kw_only=True):
    """How many sockets of a dialect are open in this process."""

    dialect: str
    open: int


class QuotaUse(msgspec.Struct, frozen=True, kw_only=True):
    """How much of one of a team's limits is used, as a share, and how many requests it was in the way of since last told."""

    team: str
    limit: str
    used: float
    refused: int = 0


class LimitsTold(msgspec.Struct, frozen=True, kw_only=True):
    """How limits stand, as this process last saw them.

    `there` says whether what counts can be reached, and `fail` what becomes of requests when it cannot: `open` or
    `closed`. `unmetered` requests were let through uncounted since last told.
    """

    quotas: tuple[QuotaUse, ...]
    there: bool
    fail: str
    unmetered: int = 0


def serving(task: Task, attempts: Sequence[Attempt]) -> Attempt | None:
    """Return the latest attempt that did the task itself and went well.

    Work done on the way, such as speaking a text that is then animated, is of another task. What was outrun comes later.
    """
    for one in reversed(attempts):
        if one.task is task and one.outcome == "ok":
            return one
    return None
