"""What a configuration says of where things are kept, opened."""

import time
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from router.engine.settings import Storage
from router.jobs import Bounds, Kept
from router.state import make_ready
from router.store.answers import SqlIdempotency
from router.store.counters import Counters, LocalCounters
from router.store.database import Database
from router.store.jobs import SqlJobs
from router.store.keys import SqlKeys
from router.store.ledger import SqlLedger
from router.store.notices import SqlNotices
from router.store.places import open_media


class Stores:
    """`async with Stores.of(...)`: inside, records and media can be kept."""

    def __init__(self, database: Database, kept: Kept, bounds: Bounds, counters: Counters) -> None:
        self.database = database
        self.kept = kept
        self.notices = SqlNotices(database)
        self.answers = SqlIdempotency(database)
        self.ledger = SqlLedger(database)
        self.keys = SqlKeys(database)
        self.bounds = bounds
        self.counters = counters
        self._open = AsyncExitStack()

    @classmethod
    def of(cls, storage: Storage, state: Path) -> Self:
        """Return what the settings name; `state` is the folder for what they leave out. Raises `ValueError`."""
        make_ready(state, storage)
        records = storage.records or f"sqlite:///{state / 'records.db'}"
        database = Database(records)
        media = open_media(storage.media or (state / "media").as_uri(), storage.options)
        lock = lock_beside(records)
        kept = Kept(SqlJobs(database), media, lock, links=storage.links)
        return cls(database, kept, Bounds(age=storage.keep), counters_at(storage.limits))

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self.database)
            await stack.enter_async_context(self.kept.media)
            await stack.enter_async_context(self.counters)
            self._open = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._open.aclose()


def counters_at(url: str | None) -> Counters:
    """Return what counts what teams use: a Redis or Valkey, or this process."""
    if url is None:
        return LocalCounters(time.time)
    from router.store.shared_counters import SharedCounters  # noqa: PLC0415 - who counts here need not load redis-py

    return SharedCounters(url)


def lock_beside(records: str) -> Path | None:
    """Return the file whose holder works on the jobs of a database file; a server arbitrates between machines itself."""
    scheme, _, path = records.partition(":///")
    return Path(f"{path}.lock") if scheme == "sqlite" else None
