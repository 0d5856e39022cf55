import asyncio
import re
from importlib.resources import files

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from router.contract import MediaError
from router.store.database import Database
from router.store.migrations import HEAD
from router.store.schema import upgrade, version
from router.store.tables import METADATA

SAID = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'alembic%' AND sql IS NOT NULL ORDER BY name",
    "postgresql": "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
    " UNION SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid::regclass::text <> 'alembic_version'"
    " ORDER BY 1",
}


def differences(on: Connection) -> object:
    return compare_metadata(MigrationContext.configure(on), METADATA)


def definitions(on: Connection) -> list[tuple[str, str]]:
    """What the database itself says of tables, indexes and constraints; layout and the order of clauses apart."""
    said = on.execute(text(SAID[on.dialect.name])).all()
    return [(name, "".join(sorted(re.findall(r"\w+|<>", sql)))) for name, sql in said]


def migrated(on: Connection) -> list[tuple[str, str]]:
    METADATA.drop_all(on)
    on.execute(text("DROP TABLE alembic_version"))
    upgrade(on)
    return definitions(on)


async def test_the_migrations_make_the_tables_that_are_declared(empty_url: str) -> None:
    """Migrating leads to the tables a new database is given: columns, types, and the conditions of indexes, which Alembic ignores."""
    async with Database(empty_url) as database:
        made = await database.run(definitions)
        assert len(made) > 10
        assert await database.run(migrated) == made
        assert await database.run(differences) == []
        assert await database.read(version) == HEAD


def test_the_newest_migration_is_the_one_expected() -> None:
    """The revision that a start looks for is the last of one line of migrations, all of them packaged."""
    config = Config()
    config.set_main_option("script_location", "router.store:migrations")
    script = ScriptDirectory.from_config(config)
    assert script.get_heads() == [HEAD]
    packaged = [one.name for one in files("router.store.migrations.versions").iterdir() if one.name.startswith("r0")]
    assert len(packaged) == len(list(script.walk_revisions()))


async def test_replicas_that_start_at_once_migrate_once(empty_url: str) -> None:
    """Six that open an empty database at the same time all find its tables made."""
    databases = [Database(empty_url) for _ in range(6)]
    opened = await asyncio.gather(*(one.__aenter__() for one in databases))
    try:
        assert [await one.read(version) for one in opened] == [HEAD] * 6
    finally:
        await asyncio.gather(*(one.__aexit__(None, None, None) for one in databases))


async def test_a_newer_database_is_left_alone(url: str) -> None:
    """A database that a newer router migrated is refused by name, not touched."""
    async with Database(url) as database:
        await database.run(lambda on: on.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    with pytest.raises(MediaError, match="written by a newer version"):
        async with Database(url):
            """Not reached."""
