from typing import Any

import msgspec
import pytest
from sqlalchemy import func, select

from router.store.database import Database
from router.store.ledger import KEYS, PRUNED, TOGETHER, Entry, Span, SqlLedger, Total
from router.store.tables import BY_DAY, LEDGER, LEDGER_DAYS, SUMMED
from tests.unit.store.records.making import entry

ALWAYS = Span(first=0, last=100)


def brief(totals: Any) -> list[tuple[Any, ...]]:
    return [(*one.key, one.requests, one.characters, one.cost) for one in totals]


def test_an_entry_is_a_row_as_it_is() -> None:
    """An entry's fields are the table's columns in their order, and of what is summed up by day each is one."""
    assert list(Entry.__struct_fields__) == [column.name for column in LEDGER.columns]
    assert (*BY_DAY, *SUMMED) == tuple(column.name for column in LEDGER_DAYS.columns)
    assert set(BY_DAY) | set(SUMMED) < set(Entry.__struct_fields__)


async def test_entries_are_summed_up(database: Database) -> None:
    """Sums are of the days and the team asked for, by what is asked for, in order."""
    ledger = SqlLedger(database)
    await ledger.add([entry(1, characters=5, cost=7), entry(2, characters=6, cost=8, route="s")])
    await ledger.add([entry(3, characters=1, day=11), entry(4, team="games", cost=100)])
    assert brief(await ledger.totals(ALWAYS)) == [(4, 12, 115)]
    assert brief(await ledger.totals(Span(first=10, last=10, team="ads"))) == [(2, 11, 15)]
    by = await ledger.totals(Span(first=0, last=100, team="ads", by=("route", "day")))
    assert brief(by) == [("r", 10, 1, 5, 7), ("r", 11, 1, 1, 0), ("s", 10, 1, 6, 8)]


async def test_every_field_is_kept_and_summed(database: Database) -> None:
    """What is written down is what was given, and each count and sum comes back under its own name."""
    counted = {name: 10**at for at, name in enumerate(SUMMED)}
    one = entry(1, **counted)
    ledger = SqlLedger(database)
    await ledger.add([one, msgspec.structs.replace(one, number=2)])
    kept = await database.read(lambda on: on.execute(select(LEDGER).order_by(LEDGER.c.number)).first())
    assert kept is not None
    assert Entry(**kept._mapping) == one
    (total,) = await ledger.totals(Span(first=0, last=100, by=KEYS))
    doubled = {name: 2 * value for name, value in counted.items()}
    assert total == Total(key=(10, "ads", "speech", "r", "a", "a/m", "ok"), currency="USD", **doubled)


@pytest.mark.parametrize("count", [1, TOGETHER, 2 * TOGETHER + 7])
async def test_however_many_there_are(database: Database, count: int) -> None:
    """Each is kept once and as it was given, whether it takes one statement to write them all or several."""
    given = [entry(number, characters=number, request_id=f"?, %s and {number}") for number in range(count)]
    await SqlLedger(database).add(given)
    kept = await database.read(lambda on: on.execute(select(LEDGER).order_by(LEDGER.c.number)).all())
    assert [Entry(**row._mapping) for row in kept] == given


async def test_currencies_are_never_added_up(database: Database) -> None:
    """Where the configuration changed its currency, there are two sums."""
    ledger = SqlLedger(database)
    await ledger.add([entry(1, cost=1), entry(2, cost=2, currency="EUR")])
    assert [(one.currency, one.cost) for one in await ledger.totals(ALWAYS)] == [("EUR", 2), ("USD", 1)]


async def test_what_was_kept_already_is_not_kept_twice(database: Database) -> None:
    """After a write whose answer was lost, the same entries and newer ones are each there once, in rows and in sums."""
    ledger = SqlLedger(database)
    first = [entry(1), entry(2, day=11)]
    await ledger.add(first)
    await ledger.add([*first, entry(3, day=11)], again=True)
    await ledger.add([entry(1, writer=2)], again=True)
    rows = await database.read(lambda on: on.scalar(select(func.count()).select_from(LEDGER)))
    assert (rows, brief(await ledger.totals(ALWAYS))) == (4, [(4, 0, 0)])


async def test_a_writers_number_is_used_once(database: Database) -> None:
    """An entry that is there already is refused with all that came with it: nothing is counted twice by mistake."""
    ledger = SqlLedger(database)
    await ledger.add([entry(1)])
    with pytest.raises(Exception, match="did not do what it was asked"):
        await ledger.add([entry(2), entry(1)])
    assert brief(await ledger.totals(ALWAYS)) == [(1, 0, 0)]


async def test_old_days_are_forgotten(database: Database) -> None:
    """Whole days that are over before a time go, some of one writer's at once; that very day stays."""
    ledger = SqlLedger(database)
    await ledger.add([entry(number, day=9) for number in range(PRUNED + 1)])
    await ledger.add([entry(1, day=9, writer=2), entry(2, day=10, writer=2), entry(3, day=11, writer=2)])
    gone = [await ledger.prune(11 * 86_400.0 + 5) for _ in range(5)]
    assert gone == [PRUNED, 1, 1, 1, 0]
    assert brief(await ledger.totals(Span(first=0, last=100, by=("day",)))) == [(11, 1, 0, 0)]


async def test_nothing_is_summed_up_as_nothing(database: Database) -> None:
    """An empty ledger has no sums, and adding nothing is no transaction."""
    ledger = SqlLedger(database)
    await ledger.add([])
    assert await ledger.totals(ALWAYS) == []
