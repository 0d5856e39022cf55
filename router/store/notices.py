"""The outbox of webhooks in the database."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, select, update

from router.store.database import Database
from router.store.rows import NoticeRow, Stale
from router.store.tables import NOTICES, SCHEDULED

FIXED = frozenset({"id", "team", "job", "created_at"})
"""What a notice is made with and keeps."""
WANTED = select(*(NOTICES.c[name] for name in NoticeRow.__struct_fields__))


class SqlNotices:
    """`NoticeRows` over a database. Every method raises `RecordsUnavailable` while that cannot be used."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def due(self, now: float, limit: int) -> Sequence[NoticeRow]:
        """Return the notices whose time has come, the longest due first."""
        waiting = WANTED.where(NOTICES.c.run_at <= now).order_by(NOTICES.c.run_at, NOTICES.c.number)
        return await self._rows(waiting.limit(limit))

    async def next_due(self) -> float | None:
        """Return the earliest `run_at`, or None."""
        waiting = select(NOTICES.c.run_at).where(SCHEDULED)
        return await self._database.read(lambda on: on.scalar(waiting.order_by(NOTICES.c.run_at).limit(1)))

    async def write(self, row: NoticeRow) -> NoticeRow:
        """Replace the row if it still has the epoch of `row`. Raises `Stale`."""
        written = msgspec.structs.replace(row, epoch=row.epoch + 1)
        changes = {name: value for name, value in msgspec.structs.asdict(written).items() if name not in FIXED}

        def act(on: Connection) -> None:
            fenced = update(NOTICES).where(NOTICES.c.id == row.id, NOTICES.c.epoch == row.epoch)
            if on.execute(fenced.values(changes)).rowcount != 1:
                raise Stale(row.id)

        await self._database.run(act)
        return written

    async def get(self, id: str) -> NoticeRow | None:  # noqa: A002 - what it is
        """Return a notice, or None."""
        found = await self._rows(WANTED.where(NOTICES.c.id == id)) if id.isprintable() else ()
        return found[0] if found else None

    async def page(self, team: str | None, job: str | None, limit: int) -> Sequence[NoticeRow]:
        """Return notices, the newest first, of a team or a job if one is named."""
        wanted = WANTED
        if team is not None:
            wanted = wanted.where(NOTICES.c.team == team)
        if job is not None:
            wanted = wanted.where(NOTICES.c.job == job)
        return await self._rows(wanted.order_by(NOTICES.c.number.desc()).limit(limit))

    async def _rows(self, wanted: Select[Any]) -> Sequence[NoticeRow]:
        found = await self._database.read(lambda on: on.execute(wanted).mappings().all())
        return [NoticeRow(**one) for one in found]
