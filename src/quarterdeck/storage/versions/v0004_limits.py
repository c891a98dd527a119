"""Teams, what a key is allowed, limits, what has been used of them, and the alerts they raised."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Create the tables, and let a key have a team, terms and a second secret."""
    op.create_table(
        "teams",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("project_id", sa.String, sa.ForeignKey("projects.id"), nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("owner", sa.String, nullable=False, server_default="ui"),
        sa.Column("created_at", sa.String, nullable=False),
        sa.UniqueConstraint("project_id", "name"),
    )
    # Not a foreign key: SQLite cannot add one to a table that is there without copying it.
    op.add_column("api_keys", sa.Column("team_id", sa.String))
    op.add_column("api_keys", sa.Column("terms", sa.Text, nullable=False, server_default="{}"))
    op.add_column("api_keys", sa.Column("owner", sa.String, nullable=False, server_default="ui"))
    op.add_column("api_keys", sa.Column("rotated_at", sa.String))
    op.add_column("api_keys", sa.Column("previous_sha256", sa.String))
    op.add_column("api_keys", sa.Column("previous_until", sa.String))
    op.create_table(
        "limits",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("project_id", sa.String, sa.ForeignKey("projects.id"), nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("subject", sa.String, nullable=False),
        sa.Column("subject_id", sa.String, nullable=False),
        sa.Column("each", sa.Boolean, nullable=False),
        sa.Column("metric", sa.String, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("window", sa.String, nullable=False),
        sa.Column("hard", sa.Boolean, nullable=False),
        sa.Column("alert_at", sa.Text, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False, server_default=sa.true()),
        sa.Column("owner", sa.String, nullable=False, server_default="ui"),
        sa.Column("created_at", sa.String, nullable=False),
        sa.Column("changed_at", sa.String, nullable=False),
        sa.UniqueConstraint("project_id", "name"),
    )
    op.create_table(
        "limit_counters",
        sa.Column("key", sa.String, primary_key=True),
        sa.Column("used", sa.BigInteger, nullable=False),
        sa.Column("ends_at_s", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "limit_leases",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("claims", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "limit_journal",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("segment", sa.Integer, nullable=False),
        sa.Column("offset", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "limit_alerts",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("project_id", sa.String, sa.ForeignKey("projects.id"), nullable=False),
        sa.Column("limit_id", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("value", sa.String, nullable=False),
        sa.Column("share", sa.Float, nullable=False),
        sa.Column("used", sa.BigInteger, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("metric", sa.String, nullable=False),
        sa.Column("window_start", sa.String, nullable=False),
        sa.Column("raised_at", sa.String, nullable=False),
        sa.UniqueConstraint("limit_id", "value", "window_start", "share"),
    )
    op.create_index("limit_alerts_by_project", "limit_alerts", ["project_id", "id"])


def downgrade() -> None:
    """Drop it all; old secrets in their overlap end with it."""
    for table in ("limit_alerts", "limit_journal", "limit_leases", "limit_counters", "limits"):
        op.drop_table(table)
    for column in ("previous_until", "previous_sha256", "rotated_at", "owner", "terms", "team_id"):
        op.drop_column("api_keys", column)
    op.drop_table("teams")
