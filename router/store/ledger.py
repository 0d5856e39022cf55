"""The ledger: what every request used and cost, in the database.

An entry is of one request at one target. Money is in millionths of `currency`, sound and film in milliseconds, so that
sums are exact. Nothing here tells what was said, or by whose key.
"""

from collections.abc import Sequence
from functools import cache
from itertools import chain
from typing import Any, Final, Protocol

import msgspec
from sqlalchemy import ColumnElement, Connection, bindparam, delete, func, select

from router.store.database import Database
from router.store.dialects import conflicting, places
from router.store.tables import BY_DAY, LEDGER, LEDGER_DAYS, SUMMED

ROWS: Final = LEDGER.c
DAYS: Final = LEDGER_DAYS.c
KEYS: Final = BY_DAY[:-1]
"""What entries can be summed up by."""
PRUNED: Final = 10_000
"""Entries, at most, that are forgotten in one transaction: some ten milliseconds, and in a second more than a process writes."""
TOGETHER: Final = 50
"""Entries that one statement writes: with more of them it only becomes longer."""
DAY: Final = 86_400
Row = tuple[Any, ...]


class Entry(msgspec.Struct, frozen=True):
    """What one request used at one target, whose `provider` and `target` are empty where nobody was asked: a row as it is.

    `writer` and `number` name it; one writer's numbers grow. `at` is unix seconds, `day` whole days of them. Of a request's
    entries one has `requests` 1, the others 0. `calls` are those that the provider was asked for, `hedges` how many of them
    were made because another was slow, `cached` is 1 for an answer that was kept from before. `doubtful` is the part
    of `cost` that may not have been charged.
    """

    day: int
    writer: int
    number: int
    at: float
    request_id: str
    team: str
    task: str
    route: str
    provider: str = ""
    target: str = ""
    outcome: str = ""
    requests: int = 0
    calls: int = 0
    hedges: int = 0
    cached: int = 0
    characters: int = 0
    audio_ms: int = 0
    video_ms: int = 0
    cost: int = 0
    doubtful: int = 0
    currency: str = ""


class Total(msgspec.Struct, frozen=True, kw_only=True):
    """Entries summed up: all of those that have the same `key`, in the order of what was asked for, and currency."""

    key: tuple[str | int, ...]
    currency: str
    requests: int
    calls: int
    hedges: int
    cached: int
    characters: int
    audio_ms: int
    video_ms: int
    cost: int
    doubtful: int


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries to sum up: from `first` to `last`, days that both count; `team` None means everybody's.

    `by` are some of `KEYS`.
    """

    first: int
    last: int
    team: str | None = None
    by: tuple[str, ...] = ()


class LedgerRows(Protocol):
    """The ledger's table. Every method raises `RecordsUnavailable` while it cannot be used."""

    async def add(self, entries: Sequence[Entry], *, again: bool = False) -> None:
        """Keep entries of one writer, in the order of their numbers, all or none. `again`: some may have been kept already."""

    async def totals(self, span: Span) -> Sequence[Total]:
        """Sum entries up, in the order of their keys."""

    async def prune(self, before: float) -> int:
        """Forget some of the entries that are older, and return how many; 0 when none are left."""


