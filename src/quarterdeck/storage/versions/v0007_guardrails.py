"""Nothing yet: the place of what guardrails needs to keep."""

from __future__ import annotations

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Nothing."""


def downgrade() -> None:
    """Nothing."""
