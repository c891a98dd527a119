"""Nothing yet: the place of what declared needs to keep."""

from __future__ import annotations

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Nothing."""


def downgrade() -> None:
    """Nothing."""
