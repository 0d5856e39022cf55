"""The record of one request, from its arrival to its last byte out."""

from collections.abc import Callable
from typing import Final, Self

import msgspec

from router.contract import (
    Attempt,
    AvatarRequest,
    Charge,
    Outcome,
    Request,
    SpeechRequest,
    TargetsChosen,
    Task,
    serving,
)
from router.contract.trace import ARRIVED, Trace
from router.engine.billing import Bill, shown
from router.engine.clock import Clock
from router.engine.settings.prices import FREE, Prices

Announce = Callable[[Outcome], None]
MOST_CHOICES: Final = 20
"""Of one request, the first: a long text that is spliced has one for each part."""


class Exchange(msgspec.Struct, eq=False):
    """What happened to one request so far; `finish` announces it, once, if there is anybody to announce it to.

    Whoever waits for this one's end in particular is told first, as `closing`.
    """

    task: Task
    team: str
    request_id: str
    clock: Clock
    announce: Announce | None = None
    started: float = 0.0
    route: str = ""
    choices: list[TargetsChosen] = []
    attempts: list[Attempt] = []
    first_byte: float | None = None
    characters: int = 0
    audio_seconds: float = 0.0
    video_seconds: float = 0.0
    bytes_out: int = 0
    spliced: bool = False
    prices: Prices = FREE
    bills: list[Bill] = []
    charges: list[Charge] = []
    cache: str | None = None
    closing: Announce | None = None
    trace: Trace | None = None

    def __post_init__(self) -> None:
        self.started = self.clock.now()
        self.trace = ARRIVED.get()

    @property
    def provider(self) -> str:
        """Who served it, or an empty string."""
        served = serving(self.task, self.attempts)
        return served.provider if served else ""

    def elapsed(self) -> float:
        """Return seconds since the request arrived."""
        return self.clock.now() - self.started

    @property
    def splices(self) -> int:
        """How often a stream that broke was resumed."""
        return sum(one.resumes and one.outcome == "ok" for one in self.attempts)

    def within(self, task: Task) -> Self:
        """Return a record for work done on the way, such as speaking a text that is then animated.

        Its attempts are this request's attempts; what it delivers is not this request's answer.
        """
        inner = type(self)(task, self.team, self.request_id, self.clock)
        inner.started, inner.choices, inner.attempts, inner.bills = (
            self.started,
            self.choices,
            self.attempts,
            self.bills,
        )
        inner.trace = self.trace
        return inner

    def asks(self, request: Request) -> None:
        """Count what is asked for in the units it is paid in."""
        if isinstance(request, SpeechRequest):
            self.characters = len(request.text)
        elif isinstance(request, AvatarRequest) and isinstance(request.voice, SpeechRequest):
            self.characters = len(request.voice.text)

    def chose(self, choice: TargetsChosen) -> None:
        """Note whom it is about to be put to."""
        if len(self.choices) < MOST_CHOICES:
            self.choices.append(choice)

    def sent(self, size: int) -> None:
        """Count bytes on their way to the caller."""
        if self.first_byte is None:
            self.first_byte = self.elapsed()
        self.bytes_out += size

    def settle(self) -> tuple[Charge, ...]:
        """Return what all calls so far have cost: each that is over is priced once, one under way as if it were lost."""
        prices, under_way = self.prices, []
        for bill in self.bills:
            if bill.outcome:
                self.charges.append(bill.charge(prices))
            else:
                under_way.append(bill)
        self.bills[:] = under_way  # parts of a request share the list
        return (*self.charges, *[bill.charge(prices) for bill in under_way])

    def lasted(self, seconds: float) -> None:
        """Note how long the film is that the last order has brought: nobody may have known when it was priced."""
        self.video_seconds = seconds
        self.settle()
        for at, one in reversed(list(enumerate(self.charges))):
            if one.task is Task.AVATAR and one.outcome == "ok":
                self.charges[at] = shown(one, seconds, self.prices)
                return

    def finish(self, outcome: str, status: int) -> None:
        """Announce the outcome: `ok`, `truncated`, `cancelled` or an error's code. Later calls are ignored."""
        announce, self.announce = self.announce, None
        if announce is None:
            return
        told = Outcome(  # by position: each keyword is searched for among all the fields
            self.request_id,
            self.task,
            self.route,
            self.team,
            outcome,
            status,
            tuple(self.attempts),
            self.elapsed(),
            self.first_byte,
            self.characters,
            self.audio_seconds,
            self.video_seconds,
            self.bytes_out,
            self.settle(),
            self.prices.currency,
            self.cache,
            self.trace,
            serving(self.task, self.attempts),
            tuple(self.choices),
            self.clock.wall(),
        )
        if self.closing is not None:
            self.closing(told)
        announce(told)
