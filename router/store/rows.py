"""Records as the database keeps them: what is searched for has a column, the rest is a body that only its owner reads.

Times are unix seconds. Every write is fenced: it names the epoch it was made from, and a row that has moved on since
refuses it, so that a late worker cannot undo what a newer one did.
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec


class Stale(Exception):
    """The row was changed by somebody else, or removed, since it was read."""


class JobRow(msgspec.Struct, frozen=True, kw_only=True):
    """A job. `run_at` is when there is something to do for it, None when there is not; `body` is the job itself."""

    id: str
    team: str
    state: str
    created_at: float
    body: bytes
    epoch: int = 0
    final: bool = False
    run_at: float | None = None
    expires_at: float | None = None
    provider: str = ""
    upstream_id: str = ""


class NoticeRow(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook to be sent: `id` is what receivers tell repeats by. `kind` says how it is signed; `ended` why it is over.

    `body` is the very bytes that are signed and sent.
    """

    id: str
    team: str
    job: str
    url: str
    kind: str
    body: bytes
    created_at: float
    run_at: float | None
    epoch: int = 0
    tries: int = 0
    status: int | None = None
    ended: str = ""


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """Which of a team's jobs to list: in the order they were made, `after` one of them, at most `limit`.

    Empty `states` and `ids` mean any; `team` None means everybody's, for the operator.
    """

    team: str | None
    after: str | None = None
    limit: int = 20
    newest_first: bool = True
    states: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()


class Page(msgspec.Struct, frozen=True):
    """Some rows, and whether there are more beyond the last."""

    rows: tuple[JobRow, ...]
    more: bool


class Group(msgspec.Struct, frozen=True):
    """The jobs of one state that are not final: how many, and when the oldest was made."""

    state: str
    jobs: int
    oldest: float


class JobRows(Protocol):
    """The jobs' table."""

    async def add(self, row: JobRow) -> None:
        """Keep a new row."""

    async def write(self, row: JobRow, notices: Sequence[NoticeRow] = ()) -> JobRow:
        """Replace the row if it still has the epoch of `row`, and add notices, all or nothing.

        It keeps the `id`, `team` and `created_at` it was added with. Returns it with its new epoch. Raises `Stale`.
        """

    async def get(self, id: str) -> JobRow | None:  # noqa: A002 - what it is
        """Return a row, or None."""

    async def page(self, query: Query) -> Page | None:
        """Return some rows; None where `after` is none of the team's."""

    async def unfinished(self, team: str) -> int:
        """Return how many of a team's jobs are not final."""

    async def groups(self) -> Sequence[Group]:
        """Return what there is that is not final, by state."""

    async def due(self, now: float, limit: int) -> Sequence[str]:
        """Return the ids of rows whose `run_at` has come, the longest due first."""

    async def next_due(self) -> float | None:
        """Return the earliest `run_at`, or None."""

    async def expired(self, now: float, limit: int) -> Sequence[JobRow]:
        """Return rows whose `expires_at` has come."""

    async def remove(self, id: str) -> None:  # noqa: A002 - what it is
        """Forget a row and its notices; it need not be there."""

    async def of_upstream(self, provider: str, upstream_id: str) -> JobRow | None:
        """Return the row of a provider's own job, or None."""


class NoticeRows(Protocol):
    """The outbox."""

    async def due(self, now: float, limit: int) -> Sequence[NoticeRow]:
        """Return the notices whose time has come, the longest due first."""

    async def next_due(self) -> float | None:
        """Return the earliest `run_at`, or None."""

    async def write(self, row: NoticeRow) -> NoticeRow:
        """Replace the row if it still has the epoch of `row`. Raises `Stale`."""

    async def get(self, id: str) -> NoticeRow | None:  # noqa: A002 - what it is
        """Return a notice, or None."""

    async def page(self, team: str | None, job: str | None, limit: int) -> Sequence[NoticeRow]:
        """Return notices, the newest first, of a team or a job if one is named."""
