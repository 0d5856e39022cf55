"""Keys that were made by command, in the database: their digests, never the keys."""

from collections.abc import Sequence
from typing import Final

import msgspec
from sqlalchemy import func, insert, select, update

from router.store.database import Database
from router.store.tables import KEYS

ROWS: Final = KEYS.c
MARK: Final = select(func.count(), func.count(ROWS.revoked_at)).select_from(KEYS)


class KeyRow(msgspec.Struct, frozen=True, kw_only=True):
    """A key: `digest` is its SHA-256, `id` what people call it by. Times are unix seconds."""

    id: str
    digest: bytes
    team: str
    label: str = ""
    created_at: float
    expires_at: float | None = None
    revoked_at: float | None = None


class SqlKeys:
    """The keys' table. Every method raises `RecordsUnavailable` while the database cannot be used."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, row: KeyRow) -> None:
        """Keep a new key."""
        await self._database.run(lambda on: on.execute(insert(KEYS).values(msgspec.structs.asdict(row))))

    async def all(self) -> Sequence[KeyRow]:
        """Return every key, revoked ones too, in the order they were made."""
        rows = await self._database.read(lambda on: on.execute(select(KEYS).order_by(ROWS.created_at, ROWS.id)).all())
        return [KeyRow(**one._mapping) for one in rows]  # noqa: SLF001 - a row's public way to its names

    async def mark(self) -> tuple[int, int]:
        """Return two numbers, of which one grows whenever a key is added or revoked."""
        added, revoked = await self._database.read(lambda on: on.execute(MARK).one())
        return added, revoked

    async def revoke(self, id: str, now: float) -> bool:  # noqa: A002 - what it is
        """Let a key no longer be taken; False if there is none, or it was revoked before."""
        ended = update(KEYS).where(ROWS.id == id, ROWS.revoked_at.is_(None)).values(revoked_at=now)
        return await self._database.run(lambda on: on.execute(ended).rowcount) == 1
