"""Brings a database's tables up to date when it is opened, however many processes open it at once."""

from threading import Lock
from typing import Final

from sqlalchemy import Connection, inspect, text

from router.contract import MediaError
from router.store.migrations import HEAD

MIGRATING: Final = Lock()
"""Alembic keeps what it works on in its module."""
ADVISORY_LOCK: Final = 0x6D65646961
"""Known to PostgreSQL by its number alone; "media" in ASCII."""


def migrate(connection: Connection) -> None:
    """Apply what is missing, in the transaction at hand. Raises `MediaError` where a newer version was at work."""
    if version(connection) == HEAD:
        return
    if connection.dialect.name == "postgresql":
        # The first of several replicas does the work, however long it takes; the others wait, and find it done.
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": ADVISORY_LOCK})
    if version(connection) != HEAD:
        _upgrade(connection)


def version(connection: Connection) -> str | None:
    """Return the newest migration that was applied, or None."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def _upgrade(connection: Connection) -> None:
    # Importing it takes longer than a look at the version, and is seldom needed.
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
