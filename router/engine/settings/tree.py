"""The configuration as the router sees it: one frozen tree. The structs are the YAML's only definition.

Durations are seconds. What the YAML leaves out is filled in here, so that the engine meets no gaps.
"""

import enum
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Final

import msgspec
from msgspec import Meta

from router.contract import Settings, Task
from router.engine.settings.allowances import Limits, LimitsUrl, WhenAway
from router.engine.settings.branch import Branch
from router.engine.settings.caching import Cache
from router.engine.settings.durations import Seconds
from router.engine.settings.patterns import HttpUrl, KeyDigest, MediaUrl, Name, RecordsUrl, SigningSecret, Word
from router.engine.settings.prices import Prices
from router.engine.settings.scenarios import BUILT_IN, Scenario, Scenarios, Sockets, built_in
from router.engine.settings.source import Source

Positive = Annotated[float, Meta(gt=0)]
Count = Annotated[int, Meta(ge=1)]
Share = Annotated[float, Meta(ge=0.01, le=100)]


class Pick(enum.StrEnum):
    """How a tier chooses among its targets."""

    WEIGHTED = "weighted"
    LEAST_BUSY = "least_busy"
    FASTEST = "fastest"


class Splice(enum.StrEnum):
    """Whether speech whose stream breaks is resumed by another target, and whether that may have another voice."""

    NEVER = "never"
    SAME_VOICE = "same_voice"
    ANY_VOICE = "any_voice"


class UnknownTokens(enum.StrEnum):
    """What becomes of a control token that is in no catalogue, which every voice would read aloud."""

    REFUSE = "refuse"
    STRIP = "strip"
    KEEP = "keep"


class Account(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the router itself is told of a provider, whatever its kind.

    `concurrency` is how many calls may run at once, None being as many as come; `connect` how long a
    connection may take.
    """

    concurrency: Count | None = None
    connect: Seconds = 5.0


class ProviderSettings(Account, frozen=True, kw_only=True):
    """A configured account; `settings` are of its kind's own type."""

    name: str
    kind: str
    settings: Settings


class Target(Branch, frozen=True, kw_only=True):
    """A provider to ask, and the vendor's model to ask it for; the provider's name alone will do."""

    shorthand: ClassVar[str | None] = "provider"

    provider: Word
    model: Word | None = None
    weight: Positive = 1.0


class Tier(Branch, frozen=True, kw_only=True):
    """Targets of equal standing; a provider's name alone is a tier of one."""

    shorthand: ClassVar[str | None] = "targets"

    targets: Annotated[tuple[Target, ...], Meta(min_length=1)]
    pick: Pick = Pick.WEIGHTED


class Pace(msgspec.Struct, frozen=True):
    """How long it may take until an answer begins, until one target's first byte, between two chunks, and in all: seconds."""

    deadline: float
    first_byte: float
    gap: float
    total: float


PACES: Final[Mapping[Task, Pace]] = MappingProxyType(
    {
        Task.SPEECH: Pace(60.0, 10.0, 10.0, 900.0),
        Task.TRANSCRIPTION: Pace(300.0, 120.0, 30.0, 300.0),
        Task.AVATAR: Pace(300.0, 60.0, 30.0, 1800.0),
        Task.CHAT: Pace(60.0, 10.0, 10.0, 900.0),
    }
)


def by_task() -> float:
    """Stand for "not said": nothing lasts no time at all, and `Route` replaces it by its task's pace."""
    return 0.0


class Route(Branch, frozen=True, kw_only=True):
    """Which providers serve a task, tier by tier, under the route's name or any of `models`.

    Until its answer begins a request has the `deadline`, until it is complete the `total`. Limits that are not given are
    the task's (`PACES`), but `first_byte` and `gap` never longer than the deadline, and `total` never shorter. With `hedge` a
    second target is asked as well when the first is slow: speech and transcription only. With `splice` a text is spoken
    in groups of sentences, and a stream that breaks is resumed. With `respend` a film is ordered anew when a paid order
    came to nothing. With `cache` speech is kept for others who ask for the same. Without `links` its films always come through the router: see `Storage`.
    """

    name: Name
    task: Task
    tiers: Annotated[tuple[Tier, ...], Meta(min_length=1)]
    models: tuple[Word, ...] = ()
    deadline: Seconds = msgspec.field(default_factory=by_task)
    first_byte: Seconds = msgspec.field(default_factory=by_task)
    gap: Seconds = msgspec.field(default_factory=by_task)
    total: Seconds = msgspec.field(default_factory=by_task)
    attempts: Count = 3
    hedge: bool = False
    unknown_tokens: UnknownTokens = UnknownTokens.REFUSE
    splice: Splice = Splice.NEVER
    respend: bool = False
    links: bool = True
    cache: Cache | None = None

    def __post_init__(self) -> None:
        pace = PACES.get(self.task, PACES[Task.SPEECH])
        deadline = self.deadline or pace.deadline
        msgspec.structs.force_setattr(self, "deadline", deadline)
        msgspec.structs.force_setattr(self, "first_byte", self.first_byte or min(pace.first_byte, deadline))
        msgspec.structs.force_setattr(self, "gap", self.gap or min(pace.gap, deadline))
        msgspec.structs.force_setattr(self, "total", self.total or max(pace.total, deadline))


class Webhook(Branch, frozen=True, kw_only=True):
    """Where a team is told that a video is done, signed as Standard Webhooks says with `secret`, `whsec_` and base64.

    While a secret is replaced both sign.
    """

    url: HttpUrl
    secret: SigningSecret
    previous_secret: SigningSecret | None = None

    @property
    def secrets(self) -> tuple[str, ...]:
        """The secrets that sign, the one in use first."""
        return (self.secret,) if self.previous_secret is None else (self.secret, self.previous_secret)


class Team(Branch, frozen=True, kw_only=True):
    """Who may call. `keys` are the SHA-256 of keys; more are made by `media-router keys create`.

    It may use what is in `routes` and `models`, and everything where these are left out; `provider/model` only as one of
    its `models`. `webhook` is who is told when its videos are done. Where requests wait for a provider, a team of weight 2
    gets twice the calls of a team of weight 1. `metadata` is for you.
    """

    name: Name
    keys: tuple[KeyDigest, ...] = ()
    routes: Annotated[tuple[Word, ...], Meta(min_length=1)] = ()
    models: Annotated[tuple[Word, ...], Meta(min_length=1)] = ()
    limits: Limits | None = None
    weight: Share = 1.0
    webhook: Webhook | None = None
    metadata: Mapping[Word, Word] = msgspec.field(default_factory=dict)


class Server(Branch, frozen=True, kw_only=True):
    """Where the router listens, with how many processes, and how many more each keeps for media work.

    Told to stop by SIGTERM, it says on `/readyz` that it is not ready and serves on for `drain`, or not at all with `null`,
    before it closes the port; what is under way then gets `finish`.
    Webhooks go to public addresses, and to private ones in `webhook_networks`, such as `10.0.0.0/8`. Whoever asks directly
    out of `metrics_networks` reads `/metrics` without a key, as this machine does. Proxies in `trusted_proxies` are believed
    when they say by which scheme a caller came. Keys whose SHA-256 is in `admin_keys` open the console.
    """

    host: Word = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535)] = 8000
    workers: Count = 1
    media_workers: Count = 2
    webhook_networks: tuple[Word, ...] = ()
    metrics_networks: tuple[Word, ...] = ()
    trusted_proxies: tuple[Word, ...] = ()
    drain: Seconds | None = 5.0
    finish: Seconds = 300.0
    admin_keys: tuple[KeyDigest, ...] = ()


