"""Stores in memory, for tests of what is kept in them; the real ones are in `router/store`."""

from collections.abc import AsyncIterable, Callable, Sequence
from hashlib import sha256
from types import TracebackType
from typing import Self

import msgspec

from router.contract import ByteStream, Held, MediaError, NotFound
from router.store.media import Stored
from router.store.rows import Group, JobRow, NoticeRow, Page, Query, Stale


class MemoryRows:
    """The jobs' table as a dictionary. `away` makes every call raise it, and writes too that are made, if `silent`."""

    def __init__(self) -> None:
        self.rows: dict[str, JobRow] = {}
        self.notices: list[NoticeRow] = []
        self.away: MediaError | None = None
        self.silent = False

    async def add(self, row: JobRow) -> None:
        """Keep a new row."""
        self._check()
        self.rows[row.id] = row

    async def write(self, row: JobRow, notices: Sequence[NoticeRow] = ()) -> JobRow:
        """Replace a row whose epoch it still is. Raises `Stale`."""
        if not self.silent:
            self._check()
        known = self.rows.get(row.id)
        if known is None or known.epoch != row.epoch:
            raise Stale(row.id)
        self.rows[row.id] = written = msgspec.structs.replace(row, epoch=row.epoch + 1)
        self.notices += notices
        self._check()
        return written

    async def get(self, id: str) -> JobRow | None:  # noqa: A002 - what it is
        """Return a row, or None."""
        self._check()
        return self.rows.get(id)

    async def page(self, query: Query) -> Page | None:
        """Return some rows; None where `after` is none of the team's."""
        rows = [row for row in self.rows.values() if query.team in (None, row.team)]
        if query.newest_first:
            rows.reverse()
        if query.after is not None:
            known = [row.id for row in rows]
            if query.after not in known:
                return None
            rows = rows[known.index(query.after) + 1 :]
        rows = [row for row in rows if (not query.states or row.state in query.states)]
        rows = [row for row in rows if (not query.ids or row.id in query.ids)]
        return Page(tuple(rows[: query.limit]), len(rows) > query.limit)

    async def unfinished(self, team: str) -> int:
        """Return how many of a team's jobs are not final."""
        return sum(not row.final for row in self.rows.values() if row.team == team)

    async def groups(self) -> Sequence[Group]:
        """Return what there is that is not final, by state."""
        self._check()
        states: dict[str, list[float]] = {}
        for row in self.rows.values():
            if not row.final:
                states.setdefault(row.state, []).append(row.created_at)
        return [Group(state, len(made), min(made)) for state, made in states.items()]

    async def due(self, now: float, limit: int) -> Sequence[str]:
        """Return the ids of rows whose time has come."""
        self._check()
        rows = sorted((row.run_at, row.id) for row in self.rows.values() if row.run_at is not None)
        return [id for run_at, id in rows if run_at <= now][:limit]  # noqa: A001 - what it is

    async def next_due(self) -> float | None:
        """Return the earliest `run_at`."""
        return min((row.run_at for row in self.rows.values() if row.run_at is not None), default=None)

    async def expired(self, now: float, limit: int) -> Sequence[JobRow]:
        """Return rows whose `expires_at` has come."""
        rows = [row for row in self.rows.values() if row.expires_at is not None and row.expires_at <= now]
        return rows[:limit]

    async def remove(self, id: str) -> None:  # noqa: A002 - what it is
        """Forget a row."""
        self._check()
        self.rows.pop(id, None)

    async def of_upstream(self, provider: str, upstream_id: str) -> JobRow | None:
        """Return the row of a provider's own job."""
        rows = (row for row in self.rows.values() if (row.provider, row.upstream_id) == (provider, upstream_id))
        return next(rows, None)

    def _check(self) -> None:
        if self.away is not None:
            raise self.away


class MemoryMedia:
    """Media as a dictionary. `away` makes writing raise it."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.away: MediaError | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is held open."""

    async def put(
        self, name: str, chunks: AsyncIterable[bytes], media_type: str, sent: Callable[[int], None] = lambda _: None
    ) -> Stored:
        """Write to the end of `chunks`."""
        content = b""
        async for chunk in chunks:
            content += chunk
            sent(len(chunk))
        if self.away is not None:
            raise self.away
        self.kept[name] = content
        return Stored(name, len(content), media_type, f'"{sha256(content).hexdigest()[:32]}"')

    async def read(self, name: str, start: int = 0, length: int | None = None) -> ByteStream:
        """Return bytes. Raises `NotFound`."""
        if name not in self.kept:
            raise NotFound("this has been removed")
        return Held(self.kept[name][start : None if length is None else start + length])

    async def remove(self, *names: str) -> None:
        """Forget media."""
        for name in names:
            self.kept.pop(name, None)

    async def link(self, name: str, seconds: float) -> str | None:  # noqa: ARG002 - see the protocol
        """Return None: nobody else serves it."""
        return None
