"""Every cell of the matrix, asked a few at a time."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, NamedTuple

from tests.e2e.matrix.doors import Door, Found
from tests.e2e.matrix.films import Generations, Videos
from tests.e2e.matrix.hearing import Transcriptions
from tests.e2e.matrix.speech import BreezeSpeech, OpenAISpeech
from tests.e2e.matrix.stage import TASKS, Stage, opened

DOORS: Final[tuple[Door, ...]] = (
    OpenAISpeech(events=False),
    OpenAISpeech(events=True),
    BreezeSpeech(),
    BreezeSpeech("/stream"),
    BreezeSpeech("/with-timestamps"),
    Transcriptions(),
    Videos(job=False),
    Videos(job=True),
    Generations(),
)
AT_ONCE: Final = 8
"""Cells under way: as many jobs wait for one another as for the clock."""


class Cell(NamedTuple):
    """One thing asked of one kind through one door."""

    door: Door
    kind: str
    row: str

    @property
    def name(self) -> str:
        """Its test id."""
        return f"{self.door.name}-{self.kind}-{self.row.replace(', ', '-').replace(' ', '_')}"


def kinds_behind(door: Door) -> tuple[str, ...]:
    return tuple(kind for kind, tasks in TASKS.items() if door.task in tasks)


def every_cell() -> Iterator[Cell]:
    for door in DOORS:
        for row in door.rows:
            yield from (Cell(door, kind, row) for kind in kinds_behind(door))


class Run:
    """All cells, under way."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._asked = {cell: asyncio.create_task(self._ask(cell)) for cell in every_cell()}

    async def _ask(self, cell: Cell) -> Found:
        async with self._turns:
            return await cell.door.ask(self.stage, cell.kind, cell.row)

    async def found(self, cell: Cell) -> Found:
        """Return what a cell came to."""
        return await self._asked[cell]

    async def all_found(self) -> dict[Cell, Found]:
        """Return what every cell came to."""
        return {cell: await asked for cell, asked in self._asked.items()}

    async def stop(self) -> None:
        """Call off what is still under way."""
        for asked in self._asked.values():
            asked.cancel()
        await asyncio.gather(*self._asked.values(), return_exceptions=True)


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Run]:
    """Open the stage and begin with every cell."""
    async with opened(folder) as stage:
        run = Run(stage)
        try:
            yield run
        finally:
            await run.stop()
