"""How each kind of database is opened: its connections' settings, and how many threads use it at once."""

import os
import socket
import sqlite3
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

POSTGRES_THREADS: Final = 4
READING: Final = "reading"
"""The execution option of a connection that will only read."""
LOOK_AGAIN: Final = 0.01
"""Seconds between two tries where SQLite does not wait by itself."""


def parsed(url: str) -> URL:
    """Return the URL with the driver that we use. Raises `ValueError`, which does not repeat it."""
    try:
        given = make_url(url)
    except ArgumentError:
        raise ValueError("not a database's URL") from None
    kind = given.get_backend_name()
    if kind == "sqlite" and given.database and given.database != ":memory:":
        return given.set(drivername="sqlite+pysqlite")
    if kind == "postgresql":
        return given.set(drivername="postgresql+psycopg")
    raise ValueError("records are kept in sqlite:///a/file or postgresql://user:password@host/database")


def threads(url: URL) -> int:
    """Return how many transactions run at once: SQLite has one writer anyway."""
    return 1 if url.get_backend_name() == "sqlite" else POSTGRES_THREADS


def opened(url: URL, patience: float) -> Engine:
    """Return an engine; nothing is connected yet."""
    return _sqlite(url, patience) if url.get_backend_name() == "sqlite" else _postgres(url, patience)


def _sqlite(url: URL, patience: float) -> Engine:
    """Open a file. A lock that another process holds is waited for, `patience` seconds at most."""
    Path(url.database or "").absolute().parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    engine = create_engine(url, pool_size=1, max_overflow=0, hide_parameters=True, connect_args={"timeout": patience})

    @event.listens_for(engine, "connect")
    def settle(connection: Any, _: Any) -> None:
        # The driver would begin transactions late, by its own rules; we say BEGIN ourselves.
        connection.isolation_level = None
        _write_ahead(connection, patience)
        # With NORMAL a power cut takes back the last commits: a paid create would be forgotten, and paid again.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that reads first and then writes must not find that another process wrote in between.
        reading = connection.get_execution_options().get(READING)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


def _write_ahead(connection: sqlite3.Connection, patience: float) -> None:
    """Switch a file to a write-ahead log, once; where its file system has none, it keeps its journal.

    SQLite waits for no lock while it does that: the driver raises.
    """
    until = time.monotonic() + patience
    while connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() >= until:
                raise
            time.sleep(LOOK_AGAIN)
        else:
            return


def _postgres(url: URL, patience: float) -> Engine:
    """Open a pool. A statement, or a lock it waits for, takes `patience` seconds at most."""
    limit = int(patience * 1000)
    return create_engine(
        url,
        pool_size=POSTGRES_THREADS,
        max_overflow=0,
        pool_timeout=patience,
        pool_use_lifo=True,
        hide_parameters=True,
        connect_args={
            "connect_timeout": max(2, round(patience / 2)),
            "options": f"-c statement_timeout={limit} -c idle_in_transaction_session_timeout={limit}",
            "application_name": "media-router",
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "keepalives_count": 3,
            "tcp_user_timeout": limit,
        },
    )


def cut(connection: Any) -> None:
    """Wake the thread that waits on a driver's connection, from another thread."""
    if isinstance(connection, sqlite3.Connection):
        connection.interrupt()
    elif not connection.closed:
        with suppress(OSError), socket.socket(fileno=os.dup(connection.fileno())) as wire:
            wire.shutdown(socket.SHUT_RDWR)
