"""Nothing yet: the place of what caching needs to keep."""

from __future__ import annotations

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Nothing."""


def downgrade() -> None:
    """Nothing."""
