import asyncio
from collections.abc import Sequence
from hashlib import sha256

import msgspec
import pytest

from router.contract import NotFound
from router.store.errors import RecordsUnavailable
from router.store.keys import KeyRow
from router.teams.keys import LOOK, MARKED, KeyRing, Keys, issue, revoke
from router.testing.clock import FakeClock

DIGEST = sha256(b"written").digest()
WRITTEN = {"ads": [f"sha256:{DIGEST.hex()}"], "games": []}
NOW = 1_700_000_000.0


class Rows:
    """The keys' table in memory; while `away` it cannot be read."""

    def __init__(self) -> None:
        self.rows: list[KeyRow] = []
        self.away = False
        self.read = 0

    async def add(self, row: KeyRow) -> None:
        self.rows.append(row)

    async def all(self) -> Sequence[KeyRow]:
        self.read += 1
        return list(self.rows)

    async def mark(self) -> tuple[int, int]:
        if self.away:
            raise RecordsUnavailable("away")
        return len(self.rows), sum(one.revoked_at is not None for one in self.rows)

    async def revoke(self, id: str, now: float) -> bool:  # noqa: A002 - as the table has it
        for at, row in enumerate(self.rows):
            if row.id == id and row.revoked_at is None:
                self.rows[at] = msgspec.structs.replace(row, revoked_at=now)
                return True
        return False


@pytest.fixture
def rows() -> Rows:
    return Rows()


def digest(key: str) -> bytes:
    return sha256(key.encode()).digest()


async def test_a_key_is_kept_as_its_digest_alone(rows: Rows) -> None:
    """What is kept does not hold the key, no two are alike, and each is known for one of ours."""
    made = [await issue(rows, "ads", NOW, label="phone") for _ in range(100)]
    assert len({key for key, _ in made}) == 100
    for key, row in made:
        assert key.startswith(MARKED)
        assert row.digest == digest(key)
        assert key.removeprefix(MARKED) not in repr(row)


async def test_a_new_key_is_good_and_a_revoked_one_is_not_after_one_look(rows: Rows) -> None:
    """Whoever made or revoked a key, every process that looks again knows; the configuration's keys stay."""
    keys, clock = Keys(WRITTEN), FakeClock(waits=True)
    async with KeyRing(rows, clock) as ring:
        ring.follow(keys)
        key, row = await issue(rows, "games", NOW)
        assert digest(key) not in keys.of_digest
        await passes(clock, LOOK)
        assert keys.of_digest == {DIGEST: "ads", digest(key): "games"}
        await revoke(rows, row.id, NOW)
        await passes(clock, LOOK)
        assert keys.of_digest == {DIGEST: "ads"}


async def test_a_key_expires_by_itself(rows: Rows) -> None:
    """Nobody need touch the table; and a look at a table that is as it was reads no keys."""
    keys, clock = Keys(WRITTEN), FakeClock(wall=NOW, waits=True)
    key, _ = await issue(rows, "ads", NOW, lasts=3 * LOOK)
    async with KeyRing(rows, clock) as ring:
        ring.follow(keys)
        await passes(clock, LOOK)
        assert digest(key) in keys.of_digest
        await passes(clock, LOOK)
        await passes(clock, LOOK)
        assert digest(key) not in keys.of_digest
    assert rows.read == 1


async def test_keys_outlast_the_database_but_not_their_own_end(rows: Rows) -> None:
    """While the database is away known keys are good, but for those that expire; its return is noticed."""
    keys, clock = Keys(WRITTEN), FakeClock(wall=NOW, waits=True)
    lasting, row = await issue(rows, "ads", NOW)
    passing, _ = await issue(rows, "ads", NOW, lasts=1.0)
    async with KeyRing(rows, clock) as ring:
        ring.follow(keys)
        rows.away = True
        await rows.revoke(row.id, NOW)
        await passes(clock, LOOK)
        assert digest(lasting) in keys.of_digest
        assert digest(passing) not in keys.of_digest
        rows.away = False
        await passes(clock, LOOK)
        assert digest(lasting) not in keys.of_digest


async def test_only_teams_that_there_are_have_keys(rows: Rows) -> None:
    """A key of a team that the configuration no longer has opens nothing; nor does it take over a written one."""
    await issue(rows, "gone", NOW)
    await rows.add(KeyRow(id="key_1", digest=DIGEST, team="games", created_at=NOW))
    keys = Keys(WRITTEN)
    async with KeyRing(rows, FakeClock(waits=True)) as ring:
        ring.follow(keys)
        assert keys.of_digest == {DIGEST: "ads"}


def test_a_router_is_open_only_without_teams() -> None:
    """A team whose keys are all revoked does not open the router to anybody."""
    assert Keys({}).open
    assert not Keys({"ads": []}).open


async def test_what_cannot_be_revoked(rows: Rows) -> None:
    """A key that is not there, or was revoked before, is said not to be there."""
    _, row = await issue(rows, "ads", NOW)
    await revoke(rows, row.id, NOW)
    for name in (row.id, "key_0"):
        with pytest.raises(NotFound):
            await revoke(rows, name, NOW)


async def passes(clock: FakeClock, seconds: float) -> None:
    """Let time pass, and whoever woke do what it wants."""
    await asyncio.sleep(0)
    clock.advance(seconds)
    for _ in range(5):
        await asyncio.sleep(0)
