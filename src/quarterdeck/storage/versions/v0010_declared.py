"""What a configuration file declares: who owns providers and semantic caches, and secrets by name."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Let providers and semantic caches have an owner, and create the table of secrets."""
    op.add_column("providers", sa.Column("owner", sa.String, nullable=False, server_default="ui"))
    op.add_column("semantic_caches", sa.Column("owner", sa.String, nullable=False, server_default="ui"))
    op.create_table(
        "named_secrets",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("project_id", sa.String, sa.ForeignKey("projects.id"), nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("hint", sa.String, nullable=False),
        sa.Column("changed_at", sa.String, nullable=False),
        sa.Column("changed_by", sa.String, nullable=False),
        sa.UniqueConstraint("project_id", "name"),
    )


def downgrade() -> None:
    """Take them away."""
    op.drop_table("named_secrets")
    op.drop_column("semantic_caches", "owner")
    op.drop_column("providers", "owner")
