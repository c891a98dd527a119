"""Nothing yet: the place of what limits needs to keep."""

from __future__ import annotations

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Nothing."""


def downgrade() -> None:
    """Nothing."""
