"""The first tables: access, gateway, prompts, retrieval, orchestration."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from quarterdeck.storage.tables import FULL_TEXT_INDEX, metadata

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create every table, and the full-text index beside `chunks`."""
    metadata.create_all(op.get_bind())
    for statement in FULL_TEXT_INDEX:
        op.execute(sa.text(statement))


def downgrade() -> None:
    """Drop them all."""
    op.execute(sa.text("DROP TABLE chunks_terms"))
    op.execute(sa.text("DROP TABLE chunks_fts"))
    metadata.drop_all(op.get_bind())
