"""An outbox in memory, for tests: a `NoticeRows` that keeps all that was ever written."""

from collections.abc import Sequence

import msgspec

from router.store.rows import NoticeRow, Stale


class MemoryNotices:
    """Notices in the order they were added. `written` keeps every row that a write left behind."""

    def __init__(self, *rows: NoticeRow) -> None:
        self._rows: dict[str, NoticeRow] = {}
        self.written: list[NoticeRow] = []
        self.add(*rows)

    def add(self, *rows: NoticeRow) -> None:
        """Keep new notices."""
        self._rows.update({row.id: row for row in rows})

    async def due(self, now: float, limit: int) -> Sequence[NoticeRow]:
        """Return the notices whose time has come, the longest due first."""
        due = [(row.run_at, row) for row in self._rows.values() if row.run_at is not None and row.run_at <= now]
        return [row for _, row in sorted(due, key=lambda one: one[0])][:limit]

    async def next_due(self) -> float | None:
        """Return the earliest `run_at`, or None."""
        return min((row.run_at for row in self._rows.values() if row.run_at is not None), default=None)

    async def write(self, row: NoticeRow) -> NoticeRow:
        """Replace the row if it still has the epoch of `row`. Raises `Stale`."""
        if row.id not in self._rows or self._rows[row.id].epoch != row.epoch:
            raise Stale(row.id)
        written = msgspec.structs.replace(row, epoch=row.epoch + 1)
        self._rows[row.id] = written
        self.written.append(written)
        return written

    async def get(self, id: str) -> NoticeRow | None:  # noqa: A002 - what it is
        """Return a notice, or None."""
        return self._rows.get(id)

    async def page(self, team: str | None, job: str | None, limit: int) -> Sequence[NoticeRow]:
        """Return notices, the newest first, of a team or a job if one is named."""
        newest = reversed(self._rows.values())
        return [row for row in newest if team in (None, row.team) and job in (None, row.job)][:limit]
