"""Guardrails: what a project looks for in requests and answers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "guardrails",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("project_id", sa.String, sa.ForeignKey("projects.id"), nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False, server_default=sa.true()),
        sa.Column("policy", sa.Text, nullable=False),
        sa.Column("sealed_secret", sa.LargeBinary),
        sa.Column("owner", sa.String, nullable=False, server_default="ui"),
        sa.Column("created_at", sa.String, nullable=False),
        sa.Column("changed_at", sa.String, nullable=False),
        sa.UniqueConstraint("project_id", "name"),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("guardrails")
