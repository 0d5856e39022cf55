import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import Connection, event, text

from router.store.answers import SqlIdempotency
from router.store.database import Database
from router.store.jobs import SqlJobs
from router.store.ledger import SqlLedger
from router.store.notices import SqlNotices
from router.store.rows import Query
from tests.unit.store.records.making import ADS, claim, entry, job, notice

ROWS = 100_000
NUMBERS = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS}) "
FILL = (
    NUMBERS
    + "INSERT INTO jobs (id, team, state, created_at, body, epoch, final, run_at, expires_at, provider, upstream_id)"
    " SELECT 'job_' || i, CASE i % 10 WHEN 0 THEN 'ads' ELSE 'team_' || i % 10 END, CASE i % 100 WHEN 0 THEN 'waiting'"
    " ELSE 'done' END, i, :body, 0, i % 100 <> 0, CASE i % 100 WHEN 0 THEN i END, CASE i % 100 WHEN 0 THEN NULL ELSE i END,"
    " 'sync', CASE i % 2 WHEN 0 THEN '' ELSE 'up_' || i END FROM n",
    NUMBERS + "INSERT INTO notices (id, team, job, url, kind, body, created_at, run_at, epoch, tries, status, ended)"
    " SELECT 'notice_' || i, 'team_' || i % 10, 'job_' || i, '', '', :body, i, CASE i % 100 WHEN 0 THEN i END,"
    " 0, 0, NULL, '' FROM n",
    NUMBERS + "INSERT INTO idempotency (team, key, fingerprint, owner, leased_until, expires_at)"
    " SELECT 'team_' || i % 10, 'key_' || i, '', '', i, i FROM n",
    NUMBERS + "INSERT INTO ledger SELECT CASE WHEN i > 50000 THEN 10 ELSE 9 END, i % 3, i, i, '', 'team_' || i % 10,"
    " 'speech', 'r', 'a', 'a/m', 'ok', 1, 1, 0, 0, 0, 0, 0, 0, 0, 'USD' FROM n",
)
WHOLE = {
    "sqlite": re.compile(r"SCAN (jobs|notices|idempotency|ledger)$"),
    "postgresql": re.compile(r"Seq Scan on (jobs|notices|idempotency|ledger)( |$)"),
}
SORTED = {"sqlite": re.compile("TEMP B-TREE"), "postgresql": re.compile("Sort")}

Act = Callable[[Database], Awaitable[Any]]
SEARCHES: dict[str, Act] = {
    "get": lambda on: SqlJobs(on).get("job_7"),
    "write": lambda on: SqlJobs(on).write(job("job_7"), [notice("new", "job_7")]),
    "page": lambda on: SqlJobs(on).page(Query(team=ADS, after="job_500")),
    "page of a state": lambda on: SqlJobs(on).page(Query(team=ADS, states=("failed",))),
    "page of a state, everybody's": lambda on: SqlJobs(on).page(Query(team=None, states=("failed",))),
    "unfinished": lambda on: SqlJobs(on).unfinished(ADS),
    "groups": lambda on: SqlJobs(on).groups(),
    "due": lambda on: SqlJobs(on).due(500.0, 10),
    "next due": lambda on: SqlJobs(on).next_due(),
    "expired": lambda on: SqlJobs(on).expired(50.0, 10),
    "remove": lambda on: SqlJobs(on).remove("job_9"),
    "notice": lambda on: SqlNotices(on).get("notice_7"),
    "notices due": lambda on: SqlNotices(on).due(500.0, 10),
    "next notice due": lambda on: SqlNotices(on).next_due(),
    "notices of a team": lambda on: SqlNotices(on).page("team_1", None, 10),
    "notices of a job": lambda on: SqlNotices(on).page(None, "job_7", 10),
    "claim": lambda on: SqlIdempotency(on).begin(claim("first")),
    "expired keys": lambda on: SqlIdempotency(on).expired(50.0, 10),
    "prune the ledger": lambda on: SqlLedger(on).prune(10 * 86_400.0),
}
FEW: dict[str, Act] = {
    "of upstream": lambda on: SqlJobs(on).of_upstream("sync", "up_7"),
    "page of several ids": lambda on: SqlJobs(on).page(Query(team=ADS, ids=("job_10", "job_20"))),
}
"""Searches that find so few that sorting them costs nothing."""


