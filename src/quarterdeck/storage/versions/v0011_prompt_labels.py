"""Prompts carry a model and parameters, and their versions have names such as `production`."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add the columns, and the table; no prompt has a label yet."""
    op.add_column("prompt_versions", sa.Column("model", sa.String))
    op.add_column("prompt_versions", sa.Column("parameters", sa.Text, nullable=False, server_default="{}"))
    op.create_table(
        "prompt_labels",
        sa.Column("project_id", sa.String, sa.ForeignKey("projects.id"), primary_key=True),
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("label", sa.String, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("moved_at", sa.String, nullable=False),
        sa.Column("moved_by", sa.String, nullable=False),
    )


def downgrade() -> None:
    """Take them away."""
    op.drop_table("prompt_labels")
    op.drop_column("prompt_versions", "parameters")
    op.drop_column("prompt_versions", "model")
