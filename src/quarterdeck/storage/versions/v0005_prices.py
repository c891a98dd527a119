"""Nothing yet: the place of what prices needs to keep."""

from __future__ import annotations

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Nothing."""


def downgrade() -> None:
    """Nothing."""
