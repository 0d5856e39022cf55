import asyncio
import sys

from tests.unit.store.records.racing import WRITES

PROCESSES = 3


async def racer(name: str, url: str) -> tuple[int, list[int]]:
    command = (sys.executable, "-m", "tests.unit.store.records.racing", name, url)
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    said, _ = await process.communicate()
    assert process.returncode == 0
    made, *epochs = map(int, said.split())
    return made, epochs


async def test_processes_share_a_database(empty_url: str) -> None:
    """Three processes that start on an empty database at once: one makes the row, and no epoch is won twice or lost."""
    results = await asyncio.gather(*(racer(str(number), empty_url) for number in range(PROCESSES)))
    assert sum(made for made, _ in results) == 1
    assert sorted(epoch for _, epochs in results for epoch in epochs) == list(range(1, PROCESSES * WRITES + 1))
