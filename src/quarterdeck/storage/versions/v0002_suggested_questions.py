"""Apps suggest questions to begin with."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the column; apps that are there suggest none."""
    op.add_column("apps", sa.Column("suggested_questions", sa.Text, nullable=False, server_default="[]"))


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("apps", "suggested_questions")
