import sqlite3
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import errors as states
from sqlalchemy import exc

from router.contract import MediaError
from router.store import faults
from router.store.errors import RecordsUnavailable

TOLD = {faults.UNREACHABLE, faults.BUSY, faults.FULL, faults.READ_ONLY, faults.DAMAGED, faults.REFUSED}
SECRET = "connection to 10.1.2.3 as me:hunter2 failed"
OURS = (
    *(psycopg.ProgrammingError, psycopg.IntegrityError, psycopg.DataError, psycopg.NotSupportedError),
    *(sqlite3.ProgrammingError, sqlite3.IntegrityError, sqlite3.DataError, sqlite3.NotSupportedError),
)
PASSING = (psycopg.OperationalError, psycopg.InterfaceError, sqlite3.InterfaceError, sqlite3.OperationalError)


def below(kind: type[Exception]) -> Iterator[type[Exception]]:
    yield kind
    for one in kind.__subclasses__():
        yield from below(one)


def wrapped(error: Exception) -> exc.DBAPIError:
    """The error as SQLAlchemy hands it on: by the name of the first of its classes that the DB-API knows."""
    names = [kind.__name__ for kind in type(error).__mro__ if issubclass(kind, psycopg.Error | sqlite3.Error)]
    outer: type[exc.DBAPIError] = next((getattr(exc, name) for name in names if hasattr(exc, name)), exc.DBAPIError)
    return outer(SECRET, {}, error, hide_parameters=True)


@pytest.mark.parametrize("kind", [*below(psycopg.Error), *below(sqlite3.Error)], ids=lambda kind: kind.__name__)
def test_every_error_of_a_driver_is_ours(kind: type[Exception]) -> None:
    """Each error that a driver knows becomes one of ours, in our words: passing troubles apart from our defects."""
    error = faults.translated(wrapped(kind(SECRET)))
    assert str(error) in TOLD
    if issubclass(kind, PASSING):
        assert isinstance(error, RecordsUnavailable)
    if issubclass(kind, OURS):
        assert type(error) is MediaError
        assert error.status == 500


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (states.ReadOnlySqlTransaction, faults.READ_ONLY),
        (states.DiskFull, faults.FULL),
        (states.TooManyConnections, faults.BUSY),
        (states.QueryCanceled, faults.BUSY),
        (states.DeadlockDetected, faults.BUSY),
        (states.IdleInTransactionSessionTimeout, faults.BUSY),
        (states.DataCorrupted, faults.DAMAGED),
        (states.CannotConnectNow, faults.UNREACHABLE),
        (states.AdminShutdown, faults.UNREACHABLE),
        (states.UndefinedTable, faults.REFUSED),
    ],
)
def test_postgresql_says_why(kind: type[psycopg.Error], told: str) -> None:
    """The server's own code tells a full disk from a busy, a read-only, a damaged or an absent database."""
    assert str(faults.translated(wrapped(kind(SECRET)))) == told


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (sqlite3.SQLITE_BUSY_SNAPSHOT, faults.BUSY),
        (sqlite3.SQLITE_FULL, faults.FULL),
        (sqlite3.SQLITE_READONLY_DBMOVED, faults.READ_ONLY),
        (sqlite3.SQLITE_IOERR_FSYNC, faults.UNREACHABLE),
        (sqlite3.SQLITE_CANTOPEN, faults.UNREACHABLE),
        (sqlite3.SQLITE_CORRUPT_INDEX, faults.DAMAGED),
        (sqlite3.SQLITE_ERROR, faults.REFUSED),
    ],
)
def test_sqlite_says_why(code: int, told: str) -> None:
    """SQLite's code does the same, extended codes included; a wrong statement is our defect."""
    error = sqlite3.OperationalError(SECRET)
    error.sqlite_errorcode = code
    assert str(faults.translated(wrapped(error))) == told


@pytest.mark.parametrize("kind", sorted(set(below(exc.SQLAlchemyError)) - set(below(exc.DBAPIError)), key=str))
def test_every_error_of_sqlalchemy_is_ours(kind: type[exc.SQLAlchemyError]) -> None:
    """Its own errors are defects, but for a pool with no connection left, which may pass."""
    error = faults.translated(kind.__new__(kind))
    assert str(error) in TOLD
    assert isinstance(error, RecordsUnavailable) is issubclass(kind, exc.TimeoutError)
