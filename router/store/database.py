"""The database of records: transactions in threads of their own, so that the event loop never waits for a disk."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Lock, local
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DisconnectionError, SQLAlchemyError

from router.store import engines, faults
from router.store.errors import RecordsUnavailable
from router.store.schema import migrate

T = TypeVar("T")
CUT_AFTER: Final = 1.5
"""Times `patience`: by then a server that is there has ended the statement itself."""


class Call:
    """One transaction, from when it is asked for: not begun late, and cut off where the database has fallen silent."""

    def __init__(self) -> None:
        self.late = False
        self._lock = Lock()
        self._connection: Any = None

    def begin(self, connection: Any) -> None:
        """Note the driver's connection it runs on. Raises `RecordsUnavailable` if that comes too late."""
        with self._lock:
            if self.late:
                raise RecordsUnavailable(faults.UNREACHABLE)
            self._connection = connection

    def close(self) -> None:
        """Forget the connection, before anybody else is given it."""
        with self._lock:
            self._connection = None

    def cut(self) -> None:
        """Give it up, whether it is running or not yet."""
        with self._lock:
            self.late = True
            if self._connection is not None:
                engines.cut(self._connection)


class Database:
    """`async with Database(url)` opens it and brings its tables up to date.

    `sqlite:///a/file` or `postgresql://user:password@host/database`; anything else raises `ValueError`. A transaction
    ends within twice `patience` seconds, one way or the other. Faults are `MediaError`s whose text names neither
    statement, host nor file: `RecordsUnavailable`, or a plain 500 for a defect of ours.
    """

    def __init__(self, url: str, patience: float = 10.0) -> None:
        parsed = engines.parsed(url)
        self._patience = patience
        self._engine = engines.opened(parsed, patience)
        self._reader = self._engine.execution_options(**{engines.READING: True})
        self._threads = ThreadPoolExecutor(engines.threads(parsed), thread_name_prefix="records")
        self._current = local()
        event.listen(self._engine, "checkout", self._taken)

    async def __aenter__(self) -> Self:
        try:
            await self._submit(self._engine, migrate, Call())
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._close()

    async def run(self, act: Callable[[Connection], T]) -> T:
        """Do something in one transaction: all of it if `act` returns, nothing if it raises.

        It runs in a thread. A caller who is cancelled leaves none open: it is not begun, or runs to its end.
        """
        return await self._bounded(self._engine, act)

    async def read(self, act: Callable[[Connection], T]) -> T:
        """Do the same, and only read: that goes on while another process writes, or nobody can."""
        return await self._bounded(self._reader, act)

    async def _bounded(self, engine: Engine, act: Callable[[Connection], T]) -> T:
        call = Call()
        watch = asyncio.get_running_loop().call_later(self._patience * CUT_AFTER, call.cut)
        return await self._submit(engine, act, call, watch.cancel)

    async def _submit(
        self, engine: Engine, act: Callable[[Connection], T], call: Call, ended: Callable[[], None] = lambda: None
    ) -> T:
        future = self._threads.submit(self._transact, engine, act, call)
        waiter = asyncio.wrap_future(future)
        waiter.add_done_callback(lambda _: ended())
        try:
            return await asyncio.shield(waiter)  # who runs on after its caller has gone is still watched
        except asyncio.CancelledError:
            future.cancel()
            raise

    def _transact(self, engine: Engine, act: Callable[[Connection], T], call: Call) -> T:
        if call.late:
            raise RecordsUnavailable(faults.BUSY)
        self._current.call = call
        try:
            with engine.connect() as connection, closing(call), connection.begin():
                return act(connection)
        except SQLAlchemyError as error:
            raise faults.translated(error) from error

    def _taken(self, connection: Any, record: Any, _: Any) -> None:
        """Try a pooled connection before it is used; raising makes the pool open another."""
        self._current.call.begin(connection)
        dialect = self._engine.dialect
        if record.info.setdefault("new", True):
            record.info["new"] = False
        elif dialect.name != "sqlite":
            try:
                dialect.do_ping(connection)
            except dialect.loaded_dbapi.Error as error:
                raise DisconnectionError from error

    async def _close(self) -> None:
        await asyncio.to_thread(self._threads.shutdown)
        self._engine.dispose()
