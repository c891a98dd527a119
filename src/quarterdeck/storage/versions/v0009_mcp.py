"""MCP servers of a project, and the tools of theirs that were approved."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "mcp_servers",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("project_id", sa.String, sa.ForeignKey("projects.id"), nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("url", sa.String, nullable=False),
        sa.Column("transport", sa.String, nullable=False),
        sa.Column("sealed_headers", sa.LargeBinary),
        sa.Column("allowed_tools", sa.Text, nullable=False),
        sa.Column("timeout_s", sa.Float, nullable=False),
        sa.Column("on_change", sa.String, nullable=False),
        sa.Column("price_pico_per_call", sa.BigInteger),
        sa.Column("created_at", sa.String, nullable=False),
        sa.Column("owner", sa.String, nullable=False),
        sa.UniqueConstraint("project_id", "name"),
    )
    op.create_table(
        "mcp_tools",
        sa.Column("server_id", sa.String, sa.ForeignKey("mcp_servers.id"), primary_key=True),
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("sha256", sa.String, nullable=False),
        sa.Column("definition", sa.Text, nullable=False),
        sa.Column("approved_at", sa.String, nullable=False),
        sa.Column("approved_by", sa.String, nullable=False),
        sa.Column("changed_sha256", sa.String),
        sa.Column("changed_definition", sa.Text),
        sa.Column("changed_at", sa.String),
    )


def downgrade() -> None:
    """Drop both tables."""
    op.drop_table("mcp_tools")
    op.drop_table("mcp_servers")
