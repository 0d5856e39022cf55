"""Answers kept for repeats, in the database."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, and_, bindparam, delete, select, update

from router.store.database import Database
from router.store.dialects import conflicting
from router.store.idempotency import Answer, Begun, Claim, Done, Expired, Mismatch, Running
from router.store.rows import Stale
from router.store.tables import IDEMPOTENCY

ROWS: Final = IDEMPOTENCY.c
UNANSWERED: Final = dict.fromkeys(("status", "headers", "media_type", "body", "media"))
FORGET: Final = delete(IDEMPOTENCY).where(
    ROWS.team == bindparam("of"), ROWS.key == bindparam("named"), ROWS.expires_at == bindparam("until")
)


class SqlIdempotency:
    """`IdempotencyRows` over a database. Every method raises `RecordsUnavailable` while that cannot be used."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, claim: Claim) -> Begun | Running | Mismatch | Done:
        """Claim a key: of many who do so at once, one begins."""
        return await self._database.run(lambda on: _begin(on, claim))

    async def settle(self, claim: Claim, answer: Answer) -> None:
        """Keep the answer. Raises `Stale` where another has taken over since."""
        kept = (
            update(IDEMPOTENCY)
            .where(_owned(claim))
            .values(
                status=answer.status,
                headers=msgspec.json.encode(answer.headers),
                media_type=answer.media_type,
                body=answer.body,
                media=answer.media,
            )
        )

        def act(on: Connection) -> None:
            if on.execute(kept).rowcount != 1:
                raise Stale(claim.owner)

        await self._database.run(act)

    async def drop(self, claim: Claim) -> None:
        """Let the key be used again, since nothing was spent; no matter if another has taken over."""
        await self._database.run(lambda on: on.execute(delete(IDEMPOTENCY).where(_owned(claim))))

    async def expired(self, now: float, limit: int) -> Sequence[Expired]:
        """Return keys whose `expires_at` has come, the longest ago first."""
        over = select(ROWS.team, ROWS.key, ROWS.expires_at, ROWS.media).where(ROWS.expires_at <= now)
        found = await self._database.read(lambda on: on.execute(over.order_by(ROWS.expires_at).limit(limit)).all())
        return [Expired(*one) for one in found]

    async def remove(self, *gone: Expired) -> None:
        """Forget keys, except those in use again, whose `expires_at` is another."""
        if gone:
            marks = [{"of": one.team, "named": one.key, "until": one.expires_at} for one in gone]
            await self._database.run(lambda on: on.execute(FORGET, marks))


def _of(claim: Claim) -> ColumnElement[bool]:
    return and_(ROWS.team == claim.team, ROWS.key == claim.key)


def _owned(claim: Claim) -> ColumnElement[bool]:
    return and_(_of(claim), ROWS.owner == claim.owner, ROWS.status.is_(None))


def _begin(on: Connection, claim: Claim) -> Begun | Running | Mismatch | Done:
    fresh = {
        "fingerprint": claim.fingerprint,
        "owner": claim.owner,
        "leased_until": claim.now + claim.lease,
        "expires_at": claim.expires_at,
        **UNANSWERED,
    }
    # A row that is not there is made. One that is gets a change that changes nothing, and so is ours until we commit.
    made = conflicting(on.dialect.name, IDEMPOTENCY).values(team=claim.team, key=claim.key, **fresh)
    kept = made.on_conflict_do_update(index_elements=[ROWS.team, ROWS.key], set_={"key": claim.key})
    found = on.execute(kept.returning(IDEMPOTENCY)).one()
    if found.owner == claim.owner:
        return Begun()
    outcome = _judged(found, claim)
    if isinstance(outcome, Begun):
        on.execute(update(IDEMPOTENCY).where(_of(claim)).values(fresh))
    return outcome


def _judged(found: Row[Any], claim: Claim) -> Begun | Running | Mismatch | Done:
    """Say what a row that was there means for a claim."""
    if found.expires_at <= claim.now:
        return Begun(stale=found.media)
    if found.fingerprint != claim.fingerprint:
        return Mismatch()
    if found.status is not None:
        headers = msgspec.json.decode(found.headers, type=tuple[tuple[str, str], ...])
        kept = Answer(
            status=found.status, headers=headers, media_type=found.media_type, body=found.body, media=found.media
        )
        return Done(kept)
    if found.leased_until <= claim.now:
        return Begun(resumed=True)
    return Running(found.leased_until)
