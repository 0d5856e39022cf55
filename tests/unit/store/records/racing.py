"""A process of its own that races others for one row: `python -m tests.unit.store.records.racing NAME URL`.

Writes the row 20 times, whoever else does, and prints the epochs it won; before that, whether it made the row.
"""

import asyncio
import sys

from router.store.answers import SqlIdempotency
from router.store.database import Database
from router.store.idempotency import Begun
from router.store.jobs import SqlJobs
from router.store.rows import JobRow, Stale
from tests.unit.store.records.making import claim, job

WRITES = 20


async def race(name: str, url: str) -> tuple[bool, list[int]]:
    async with Database(url) as database:
        jobs = SqlJobs(database)
        first = await SqlIdempotency(database).begin(claim(name)) == Begun()
        if first:
            await jobs.add(job("raced"))
        won: list[int] = []
        while len(won) < WRITES:
            row = await jobs.get("raced")
            if row is not None:
                won += await written(jobs, row)
        return first, won


async def written(jobs: SqlJobs, row: JobRow) -> list[int]:
    try:
        return [(await jobs.write(row)).epoch]
    except Stale:
        return []


if __name__ == "__main__":
    made, epochs = asyncio.run(race(*sys.argv[1:3]))
    print(int(made), *epochs)