class SqlLedger:
    """`LedgerRows` over a database: the entries, and beside them their sums by day, which many searches would add up."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, entries: Sequence[Entry], *, again: bool = False) -> None:
        """Keep entries of one writer, all or none. `again`: some of them may have been kept already."""

        def act(on: Connection) -> None:
            fresh = _unwritten(on, entries) if again else entries
            if fresh:
                rows = [msgspec.structs.astuple(one) for one in fresh]
                _write(on, rows)
                _add_up(on, rows)

        if entries:
            await self._database.run(act)

    async def totals(self, span: Span) -> Sequence[Total]:
        """Sum entries up, in the order of their keys."""
        keys = [DAYS[name] for name in span.by]
        sums = [func.sum(DAYS[name]) for name in SUMMED]
        wanted = select(*keys, DAYS.currency, *sums).where(*_within(span)).group_by(*keys, DAYS.currency)
        found = await self._database.read(lambda on: on.execute(wanted.order_by(*keys, DAYS.currency)).all())
        return [_total(row, len(keys)) for row in found]

    async def prune(self, before: float) -> int:
        """Forget some of the entries that are older, and return how many; 0 when none are left."""
        first = int(before // DAY)  # a day is forgotten as a whole
        oldest = select(*LEDGER.primary_key).where(ROWS.day < first).order_by(*LEDGER.primary_key).limit(1)

        def act(on: Connection) -> int:
            on.execute(delete(LEDGER_DAYS).where(DAYS.day < first))
            found = on.execute(oldest).first()
            if found is None:
                return 0
            # Of one writer's day, which the key finds: asked for any that are old, databases look through all there is.
            same = (ROWS.day == found.day, ROWS.writer == found.writer)
            return on.execute(delete(LEDGER).where(*same, ROWS.number < found.number + PRUNED)).rowcount

        return await self._database.run(act)


def _unwritten(on: Connection, entries: Sequence[Entry]) -> Sequence[Entry]:
    newest = select(func.max(ROWS.number)).where(ROWS.writer == entries[0].writer)
    kept = [on.scalar(newest.where(ROWS.day == day)) for day in {one.day for one in entries}]
    last = max([number for number in kept if number is not None], default=-1)
    return [one for one in entries if one.number > last]


def _write(on: Connection, rows: Sequence[Row]) -> None:
    """Write many rows with each statement: after each SQLite waits to have the interpreter back from the event loop."""
    for first in range(0, len(rows), TOGETHER):
        some = rows[first : first + TOGETHER]
        # SQLAlchemy, which knows the columns' types, would take thrice as long.
        on.exec_driver_sql(places(on.dialect.name, LEDGER, len(some)), tuple(chain.from_iterable(some)))


def _add_up(on: Connection, rows: Sequence[Row]) -> None:
    """Add entries just written to their days' sums, all of it in the database: Python would take as long as for the writing."""
    (_, writer, first), (_, _, last) = rows[0][:3], rows[-1][:3]
    for day in sorted({row[0] for row in rows}):
        on.execute(_adding_up(on.dialect.name), {"of": day, "by": writer, "first": first, "last": last})


@cache
def _adding_up(dialect: str) -> Any:
    """Return what adds a day's entries by a writer, from `first` to `last`, to that day's sums.

    Of one day, since over several a database would look through all that anybody wrote in them. In one order for all
    processes: two that took the same rows in different orders would wait for each other.
    """
    keys, sums = [ROWS[name] for name in BY_DAY], [func.sum(ROWS[name]) for name in SUMMED]
    numbers = ROWS.number.between(bindparam("first"), bindparam("last"))
    fresh = select(*keys, *sums).where(ROWS.day == bindparam("of"), ROWS.writer == bindparam("by"), numbers)
    made = conflicting(dialect, LEDGER_DAYS).from_select([*BY_DAY, *SUMMED], fresh.group_by(*keys).order_by(*keys))
    grown = {name: DAYS[name] + made.excluded[name] for name in SUMMED}
    return made.on_conflict_do_update(index_elements=BY_DAY, set_=grown)


def _within(span: Span) -> list[ColumnElement[bool]]:
    days = DAYS.day.between(span.first, span.last)
    return [days] if span.team is None else [days, DAYS.team == span.team]


def _total(row: Sequence[Any], keys: int) -> Total:
    # PostgreSQL sums integers as decimals. Nothing at all is summed up as nothing.
    sums = {name: int(value or 0) for name, value in zip(SUMMED, row[keys + 1 :], strict=True)}
    return Total(key=tuple(row[:keys]), currency=row[keys], **sums)
