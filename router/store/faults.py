"""The database's errors as ours. Their own text names statements, hosts and files, so none of it is passed on."""

import sqlite3
from collections.abc import Mapping
from typing import Final

from sqlalchemy import exc

from router.contract import MediaError
from router.store.errors import RecordsUnavailable

UNREACHABLE: Final = "the database of records cannot be reached"
BUSY: Final = "the database of records is too busy"
FULL: Final = "the database of records has no space left"
READ_ONLY: Final = "the database of records is read-only"
DAMAGED: Final = "the database of records is damaged, or no database"
REFUSED: Final = "the database of records did not do what it was asked"

SQLITE: Final[Mapping[int, str]] = {
    sqlite3.SQLITE_BUSY: BUSY,
    sqlite3.SQLITE_LOCKED: BUSY,
    sqlite3.SQLITE_INTERRUPT: BUSY,
    sqlite3.SQLITE_PROTOCOL: BUSY,
    sqlite3.SQLITE_FULL: FULL,
    sqlite3.SQLITE_READONLY: READ_ONLY,
    sqlite3.SQLITE_CORRUPT: DAMAGED,
    sqlite3.SQLITE_NOTADB: DAMAGED,
}
"""Primary result codes (sqlite.org/rescode.html); extended ones carry them in their low byte."""

POSTGRES: Final[Mapping[str, str]] = {
    "25006": READ_ONLY,
    "25P03": BUSY,
    "25P04": BUSY,
    "40": BUSY,
    "53": BUSY,
    "53100": FULL,
    "55P03": BUSY,
    "57014": BUSY,
    "58030": FULL,
    "XX001": DAMAGED,
    "XX002": DAMAGED,
}
"""SQLSTATE, or its class in the first two characters (PostgreSQL's appendix A)."""


def translated(error: exc.SQLAlchemyError) -> MediaError:
    """Return what a caller may be told: `RecordsUnavailable`, or a plain 500 for what is a defect of ours."""
    if isinstance(error, exc.TimeoutError):
        return RecordsUnavailable(BUSY)
    if isinstance(error, exc.DBAPIError):
        return _reported(error)
    return MediaError(REFUSED)


def _reported(error: exc.DBAPIError) -> MediaError:
    number = getattr(error.orig, "sqlite_errorcode", None)
    state = getattr(error.orig, "sqlstate", None)
    if number is not None:
        told = SQLITE.get(number & 0xFF)
    else:
        told = POSTGRES.get(state or "") or POSTGRES.get((state or "")[:2])
    if told is None and isinstance(error, exc.OperationalError | exc.InterfaceError):
        # A statement that names what does not exist is operational to SQLite, and a defect to us.
        told = None if number == sqlite3.SQLITE_ERROR else UNREACHABLE
    return RecordsUnavailable(told) if told else MediaError(REFUSED)
