"""A process that migrates a database by a script that hangs half-way, so that a test can kill it there."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from alembic import op

from quarterdeck.storage import migrations

STEP = """
from alembic import op
from tests.unit.storage.migration_child import hang
revision = "9001"
down_revision = {newest!r}
def upgrade():
    op.execute("CREATE TABLE half_way (id INTEGER)")
    op.execute("ALTER TABLE projects ADD COLUMN half_way TEXT")
    hang()
    op.execute("CREATE TABLE the_rest (id INTEGER)")
def downgrade():
    pass
"""


def hang() -> None:
    """Say that half of the migration is done, and wait to be killed, or to be let go."""
    folder = Path(op.get_bind().engine.url.database or "").parent
    (folder / "half-way").touch()
    while not (folder / "let-go").exists():
        time.sleep(0.01)


if __name__ == "__main__":
    migrations._SCRIPTS = Path(sys.argv[2])
    migrations.migrate(sys.argv[1])
