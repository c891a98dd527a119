"""Nothing yet: the place of what mcp needs to keep."""

from __future__ import annotations

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Nothing."""


def downgrade() -> None:
    """Nothing."""
