"""Keys as rows, on both kinds of database."""

import msgspec
import pytest

from router.contract import MediaError
from router.store.database import Database
from router.store.keys import KeyRow, SqlKeys

ROW = KeyRow(id="key_1", digest=b"\x01" * 32, team="ads", label="phone", created_at=10.0, expires_at=99.5)


@pytest.fixture
def keys(database: Database) -> SqlKeys:
    return SqlKeys(database)


async def test_a_key_is_kept_as_it_was_given(keys: SqlKeys) -> None:
    """What is added is there, all of it, in the order of making."""
    second = msgspec.structs.replace(ROW, id="key_0", digest=b"\x02" * 32, created_at=11.0, expires_at=None)
    await keys.add(ROW)
    await keys.add(second)
    assert await keys.all() == [ROW, second]


async def test_the_mark_moves_with_every_change(keys: SqlKeys) -> None:
    """Whoever remembers the mark sees that a key was added or revoked, and nothing else moves it."""
    marks = [await keys.mark()]
    await keys.add(ROW)
    marks.append(await keys.mark())
    assert await keys.revoke(ROW.id, 20.0)
    marks.append(await keys.mark())
    await keys.all()
    assert len(set(marks)) == 3
    assert await keys.mark() == marks[-1]


async def test_a_key_is_revoked_once(keys: SqlKeys) -> None:
    """The first revocation counts; of another, or of a key that is not there, it is said that nothing was done."""
    await keys.add(ROW)
    assert await keys.revoke(ROW.id, 20.0)
    assert not await keys.revoke(ROW.id, 30.0)
    assert not await keys.revoke("key_9", 30.0)
    assert [one.revoked_at for one in await keys.all()] == [20.0]


async def test_a_digest_is_there_once(keys: SqlKeys) -> None:
    """Two keys with one digest would be one key with two owners: the second is refused."""
    await keys.add(ROW)
    with pytest.raises(MediaError):
        await keys.add(msgspec.structs.replace(ROW, id="key_2", team="games"))
    assert await keys.all() == [ROW]
