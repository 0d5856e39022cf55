import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from router.contract import MediaError
from router.store.errors import RecordsUnavailable
from router.store.ledger import Entry, Span, Total
from router.teams.ledger import BATCH, EVERY, SLICE, Ledger
from router.testing.clock import FakeClock
from tests.unit.teams.noting import charge, outcome

AWAY = RecordsUnavailable("the database is away")


@dataclass
class Rows:
    """A table that may be away, or lose its answers; `batches` are what it was given."""

    faults: list[MediaError | None] = field(default_factory=list)
    silent: bool = False
    batches: list[tuple[int, bool]] = field(default_factory=list)
    kept: dict[int, Entry] = field(default_factory=dict)
    old: list[int] = field(default_factory=list)
    before: list[float] = field(default_factory=list)

    async def add(self, entries: Sequence[Entry], *, again: bool = False) -> None:
        self.batches.append((len(entries), again))
        fault = self.faults.pop(0) if self.faults else None
        if fault is None or self.silent:
            assert again or not {one.number for one in entries} & self.kept.keys()
            self.kept |= {one.number: one for one in entries}
        if fault is not None:
            raise fault

    async def totals(self, span: Span) -> Sequence[Total]:
        raise NotImplementedError

    async def prune(self, before: float) -> int:
        self.before.append(before)
        return self.old.pop(0) if self.old else 0


@dataclass
class Scene:
    """A ledger over such a table, and what it told of itself."""

    rows: Rows
    clock: FakeClock = field(default_factory=lambda: FakeClock(waits=True))
    told: list[tuple[str, int]] = field(default_factory=list)

    @asynccontextmanager
    async def open(self, most: int = 100) -> AsyncIterator[Ledger]:
        ledger = Ledger(self.rows, self.clock, 10 * 86_400.0, lambda *what: self.told.append(what), most)
        async with ledger:
            await asyncio.sleep(0)
            yield ledger

    async def second(self) -> None:
        """Let a second pass, and what is due then be done."""
        before = len(self.rows.batches)
        self.clock.advance(EVERY)
        for _ in range(100):
            await asyncio.sleep(0.002)
            if len(self.rows.batches) > before:
                break
        await asyncio.sleep(0.002)


@pytest.fixture
def scene() -> Scene:
    return Scene(Rows())


async def test_a_second_of_requests_is_one_write(scene: Scene) -> None:
    """What ended within a second is written together, all of it, and then no more is written until there is more."""
    async with scene.open() as ledger:
        for _ in range(3):
            ledger.media_request_finished(outcome(charge("a"), charge("b")))
        assert scene.rows.batches == []
        await scene.second()
        assert scene.rows.batches == [(6, False)]
        await scene.second()
    assert scene.rows.batches == [(6, False)]
    assert scene.told == [("written", 6)]
    assert sorted(scene.rows.kept) == [1, 2, 3, 4, 5, 6]


async def test_leaving_writes_what_waits(scene: Scene) -> None:
    """An orderly end loses nothing."""
    async with scene.open() as ledger:
        ledger.media_request_finished(outcome(charge("a")))
    assert scene.told == [("written", 1)]


async def test_many_are_written_in_parts(scene: Scene) -> None:
    """No transaction takes longer than others can wait."""
    async with scene.open(most=3 * BATCH) as ledger:
        for _ in range(2 * BATCH + 1):
            ledger.media_request_finished(outcome())
    assert scene.rows.batches == [(BATCH, False), (BATCH, False), (1, False)]


async def test_others_have_their_turn(scene: Scene) -> None:
    """While many entries are made out the event loop goes on with what else there is."""
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with scene.open(most=4 * SLICE) as ledger:
        for _ in range(4 * SLICE):
            ledger.media_request_finished(outcome())
        busy = asyncio.create_task(others())
        await ledger.flush()
        busy.cancel()
    assert turns >= 4
    assert len(scene.rows.kept) == 4 * SLICE


async def test_the_database_is_away_for_a_while(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    """Entries wait for it, in order, and are written when it is back."""
    scene.rows.faults = [AWAY, AWAY]
    async with scene.open() as ledger:
        for _ in range(3):
            ledger.media_request_finished(outcome())
            await scene.second()
    assert scene.rows.batches == [(1, False), (2, True), (3, True)]
    assert list(scene.rows.kept) == [1, 2, 3]
    assert scene.told == [("written", 3)]
    assert caplog.messages.count("the ledger waits for its database with 2 entries: records_unavailable") == 1


async def test_a_write_whose_answer_was_lost(scene: Scene) -> None:
    """It is made again as one that may have been made, so that nothing is there twice."""
    scene.rows.faults, scene.rows.silent = [AWAY], True
    async with scene.open() as ledger:
        ledger.media_request_finished(outcome())
        await scene.second()
        ledger.media_request_finished(outcome())
        await scene.second()
        ledger.media_request_finished(outcome())
    assert scene.rows.batches == [(1, False), (2, True), (1, False)]


async def test_too_many_wait(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    """Beyond the bound entries are lost: that is counted, and logged as an error."""
    scene.rows.faults = [AWAY] * 2
    async with scene.open(most=2) as ledger:
        for _ in range(2):
            ledger.media_request_finished(outcome())
            await scene.second()
        for _ in range(3):
            ledger.media_request_finished(outcome())
        await scene.second()
    assert scene.told == [("lost", 3), ("written", 2)]
    assert [one.levelno for one in caplog.records].count(logging.ERROR) == 1


async def test_the_database_is_away_at_the_end(scene: Scene) -> None:
    """What can still not be written when the router ends is lost, and counted."""
    scene.rows.faults = [AWAY]
    async with scene.open() as ledger:
        ledger.media_request_finished(outcome())
    assert scene.told == [("lost", 1)]


async def test_old_entries_are_forgotten(scene: Scene) -> None:
    """At the start, and then now and then, what is older than its age goes, in parts."""
    scene.rows.old = [5000, 17]
    async with scene.open():
        for _ in range(3):
            scene.clock.advance(EVERY)
            await asyncio.sleep(0.01)
    assert [one - scene.clock.wall() + 10 * 86_400.0 for one in scene.rows.before] == [-3.0, -2.0, -1.0]