class Storage(Branch, frozen=True, kw_only=True):
    """Where jobs and their films are kept: in the router's own folder unless `records` and `media` are URLs.

    `records`: `sqlite:///file` or `postgresql://…`. `media`: `file:///folder`, `s3://bucket/prefix`, `gs://…` or `az://…`,
    with the store's own `options`; with `links` callers are sent there for a film, by a link that works so long, if its route
    allows it. `keep` is
    how long a film stays, `keep_ledger` how long it is known what a request used and cost. `limits` is a Redis or Valkey
    that counts what teams use, for all processes and machines; without one a single process counts for itself, from nothing
    whenever it starts. `limits_fail` is for when that is away.
    """

    records: RecordsUrl | None = None
    media: MediaUrl | None = None
    options: Mapping[Word, Word] = msgspec.field(default_factory=dict)
    links: Seconds | None = None
    keep: Seconds = 24 * 3600.0
    keep_ledger: Seconds = 400 * 24 * 3600.0
    limits: LimitsUrl | None = None
    limits_fail: WhenAway = WhenAway.CLOSED


Voices = Mapping[Word, Mapping[Word, Word]]
"""Logical voice to provider to that provider's own voice."""


class RouterSettings(Branch, frozen=True, kw_only=True):
    """The whole configuration. `source` remembers where each part was written."""

    providers: Mapping[str, ProviderSettings]
    routes: tuple[Route, ...]
    voices: Mapping[str, Mapping[str, str]] = MappingProxyType({})
    teams: tuple[Team, ...] = ()
    server: Server = Server()
    storage: Storage = Storage()
    prices: Prices = Prices()
    scenarios: Scenarios = BUILT_IN
    sockets: Sockets = Sockets()
    source: Source = Source()


def file_type(accounts: Any) -> type[msgspec.Struct]:
    """Return the struct of a whole file, given the type of a provider's entry."""
    return msgspec.defstruct(
        "Configuration",
        [
            ("providers", Annotated[Mapping[Name, accounts], Meta(min_length=1)]),
            ("routes", Annotated[tuple[Route, ...], Meta(min_length=1)]),
            ("voices", Voices, msgspec.field(default_factory=dict)),
            ("teams", tuple[Team, ...], ()),
            ("server", Server, msgspec.field(default_factory=Server)),
            ("storage", Storage, msgspec.field(default_factory=Storage)),
            ("prices", Prices, msgspec.field(default_factory=Prices)),
            (
                "scenarios",
                Annotated[Mapping[Name, Scenario], Meta(min_length=1)],
                msgspec.field(default_factory=built_in),
            ),
            ("sockets", Sockets, msgspec.field(default_factory=Sockets)),
        ],
        bases=(Branch,),
        frozen=True,
        kw_only=True,
        forbid_unknown_fields=True,
    )
