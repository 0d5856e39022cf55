"""Jobs in the database."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, Select, delete, func, insert, select, update

from router.store.database import Database
from router.store.rows import Group, JobRow, NoticeRow, Page, Query, Stale
from router.store.tables import HAS_UPSTREAM, JOBS, NOTICES, SCHEDULED, UNFINISHED

FIXED = frozenset({"id", "team", "created_at"})
"""What a job is made with and keeps: not written again, nor are the indexes over it."""
COLUMNS = [JOBS.c[name] for name in JobRow.__struct_fields__]


class SqlJobs:
    """`JobRows` over a database. Every method raises `RecordsUnavailable` while that cannot be used."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, row: JobRow) -> None:
        """Keep a new row."""
        await self._database.run(lambda on: on.execute(insert(JOBS), msgspec.structs.asdict(row)))

    async def write(self, row: JobRow, notices: Sequence[NoticeRow] = ()) -> JobRow:
        """Replace the row if it still has the epoch of `row`, and add notices, all or nothing. Raises `Stale`."""
        written = msgspec.structs.replace(row, epoch=row.epoch + 1)
        changes = {name: value for name, value in msgspec.structs.asdict(written).items() if name not in FIXED}

        def act(on: Connection) -> None:
            fenced = update(JOBS).where(JOBS.c.id == row.id, JOBS.c.epoch == row.epoch)
            if on.execute(fenced.values(changes)).rowcount != 1:
                raise Stale(row.id)
            if notices:
                on.execute(insert(NOTICES), [msgspec.structs.asdict(notice) for notice in notices])

        await self._database.run(act)
        return written

    async def get(self, id: str) -> JobRow | None:  # noqa: A002 - what it is
        """Return a row, or None."""
        return await self._one(select(*COLUMNS).where(JOBS.c.id == id)) if id.isprintable() else None

    async def page(self, query: Query) -> Page | None:
        """Return some rows; None where `after` is none of the team's."""
        return await self._database.read(lambda on: _page(on, query))

    async def unfinished(self, team: str) -> int:
        """Return how many of a team's jobs are not final."""
        counted = select(func.count()).select_from(JOBS).where(JOBS.c.team == team, UNFINISHED)
        return await self._database.read(lambda on: on.execute(counted).scalar_one())

    async def groups(self) -> Sequence[Group]:
        """Return what there is that is not final, by state."""
        counted = select(JOBS.c.state, func.count(), func.min(JOBS.c.created_at)).where(UNFINISHED)
        found = await self._database.read(lambda on: on.execute(counted.group_by(JOBS.c.state)).all())
        return [Group(*one) for one in found]

    async def due(self, now: float, limit: int) -> Sequence[str]:
        """Return the ids of rows whose `run_at` has come, the longest due first."""
        waiting = select(JOBS.c.id).where(JOBS.c.run_at <= now).order_by(JOBS.c.run_at, JOBS.c.number).limit(limit)
        return await self._database.read(lambda on: on.scalars(waiting).all())

    async def next_due(self) -> float | None:
        """Return the earliest `run_at`, or None."""
        earliest = select(JOBS.c.run_at).where(SCHEDULED).order_by(JOBS.c.run_at).limit(1)
        return await self._database.read(lambda on: on.scalar(earliest))

    async def expired(self, now: float, limit: int) -> Sequence[JobRow]:
        """Return rows whose `expires_at` has come."""
        over = select(*COLUMNS).where(JOBS.c.expires_at <= now).order_by(JOBS.c.expires_at).limit(limit)
        return await self._database.read(lambda on: [_row(found) for found in on.execute(over)])

    async def remove(self, id: str) -> None:  # noqa: A002 - what it is
        """Forget a row and, by its foreign key, its notices; it need not be there."""
        await self._database.run(lambda on: on.execute(delete(JOBS).where(JOBS.c.id == id)))

    async def of_upstream(self, provider: str, upstream_id: str) -> JobRow | None:
        """Return the row of a provider's own job, or None."""
        if not upstream_id or not upstream_id.isprintable():
            return None
        theirs = select(*COLUMNS).where(JOBS.c.provider == provider, JOBS.c.upstream_id == upstream_id)
        return await self._one(theirs.where(HAS_UPSTREAM).order_by(JOBS.c.number.desc()).limit(1))

    async def _one(self, wanted: Select[Any]) -> JobRow | None:
        found = await self._database.read(lambda on: on.execute(wanted).one_or_none())
        return _row(found) if found is not None else None


def _row(found: Row[Any]) -> JobRow:
    return JobRow(**found._mapping)  # noqa: SLF001 - public, in spite of its name


def _page(on: Connection, query: Query) -> Page | None:
    among = list(_among(query))
    if query.after is not None:
        number = on.scalar(_number(query.after, query.team)) if query.after.isprintable() else None
        if number is None:
            return None
        among.append(JOBS.c.number < number if query.newest_first else JOBS.c.number > number)
    order = JOBS.c.number.desc() if query.newest_first else JOBS.c.number
    # One more than asked for tells whether there are more.
    found = on.execute(select(*COLUMNS).where(*among).order_by(order).limit(query.limit + 1)).all()
    return Page(tuple(_row(one) for one in found[: query.limit]), more=len(found) > query.limit)


def _among(query: Query) -> Sequence[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if query.team is not None:
        conditions.append(JOBS.c.team == query.team)
    if query.states:
        conditions.append(JOBS.c.state.in_(query.states))
    if query.ids:
        conditions.append(JOBS.c.id.in_([one for one in query.ids if one.isprintable()]))
    return conditions


def _number(id: str, team: str | None) -> Select[tuple[int]]:  # noqa: A002 - what it is
    wanted: Select[tuple[int]] = select(JOBS.c.number).where(JOBS.c.id == id)
    return wanted if team is None else wanted.where(JOBS.c.team == team)
