"""Prices that somebody has set, each row sealed to the one before; and the runs that price history anew."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "set_prices",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("id", sa.String, nullable=False, unique=True),
        sa.Column("project_id", sa.String, sa.ForeignKey("projects.id")),
        sa.Column("provider", sa.String, nullable=False),
        sa.Column("model", sa.String, nullable=False),
        sa.Column("row", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("withdraws", sa.String),
        sa.Column("owner", sa.String, nullable=False, server_default="ui"),
        sa.Column("created_at", sa.String, nullable=False),
        sa.Column("created_by", sa.String, nullable=False),
        sa.Column("seal", sa.String, nullable=False),
    )
    op.create_table(
        "repricings",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("project_id", sa.String, sa.ForeignKey("projects.id"), nullable=False),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("looked_at", sa.BigInteger, nullable=False),
        sa.Column("changed", sa.BigInteger, nullable=False),
        sa.Column("difference_pico", sa.BigInteger, nullable=False),
        sa.Column("cursor", sa.Text, nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("created_at", sa.String, nullable=False),
        sa.Column("created_by", sa.String, nullable=False),
        sa.Column("finished_at", sa.String),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("repricings")
    op.drop_table("set_prices")
