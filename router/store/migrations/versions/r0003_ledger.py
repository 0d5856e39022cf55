"""The ledger: what every request used and cost, and its sums by day."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

KEYS = ("team", "task", "route", "provider", "target", "outcome")
COUNTS = ("requests", "calls", "hedges", "cached", "characters")
SUMS = ("audio_ms", "video_ms", "cost", "doubtful")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "ledger",
        _key("day", sa.Integer),
        _key("writer", sa.BigInteger),
        _key("number", sa.BigInteger),
        sa.Column("at", sa.Double, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("request_id", *KEYS)),
        *(sa.Column(name, sa.Integer, nullable=False) for name in COUNTS),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in SUMS),
        sa.Column("currency", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "ledger_days",
        _key("day", sa.Integer),
        *(_key(name, sa.Text) for name in (*KEYS, "currency")),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in (*COUNTS, *SUMS)),
        sqlite_with_rowid=False,
    )


def _key(name: str, kind: type[sa.types.TypeEngine[Any]]) -> sa.Column[Any]:
    return sa.Column(name, kind, primary_key=True, autoincrement=False)