def fill(on: Connection) -> None:
    for statement in FILL:
        on.execute(text(statement), {"body": b"{}"} if ":body" in statement else {})
    if on.dialect.name == "postgresql":
        on.exec_driver_sql("ANALYZE")


async def plans(database: Database, act: Act) -> dict[str, list[str]]:
    """Do it, and return how the database goes about each statement that it took."""
    seen: list[tuple[str, Any]] = []

    def note(*told: Any) -> None:
        _, _, statement, parameters, _, many = told
        if not statement.startswith(("BEGIN", "EXPLAIN")):
            seen.append((statement, parameters[0] if many else parameters))

    event.listen(database._engine, "before_cursor_execute", note)
    await act(database)
    event.remove(database._engine, "before_cursor_execute", note)

    def explain(on: Connection) -> dict[str, list[str]]:
        verb = "EXPLAIN QUERY PLAN " if on.dialect.name == "sqlite" else "EXPLAIN "
        return {said: [str(row[-1]) for row in on.exec_driver_sql(verb + said, given)] for said, given in seen}

    return await database.run(explain)


async def test_every_search_is_served_by_an_index(url: str) -> None:
    """Over 100,000 rows nothing is read from end to end, and nothing is sorted but a handful."""
    kind = url.partition(":")[0]
    async with Database(url, patience=30.0) as database:
        await database.run(fill)
        for name, act in (SEARCHES | FEW).items():
            found = await plans(database, act)
            assert found, name
            for statement, plan in found.items():
                assert not any(WHOLE[kind].search(line) for line in plan), (name, statement, plan)
                assert name in FEW or not any(SORTED[kind].search(line) for line in plan), (name, statement, plan)


OWN = {
    "sqlite": (r"\(day=\? AND writer=\?", r"number>\?"),
    "postgresql": (r"\(day = [^)]+\) AND \(writer = ", r"\(number >= "),
}
"""What is said of a search that goes by a writer's own part of a day, and there by numbers.

For a range of days SQLite looks through all that anybody wrote in them. The largest number it takes off the end.
"""


@pytest.mark.parametrize("again", [False, True])
async def test_adding_to_the_ledger_reads_what_was_added(url: str, *, again: bool) -> None:
    """However much was written down that day, by others or by the same writer, nobody looks through it."""
    kind = url.partition(":")[0]
    async with Database(url, patience=30.0) as database:
        await database.run(fill)
        added = [entry(number, day=day) for number, day in ((ROWS + 1, 10), (ROWS + 2, 10), (ROWS + 3, 11))]
        found = await plans(database, lambda on: SqlLedger(on).add(added, again=again))
        reading = {said: plan for said, plan in found.items() if "FROM ledger" in said}
        assert reading
        for said, plan in reading.items():
            wanted = OWN[kind][:1] if "max(" in said else OWN[kind]
            assert any(all(re.search(one, line) for one in wanted) for line in plan), (said, plan)


@pytest.mark.parametrize("asked", ["SELECT * FROM jobs WHERE epoch = 1", "SELECT * FROM jobs ORDER BY created_at"])
async def test_the_plans_can_tell(database: Database, asked: str) -> None:
    """A search that no index serves is seen as one."""
    kind = database._engine.dialect.name

    async def act(on: Database) -> None:
        await on.read(lambda connection: connection.exec_driver_sql(asked).all())

    ((plan,),) = [[lines] for lines in (await plans(database, act)).values()]
    assert any(WHOLE[kind].search(line) for line in plan)
