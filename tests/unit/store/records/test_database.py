import asyncio
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from router.contract import MediaError
from router.store import engines
from router.store.database import Database
from router.store.errors import RecordsUnavailable
from router.store.jobs import SqlJobs
from tests.unit.store.records.making import job

KEPT = text("SELECT count(*) FROM jobs")
BROKEN = text("SELECT no_such_column FROM jobs")


def made(on: Connection) -> int:
    found: int = on.execute(KEPT).scalar_one()
    return found


def add(on: Connection, name: str) -> None:
    columns = "id, team, state, created_at, body, epoch, final, provider, upstream_id"
    on.execute(text(f"INSERT INTO jobs ({columns}) VALUES (:id, '', '', 0, :body, 0, :no, '', '')"),
               {"id": name, "body": b"", "no": False})  # fmt: skip


async def test_all_or_nothing(database: Database) -> None:
    """What an act wrote before it raised is gone, and its error comes out as it is."""

    def act(on: Connection) -> None:
        add(on, "job")
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        await database.run(act)
    assert await database.read(made) == 0


async def test_a_caller_who_goes_leaves_nothing_open(database: Database) -> None:
    """A cancelled caller's transaction runs to its end; one that had not begun never does; others go on at once."""
    began, go = threading.Event(), threading.Event()
    threads = database._threads._max_workers

    def slow(on: Connection) -> None:
        began.set()
        add(on, f"slow-{threading.get_ident()}")
        assert go.wait(5)

    running = [asyncio.create_task(database.run(slow)) for _ in range(threads)]
    queued = asyncio.create_task(database.run(lambda on: add(on, "never")))
    await asyncio.to_thread(began.wait, 5)
    await asyncio.sleep(0.05)
    for task in (*running, queued):
        task.cancel()
    assert all(
        isinstance(one, asyncio.CancelledError)
        for one in await asyncio.gather(*running, queued, return_exceptions=True)
    )
    go.set()
    async with asyncio.timeout(5):
        while await database.run(made) < threads:
            """The others are still ending."""
    assert await database.read(made) == threads


async def test_a_defect_of_ours_is_no_outage(database: Database) -> None:
    """A statement that is wrong is a plain error, not a reason to try again, and says nothing of itself."""
    with pytest.raises(MediaError) as caught:
        await database.run(lambda on: on.execute(BROKEN))
    assert caught.value.status == 500
    assert not isinstance(caught.value, RecordsUnavailable)
    assert "no_such_column" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["mysql://me:hunter2@there/db", "sqlite://", "sqlite:///:memory:", "hunter2", "postgresql//hunter2"]
)
def test_an_address_we_cannot_use_is_refused(url: str) -> None:
    """Only a file of SQLite's and PostgreSQL are taken; the refusal does not repeat a password."""
    with pytest.raises(ValueError, match=r"sqlite:///|URL") as caught:
        Database(url)
    assert "hunter2" not in str(caught.value)


async def unavailable(database: Database, act: Callable[[Connection], object]) -> str:
    with pytest.raises(RecordsUnavailable) as caught:
        await database.run(act)
    assert (caught.value.status, caught.value.code) == (503, "records_unavailable")
    assert caught.value.retry_after > 0
    return str(caught.value)


@pytest.fixture
def file(sqlite_pattern: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(sqlite_pattern, tmp_path / "records.db"))


async def test_a_file_that_cannot_be_opened(tmp_path: Path) -> None:
    """A path that is a folder, or a file that is no database, is unavailable, without naming the path."""
    (tmp_path / "text.db").write_text("not a database, but long enough to look at " * 50)
    for name in ("", "text.db"):
        with pytest.raises(RecordsUnavailable) as caught:
            async with Database(f"sqlite:///{tmp_path / name}"):
                """Not reached."""
        assert str(tmp_path) not in str(caught.value)


async def test_a_full_disk(file: Path) -> None:
    """When there is no space left a write is refused and undone, reading goes on, and writing too once there is."""
    async with Database(f"sqlite:///{file}") as database:
        pages = await database.run(lambda on: on.exec_driver_sql("PRAGMA page_count").scalar_one())
        await database.run(lambda on: on.exec_driver_sql(f"PRAGMA max_page_count = {pages}"))
        large = job("large", body=b"x" * 100_000)
        with pytest.raises(RecordsUnavailable, match="no space left"):
            await SqlJobs(database).add(large)
        assert await database.read(made) == 0
        await database.run(lambda on: on.exec_driver_sql(f"PRAGMA max_page_count = {pages + 100}"))
        await SqlJobs(database).add(large)
        assert await SqlJobs(database).get("large") == large


async def test_a_file_that_must_not_be_written(file: Path) -> None:
    """A read-only database still tells what it knows, says why it takes nothing, and recovers."""
    async with Database(f"sqlite:///{file}") as database:
        await database.run(lambda on: on.exec_driver_sql("PRAGMA query_only = ON"))
        assert "read-only" in await unavailable(database, lambda on: add(on, "job"))
        assert await database.read(made) == 0
        await database.read(lambda on: on.exec_driver_sql("PRAGMA query_only = OFF"))
        await database.run(lambda on: add(on, "job"))


