import asyncio

import pytest

from router.store.answers import SqlIdempotency
from router.store.database import Database
from router.store.idempotency import Answer, Begun, Done, Expired, IdempotencyRows, Mismatch, Running
from router.store.rows import Stale
from tests.unit.store.records.making import NEWS, claim

ANSWER = Answer(status=200, headers=(("x-a", "1"), ("x-a", "2")), media_type="audio/mpeg", body=b"\x00\xff")


@pytest.fixture
def rows(database: Database) -> IdempotencyRows:
    return SqlIdempotency(database)


async def test_a_key_runs_then_is_answered(rows: IdempotencyRows) -> None:
    """The first begins; the next finds it running until its lease ends; after it, the same answer for ever."""
    assert await rows.begin(claim("first")) == Begun()
    assert await rows.begin(claim("second")) == Running(110.0)
    await rows.settle(claim("first"), ANSWER)
    assert await rows.begin(claim("third", now=999.0)) == Done(ANSWER)


async def test_an_answer_may_lie_elsewhere(rows: IdempotencyRows) -> None:
    """An answer whose body is in the media store keeps its name and no bytes."""
    kept = Answer(status=201, media="answers/1")
    await rows.begin(claim("first"))
    await rows.settle(claim("first"), kept)
    assert await rows.begin(claim("second")) == Done(kept)


@pytest.mark.parametrize("answered", [False, True])
async def test_another_request_under_the_key_is_told(rows: IdempotencyRows, answered: bool) -> None:
    """A key that was used for another request is refused, whether that has ended or not, even past its lease."""
    await rows.begin(claim("first"))
    if answered:
        await rows.settle(claim("first"), ANSWER)
    assert await rows.begin(claim("second", fingerprint="other", now=500.0)) == Mismatch()


async def test_keys_belong_to_teams(rows: IdempotencyRows) -> None:
    """Two teams may use the same key, for different requests."""
    assert await rows.begin(claim("first")) == Begun()
    assert await rows.begin(claim("second", team=NEWS, fingerprint="other")) == Begun()


async def test_a_dead_owner_is_replaced(rows: IdempotencyRows) -> None:
    """After the lease one other takes over and is told so; the late owner can neither settle nor drop."""
    await rows.begin(claim("dead"))
    assert await rows.begin(claim("early", now=109.9)) == Running(110.0)
    assert await rows.begin(claim("heir", now=110.0)) == Begun(resumed=True)
    with pytest.raises(Stale):
        await rows.settle(claim("dead"), ANSWER)
    await rows.drop(claim("dead"))
    assert await rows.begin(claim("next", now=111.0)) == Running(120.0)


async def test_a_dropped_key_is_free(rows: IdempotencyRows) -> None:
    """A key whose request spent nothing may be used again, for another request too; an answer cannot be dropped."""
    await rows.begin(claim("first"))
    await rows.drop(claim("first"))
    assert await rows.begin(claim("second", fingerprint="other")) == Begun()
    await rows.settle(claim("second"), ANSWER)
    await rows.drop(claim("second"))
    assert await rows.begin(claim("third", fingerprint="other")) == Done(ANSWER)


async def test_an_expired_answer_is_replaced(rows: IdempotencyRows) -> None:
    """Once expired, a key begins anew, names the media that nothing points to any more, and forgets the answer."""
    await rows.begin(claim("first"))
    await rows.settle(claim("first"), Answer(status=200, media="answers/1"))
    late = claim("second", now=1000.0, expires_at=2000.0)
    assert await rows.begin(late) == Begun(stale="answers/1")
    assert await rows.begin(claim("third", now=1001.0)) == Running(1010.0)


async def test_expired_keys_are_swept(rows: IdempotencyRows) -> None:
    """The sweeper finds expired keys, the oldest first, and removes them unless they are in use again."""
    for number, key in enumerate(("old", "older", "again", "young")):
        await rows.begin(claim("first", key=key, expires_at=(300.0, 200.0, 400.0, 900.0)[number]))
    found = await rows.expired(400.0, 10)
    assert [one.key for one in found] == ["older", "old", "again"]
    assert [one.key for one in await rows.expired(400.0, 1)] == ["older"]
    await rows.begin(claim("second", key="again", now=400.0, expires_at=1400.0))
    await rows.remove(*found)
    await rows.remove()
    assert await rows.expired(2000.0, 10) == [Expired("ads", "young", 900.0), Expired("ads", "again", 1400.0)]


async def test_of_many_equal_requests_one_begins(rows: IdempotencyRows) -> None:
    """Twenty at once: one begins, the others find it running; the same when its lease is over."""
    for now in (100.0, 200.0):
        claims = [claim(f"{now}-{number}", now=now) for number in range(20)]
        results = await asyncio.gather(*map(rows.begin, claims))
        assert sum(isinstance(one, Begun) for one in results) == 1
        assert sum(one == Running(now + 10.0) for one in results) == 19
