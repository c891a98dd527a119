"""Nothing yet: the place of what batches needs to keep."""

from __future__ import annotations

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Nothing."""


def downgrade() -> None:
    """Nothing."""
