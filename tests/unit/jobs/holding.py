"""Hold the lock and work, in a process of its own that is there to be killed: `python -m tests.unit.jobs.holding LOCK`.

Prints the name of what it works on, and never ends that work.
"""

import asyncio
import sys
from pathlib import Path

from router.engine.clock import SystemClock
from router.jobs import Job
from router.jobs.scheduler import Pace, Scheduler
from router.testing.stores import MemoryRows


async def work(name: str) -> None:
    print(name, flush=True)
    await asyncio.Event().wait()


async def main(lock: Path) -> None:
    rows, clock = MemoryRows(), SystemClock()
    await rows.add(Job(id="theirs", team="ads", model="m", created_at=0.0).row(clock.wall()))
    async with Scheduler(rows, work, clock, Pace(1, 0.0), lock):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
