"""What the web layer is given, and who is calling it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from re import compile as regex
from typing import Any, Final, Protocol

import msgspec
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.types import ASGIApp, Scope

from router.contract import Invalid, Provider, Task
from router.engine.exchange import Exchange
from router.engine.explain import Explanation
from router.engine.settings import Route, Webhook
from router.engine.standings import TargetState
from router.engine.uses import Uses
from router.jobs import Jobs
from router.media.addresses import Network
from router.store.ledger import Span, Total
from router.teams.reserve import Admission, unlimited
from router.voice.host import Talks
from router.web.auth import Keys
from router.web.cached import Cached
from router.web.console.desk import Desk
from router.web.dialects import Dialect, dialect_of
from router.web.intake import Probe
from router.web.repeats import Repeats
from router.web.room import Room

HOT: Final = "hot"
"""Marks a route so busy that what litestar does around its function would be felt; it holds a `Hot`."""
CALL: Final = "call"
"""Where in a scope's state the `Call` is."""
SANE_ID: Final = regex(r"[A-Za-z0-9._:-]{1,128}")
TIMEOUT: Final = "x-request-timeout"
SECONDS: Final = regex(r"[0-9]{1,9}(\.[0-9]{1,9})?")
"""No sign, exponent or unit: what could be read in two ways is refused."""


class Engine(Protocol):
    """What the web layer asks of the engine."""

    @property
    def routes(self) -> Sequence[Route]:
        """The configured routes, in order."""

    @property
    def providers(self) -> Mapping[str, Provider[Any]]:
        """The providers by name."""

    def ready(self) -> bool:
        """Whether every route can be served."""

    def explain(self, task: Task, request: Any) -> Explanation:
        """Say what would become of a request now. Raises `NotFound` for a model that no route serves."""

    def standings(self) -> tuple[TargetState, ...]:
        """Return how every target stands now."""

    def open(self, task: Task, team: str, request_id: str) -> Exchange:
        """Begin the record of one request."""

    def serve(self, request: Any, exchange: Exchange, within: float | None = None) -> Awaitable[Any]:
        """Return a result past its commit point, or what will, within so many seconds if its route allows more. Raises `MediaError`."""


async def nothing_used(_: Span) -> Sequence[Total]:
    """Stand for a ledger where there is none."""
    return ()


class Site(msgspec.Struct, frozen=True):
    """Everything the web layer works with.

    `probe` measures media in a worker, `metrics` returns a page and its content type, `new_id` makes
    request ids. `jobs` make films in the background while the application runs; `webhooks` are who is told of their
    end, by team, and `private` the networks in which they may be;
    those who ask out of `scrapers` read metrics without a key, and those out of `proxies` are believed how callers came.
    `signers` are the secrets of providers that tell of theirs. `voices` are the router's own voice names, each with its name at every provider. `uses` are the
    requests under way: each stays with the site that let it in. `repeats` are answers kept for those who ask again, `talks` is what
    conversations are given. `totals` sums the ledger up. `cache` is there
    where a route keeps its answers, `desk` where there is a console. `room` is memory for recordings.
    """

    engine: Engine
    keys: Keys
    probe: Probe
    metrics: Callable[[], tuple[bytes, str]]
    new_id: Callable[[], str]
    jobs: Jobs
    repeats: Repeats
    voices: Mapping[str, Mapping[str, str]] = {}
    webhooks: Mapping[str, Webhook] = {}
    private: Sequence[Network] = ()
    signers: Mapping[str, str] = {}
    uses: Uses = msgspec.field(default_factory=Uses)
    scrapers: Sequence[Network] = ()
    proxies: Sequence[Network] = ()
    admission: Admission = msgspec.field(default_factory=unlimited)
    talks: Talks = msgspec.field(default_factory=Talks)
    totals: Callable[[Span], Awaitable[Sequence[Total]]] = nothing_used
    cache: Cached | None = None
    desk: Desk | None = None
    room: Room = msgspec.field(default_factory=Room)

    def id_of(self, headers: Mapping[str, str]) -> str:
        """Return the caller's request id if it is a sane one, else a new one."""
        given = headers.get("x-request-id")
        return given if given and SANE_ID.fullmatch(given) else self.new_id()

    def admit(self, connection: ASGIConnection[Any, Any, Any, Any]) -> None:
        """Find out who calls and how long they wait, before anything of a body is read.

        Raises `Unauthenticated` or `Invalid`.
        """
        scope, headers = connection.scope, connection.headers
        team = self.team_of(scope, headers)
        within = patience_of(headers.getall(TIMEOUT, [])) if scope.get("method") == "POST" else None
        scope["state"][CALL] = Call(self, team, self.id_of(headers), dialect_of(connection), within)

    def team_of(self, scope: Scope, headers: Mapping[str, str]) -> str:
        """Return the team that calls. Raises `Unauthenticated`."""
        client = scope["client"]
        return self.keys.team_of(headers, client[0] if client else None)


class Keyed(msgspec.Struct):
    """A request with an Idempotency-Key: the id of the job that it makes, if it makes one.

    `truncated` is set where an answer broke off and said so itself, so that it ended as a whole one does.
    """

    job: str
    truncated: bool = False


class Call(msgspec.Struct, frozen=True):
    """One admitted request: where, by whom, its id, the dialect of its answer, and the seconds it may take to begin."""

    site: Site
    team: str
    id: str
    dialect: Dialect
    within: float | None = None
    keyed: Keyed | None = None

    @property
    def job(self) -> str | None:
        """The id that a job made now must have, None if any will do."""
        return self.keyed.job if self.keyed else None


Hot = Callable[[Call, bytes], ASGIApp]
"""Makes what answers a call from its body, which says that it is JSON."""


def patience_of(stated: Sequence[str]) -> float | None:
    """Return the seconds after which the caller wants no answer any more, if it said so. Raises `Invalid`."""
    given = ", ".join(stated)
    if not given:
        return None
    seconds = float(given) if SECONDS.fullmatch(given) else 0.0
    if seconds <= 0:
        raise Invalid(
            f"X-Request-Timeout must be a number of seconds above 0, such as 2.5, not {given[:20]!r}",
            code="invalid_timeout", param="X-Request-Timeout",
        )  # fmt: skip
    return seconds


def call_of(request: Request[Any, Any, Any]) -> Call:
    """Return what the guard found out about a request."""
    call: Call = request.scope["state"][CALL]
    return call
