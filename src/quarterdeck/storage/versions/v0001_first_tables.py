"""The first tables: access, gateway, prompts, retrieval, orchestration."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from quarterdeck.storage.tables import metadata

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create every table, and the full-text index beside `chunks`."""
    metadata.create_all(op.get_bind())
    op.execute(
        sa.text(
            "CREATE VIRTUAL TABLE chunks_fts USING fts5(heading_path, text, content='chunks', content_rowid='rowid_',"
            " tokenize='porter unicode61 remove_diacritics 2')"
        )
    )


def downgrade() -> None:
    """Drop them all."""
    op.execute(sa.text("DROP TABLE chunks_fts"))
    metadata.drop_all(op.get_bind())