async def test_a_file_locked_by_another(file: Path) -> None:
    """A lock that another process holds is waited for, then told; reading goes on meanwhile."""
    with sqlite3.connect(file, isolation_level=None) as other:
        async with Database(f"sqlite:///{file}", patience=0.2) as database:
            other.execute("BEGIN IMMEDIATE")
            assert "busy" in await unavailable(database, lambda on: add(on, "job"))
            assert await database.read(made) == 0
            other.execute("ROLLBACK")
            await database.run(lambda on: add(on, "job"))
    other.close()


async def test_a_new_file_locked_by_another(tmp_path: Path) -> None:
    """Another that begins in the same new file is waited for, then told, like in one that has long been there."""
    file = tmp_path / "new.db"
    with sqlite3.connect(file, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(RecordsUnavailable, match="busy"):
            async with Database(f"sqlite:///{file}", patience=0.2):
                """Not reached."""
        opening = asyncio.create_task(Database(f"sqlite:///{file}").__aenter__())
        await asyncio.sleep(0.1)
        assert not opening.done()
        other.execute("ROLLBACK")
        database = await opening
        await database.run(lambda on: add(on, "job"))
        await database.__aexit__(None, None, None)
    other.close()


def test_where_there_is_no_write_ahead_log(tmp_path: Path) -> None:
    """Without shared memory, as on some network file systems, SQLite says no without an error, and the file is opened as it is."""
    with closing(sqlite3.connect(f"file:{tmp_path}/new.db?vfs=unix-dotfile", uri=True)) as connection:
        engines._write_ahead(connection, patience=0.2)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)


async def test_a_commit_is_on_the_disk(file: Path) -> None:
    """Every commit is synced, constraints hold, and readers do not wait for writers."""
    async with Database(f"sqlite:///{file}") as database:
        asked = [f"PRAGMA {name}" for name in ("synchronous", "foreign_keys", "journal_mode")]
        found = await database.read(lambda on: [on.exec_driver_sql(one).scalar_one() for one in asked])
    assert found == [2, 1, "wal"]


async def test_a_server_that_is_not_there() -> None:
    """A refused connection is unavailable, without naming the host or the password."""
    with pytest.raises(RecordsUnavailable, match="cannot be reached") as caught:
        async with Database("postgresql://me:hunter2@127.0.0.1:1/records"):
            """Not reached."""
    assert "hunter2" not in str(caught.value)
    assert "127.0.0.1" not in str(caught.value)


@pytest.fixture
def postgres_copy(new_database: Callable[[str], str], postgres_pattern: str) -> str:
    return new_database(postgres_pattern)


async def test_a_server_that_ended_our_connections(postgres_copy: str) -> None:
    """Connections that broke while nobody used them are replaced unseen; one in use is an outage."""
    others = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    async with Database(postgres_copy) as database, Database(postgres_copy) as other:
        await asyncio.gather(*(database.run(lambda on: on.execute(text("SELECT pg_sleep(0.05)"))) for _ in range(4)))
        await other.run(lambda on: on.execute(others).all())
        assert await asyncio.gather(*(database.read(made) for _ in range(8))) == [0] * 8
        running = asyncio.create_task(database.run(lambda on: on.execute(text("SELECT pg_sleep(5)"))))
        await asyncio.sleep(0.2)
        await other.run(lambda on: on.execute(others).all())
        with pytest.raises(RecordsUnavailable, match="cannot be reached"):
            await running


@pytest.mark.parametrize(
    ("patience", "setting"), [(0.3, ""), (0.5, "SET LOCAL statement_timeout = 0")], ids=["server", "us"]
)
async def test_a_statement_that_never_ends(postgres_copy: str, patience: float, setting: str) -> None:
    """The server ends a statement that takes too long; where it does not, we hang up; either way work goes on."""

    def hang(on: Connection) -> None:
        if setting:
            on.exec_driver_sql(setting)
        on.exec_driver_sql("SELECT pg_sleep(30)")

    async with Database(postgres_copy, patience=patience) as database:
        began = time.monotonic()
        assert await unavailable(database, hang) == "the database of records " + (
            "cannot be reached" if setting else "is too busy"
        )
        assert time.monotonic() - began < 5
        assert await database.read(made) == 0


async def test_a_server_that_only_reads(postgres_copy: str) -> None:
    """A standby, or a database made read-only, says why it takes nothing, and still tells what it knows."""
    async with Database(postgres_copy) as database:

        def refuse(on: Connection) -> None:
            on.exec_driver_sql("SET TRANSACTION READ ONLY")
            add(on, "job")

        assert "read-only" in await unavailable(database, refuse)
        assert await database.read(made) == 0


async def test_who_waits_too_long_for_a_turn(file: Path) -> None:
    """A transaction that could not begin in time is refused and never runs."""
    async with Database(f"sqlite:///{file}", patience=0.1) as database:
        slow = asyncio.create_task(database.run(lambda _: time.sleep(0.4)))
        await asyncio.sleep(0)
        assert "busy" in await unavailable(database, lambda on: add(on, "late"))
        await slow
        assert await database.read(made) == 0
