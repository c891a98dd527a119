"""Nothing yet: the place of what labels needs to keep."""

from __future__ import annotations

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Nothing."""


def downgrade() -> None:
    """Nothing."""
