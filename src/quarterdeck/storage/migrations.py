"""Brings a data folder up to date: every pending migration in one transaction, or none."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import create_engine, event, inspect, text
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DatabaseError

from quarterdeck.core.errors import SetupError

_SCRIPTS = Path(__file__).parent / "versions"


def newest_revision() -> str:
    """The schema that this program wants."""
    return max(known_revisions())


def known_revisions() -> set[str]:
    """Every schema that this program can migrate from: `v0001_first_tables.py` makes the schema `0001`."""
    return {script.stem[1:].partition("_")[0] for script in _SCRIPTS.glob("v*.py")}


def current_revision(url: str) -> str | None:
    """The schema that a database has; None when it is new."""
    engine = create_engine(_sync(url))
    try:
        with engine.connect() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return None
            revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
            return revision
    except DatabaseError as error:
        raise SetupError(
            f"The database of this data folder cannot be read: {error.orig}. "
            "Put back a backup, or set `QUARTERDECK_HOME` to another folder."
        ) from error
    finally:
        engine.dispose()


def migrate(url: str, *, to: str = "head") -> None:
    """Apply what is pending, up or down to `to`. A database of a newer program is refused, untouched.

    SQLite can roll back schema changes too: killed half-way, the next start finds the old schema and goes again.
    """
    have = current_revision(url)
    if have is not None and have not in known_revisions():
        raise SetupError(
            f"This data folder was written by a newer Quarterdeck (schema `{have}`). "
            "Install that version, or point `QUARTERDECK_HOME` at another folder."
        )
    if to == "head" and have == newest_revision():
        return
    engine = create_engine(_sync(url))
    if engine.dialect.name == "sqlite":
        # pysqlite would commit before each schema change; with this, BEGIN is ours and covers them all.
        event.listen(engine, "connect", lambda connection, _: setattr(connection, "isolation_level", None))
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    try:
        _run(engine, to, down=to != "head" and have is not None and to != have)
    finally:
        engine.dispose()


def _run(engine: Engine, to: str, *, down: bool) -> None:
    # Alembic costs 0.1 s and 12 MB, and most starts have nothing to migrate.
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS.parent))
    config.set_main_option("version_locations", str(_SCRIPTS))
    config.set_main_option("path_separator", "os")
    scripts = ScriptDirectory.from_config(config)

    def steps(revision: str, _context: object) -> object:
        return scripts._downgrade_revs(to, revision) if down else scripts._upgrade_revs(to, revision)

    with engine.begin() as connection, EnvironmentContext(config, scripts) as environment:
        environment.configure(connection=connection, fn=steps, transactional_ddl=False)
        environment.run_migrations()


def _sync(url: str) -> str:
    return url.replace("+aiosqlite", "")
