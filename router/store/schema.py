"""Brings a database's tables up to date when it is opened, however many processes open it at once."""

from threading import Lock
from typing import Final

from sqlalchemy import Column, Connection, MetaData, String, Table, inspect, text

from router.contract import MediaError
from router.store.migrations import HEAD
from router.store.tables import METADATA

MIGRATING: Final = Lock()
"""Alembic keeps what it works on in its module."""
ADVISORY_LOCK: Final = 0x6D65646961
"""Known to PostgreSQL by its number alone; "media" in ASCII."""
VERSIONS: Final = Table("alembic_version", MetaData(), Column("version_num", String(32), primary_key=True))
"""Alembic's own note of how far a database has come."""


def migrate(connection: Connection) -> None:
    """Apply what is missing, in the transaction at hand. Raises `MediaError` where a newer version was at work."""
    if version(connection) == HEAD:
        return
    if connection.dialect.name == "postgresql":
        # The first of several replicas does the work, however long it takes; the others wait, and find it done.
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": ADVISORY_LOCK})
    found = version(connection)
    if found is None:
        _make(connection)
    elif found != HEAD:
        upgrade(connection)


def version(connection: Connection) -> str | None:
    """Return the newest migration that was applied, or None."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def _make(connection: Connection) -> None:
    """Make the tables as they are declared: in an empty database there is nothing to migrate."""
    METADATA.create_all(connection)
    VERSIONS.create(connection)
    connection.execute(VERSIONS.insert(), {"version_num": HEAD})


def upgrade(connection: Connection) -> None:
    """Apply the migrations that are missing. Raises `MediaError`."""
    # Importing it takes 0.1 s, ten times as long as a look at the version, and is needed after an upgrade alone.
    from alembic import command  # noqa: PLC0415 - see above
    from alembic.config import Config  # noqa: PLC0415 - see above
    from alembic.util import CommandError  # noqa: PLC0415 - see above

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", "router.store:migrations")
    try:
        with MIGRATING:
            command.upgrade(config, "head")
    except CommandError as error:
        raise MediaError("the database of records was written by a newer version of the router") from error
