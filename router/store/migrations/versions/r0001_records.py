"""Jobs, the outbox of webhooks, and the answers kept for repeats."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    _jobs()
    _notices()
    _idempotency()


def _number() -> sa.Column[int]:
    return sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), sa.Identity(), primary_key=True)


def _partial(name: str, table: str, columns: list[str], condition: str) -> None:
    chosen = sa.text(condition)
    op.create_index(name, table, columns, sqlite_where=chosen, postgresql_where=chosen)


def _jobs() -> None:
    op.create_table(
        "jobs",
        _number(),
        sa.Column("id", sa.Text, nullable=False, unique=True),
        sa.Column("team", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("final", sa.Boolean, nullable=False),
        sa.Column("run_at", sa.Double),
        sa.Column("expires_at", sa.Double),
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("upstream_id", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("jobs_team", "jobs", ["team", "number"])
    op.create_index("jobs_team_state", "jobs", ["team", "state", "number"])
    op.create_index("jobs_state", "jobs", ["state", "number"])
    _partial("jobs_due", "jobs", ["run_at", "number"], "run_at IS NOT NULL")
    _partial("jobs_expired", "jobs", ["expires_at"], "expires_at IS NOT NULL")
    _partial("jobs_unfinished", "jobs", ["team"], "NOT final")
    _partial("jobs_upstream", "jobs", ["provider", "upstream_id"], "upstream_id <> ''")


def _notices() -> None:
    op.create_table(
        "notices",
        _number(),
        sa.Column("id", sa.Text, nullable=False, unique=True),
        sa.Column("team", sa.Text, nullable=False),
        sa.Column("job", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("run_at", sa.Double),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("ended", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["job"], ["jobs.id"], name="notices_job_fkey", ondelete="CASCADE"),
        sqlite_autoincrement=True,
    )
    op.create_index("notices_team", "notices", ["team", "number"])
    op.create_index("notices_job", "notices", ["job", "number"])
    _partial("notices_due", "notices", ["run_at", "number"], "run_at IS NOT NULL")


def _idempotency() -> None:
    op.create_table(
        "idempotency",
        sa.Column("team", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("leased_until", sa.Double, nullable=False),
        sa.Column("expires_at", sa.Double, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("headers", sa.LargeBinary),
        sa.Column("media_type", sa.Text),
        sa.Column("body", sa.LargeBinary),
        sa.Column("media", sa.Text),
    )
    op.create_index("idempotency_expired", "idempotency", ["expires_at"])
