"""Semantic caches with the checks of their promises, learned routers with their outcomes, and input budgets."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "semantic_caches",
        sa.Column("project_id", sa.String, sa.ForeignKey("projects.id"), primary_key=True),
        sa.Column("target", sa.String, primary_key=True),
        sa.Column("mode", sa.String, nullable=False),
        sa.Column("most_wrong", sa.Float, nullable=False),
        sa.Column("confidence", sa.Float, nullable=False),
        sa.Column("check_share", sa.Float, nullable=False),
        sa.Column("ttl_s", sa.Integer, nullable=False),
        sa.Column("personal_data", sa.Boolean, nullable=False),
        sa.Column("shared", sa.Boolean, nullable=False),
        sa.Column("since", sa.String, nullable=False),
        sa.Column("broken", sa.Text),
        sa.Column("served", sa.Integer, nullable=False),
        sa.Column("saved_pico", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "semantic_checks",
        sa.Column("rowid_", sa.Integer, primary_key=True),
        sa.Column("project_id", sa.String, sa.ForeignKey("projects.id"), nullable=False),
        sa.Column("target", sa.String, nullable=False),
        sa.Column("at", sa.String, nullable=False),
        sa.Column("likeness", sa.String, nullable=False),
        sa.Column("score", sa.Float, nullable=False),
        sa.Column("similarity", sa.Float, nullable=False),
        sa.Column("wrong", sa.Boolean, nullable=False),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("trace_id", sa.String),
        sa.Column("neighbour_trace_id", sa.String),
    )
    op.create_index("semantic_checks_by_target", "semantic_checks", ["project_id", "target"])
    op.create_table(
        "routers",
        sa.Column("project_id", sa.String, sa.ForeignKey("projects.id"), primary_key=True),
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("weak", sa.String, nullable=False),
        sa.Column("strong", sa.String, nullable=False),
        sa.Column("keep", sa.Float, nullable=False),
        sa.Column("confidence", sa.Float, nullable=False),
        sa.Column("model", sa.LargeBinary),
        sa.Column("report", sa.Text),
        sa.Column("trained_at", sa.String),
        sa.Column("created_at", sa.String, nullable=False),
    )
    op.create_table(
        "router_outcomes",
        sa.Column("rowid_", sa.Integer, primary_key=True),
        sa.Column("project_id", sa.String, sa.ForeignKey("projects.id"), nullable=False),
        sa.Column("router", sa.String, nullable=False),
        sa.Column("text_sha256", sa.String, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("target", sa.String, nullable=False),
        sa.Column("score", sa.Float, nullable=False),
        sa.Column("cost_usd", sa.Float),
        sa.Column("topic", sa.String),
        sa.Column("at", sa.String, nullable=False),
        sa.UniqueConstraint("project_id", "router", "text_sha256", "target"),
    )
    op.create_table(
        "input_budgets",
        sa.Column("project_id", sa.String, sa.ForeignKey("projects.id"), primary_key=True),
        sa.Column("target", sa.String, primary_key=True),
        sa.Column("most_tokens", sa.Integer),
        sa.Column("when_over", sa.String, nullable=False),
        sa.Column("keep_share", sa.Float),
        sa.Column("changed_at", sa.String, nullable=False),
    )


def downgrade() -> None:
    """Drop them."""
    for table in ("input_budgets", "router_outcomes", "routers", "semantic_checks", "semantic_caches"):
        op.drop_table(table)
