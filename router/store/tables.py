"""The tables of records. `number` grows with every row made; times are unix seconds, as floats.

Every search of router/store/rows.py is served by an index: jobs are many, and almost all of them have ended.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TextClause,
    event,
    text,
)

METADATA: Final = MetaData()


def _number() -> Column[int]:
    # SQLite gives numbers again after a delete, unless told AUTOINCREMENT, which it takes on INTEGER alone.
    return Column("number", BigInteger().with_variant(Integer, "sqlite"), Identity(), primary_key=True)


UNFINISHED: Final = text("NOT final")
HAS_UPSTREAM: Final = text("upstream_id <> ''")
"""Said in these very words by index and query: with a bound value SQLite would not see that the index serves."""
SCHEDULED: Final = text("run_at IS NOT NULL")
EXPIRING: Final = text("expires_at IS NOT NULL")


CONDITIONS: Final[dict[Index, TextClause]] = {}


def _where(table: Table, name: str, columns: tuple[str, ...], condition: TextClause) -> None:
    """Index only the rows that are searched for."""
    CONDITIONS[Index(name, *(table.c[column] for column in columns))] = condition


@event.listens_for(METADATA, "before_create")
def _condition(_: MetaData, connection: Connection, **__: object) -> None:
    """Tell the indexes their conditions as options of the database at hand; any other's dialect would be imported for it."""
    for index, condition in CONDITIONS.items():
        index.dialect_options[connection.dialect.name]["where"] = condition


JOBS: Final = Table(
    "jobs",
    METADATA,
    _number(),
    Column("id", Text, nullable=False, unique=True),
    Column("team", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("final", Boolean, nullable=False),
    Column("run_at", Double),
    Column("expires_at", Double),
    Column("provider", Text, nullable=False),
    Column("upstream_id", Text, nullable=False),
    Index("jobs_team", "team", "number"),
    Index("jobs_team_state", "team", "state", "number"),
    Index("jobs_state", "state", "number"),
    sqlite_autoincrement=True,
)
_where(JOBS, "jobs_due", ("run_at", "number"), SCHEDULED)
_where(JOBS, "jobs_expired", ("expires_at",), EXPIRING)
_where(JOBS, "jobs_unfinished", ("team",), UNFINISHED)
_where(JOBS, "jobs_upstream", ("provider", "upstream_id"), HAS_UPSTREAM)

NOTICES: Final = Table(
    "notices",
    METADATA,
    _number(),
    Column("id", Text, nullable=False, unique=True),
    Column("team", Text, nullable=False),
    Column("job", Text, ForeignKey(JOBS.c.id, name="notices_job_fkey", ondelete="CASCADE"), nullable=False),
    Column("url", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("run_at", Double),
    Column("epoch", Integer, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("status", Integer),
    Column("ended", Text, nullable=False),
    Index("notices_team", "team", "number"),
    Index("notices_job", "job", "number"),
    sqlite_autoincrement=True,
)
_where(NOTICES, "notices_due", ("run_at", "number"), SCHEDULED)

IDEMPOTENCY: Final = Table(
    "idempotency",
    METADATA,
    Column("team", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("leased_until", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("status", Integer),
    Column("headers", LargeBinary),
    Column("media_type", Text),
    Column("body", LargeBinary),
    Column("media", Text),
    Index("idempotency_expired", "expires_at"),
)

KEYS: Final = Table(
    "keys",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("team", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double),
    Column("revoked_at", Double),
)
"""Rows are added and revoked, never removed: their two counts tell whether anything has changed."""

BY_DAY: Final = ("day", "team", "task", "route", "provider", "target", "outcome", "currency")
SUMMED: Final = ("requests", "calls", "hedges", "cached", "characters", "audio_ms", "video_ms", "cost", "doubtful")

LEDGER: Final = Table(
    "ledger",
    METADATA,
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("writer", BigInteger, primary_key=True, autoincrement=False),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Double, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("team", Text, nullable=False),
    Column("task", Text, nullable=False),
    Column("route", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("requests", Integer, nullable=False),
    Column("calls", Integer, nullable=False),
    Column("hedges", Integer, nullable=False),
    Column("cached", Integer, nullable=False),
    Column("characters", Integer, nullable=False),
    Column("audio_ms", BigInteger, nullable=False),
    Column("video_ms", BigInteger, nullable=False),
    Column("cost", BigInteger, nullable=False),
    Column("doubtful", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    sqlite_with_rowid=False,
)
"""Every request pays for its row, so there is one index, the key, by which days are forgotten. Columns are as in `Entry`."""

LEDGER_DAYS: Final = Table(
    "ledger_days",
    METADATA,
    *(Column(name, Integer if name == "day" else Text, primary_key=True, autoincrement=False) for name in BY_DAY),
    *(Column(name, BigInteger, nullable=False) for name in SUMMED),
    sqlite_with_rowid=False,
)
