"""Migrations: all or nothing, forward from any version, and hands off what is newer."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect
from sqlalchemy.engine import Engine

from quarterdeck.core.errors import SetupError
from quarterdeck.storage import migrations
from quarterdeck.storage.database import sqlite_url
from quarterdeck.storage.tables import FULL_TEXT_INDEX, metadata
from tests.unit.storage.migration_child import STEP


@pytest.fixture
def url(tmp_path: Path) -> str:
    return sqlite_url(tmp_path)


def tables(home: Path) -> set[str]:
    with sqlite3.connect(home / "quarterdeck.db") as connection:
        return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def schema(home: Path) -> set[tuple[str, str | None]]:
    with closing(sqlite3.connect(home / "quarterdeck.db")) as connection:
        return set(connection.execute("SELECT name, sql FROM sqlite_master"))


def test_a_new_folder_gets_the_newest_schema(url: str) -> None:
    migrations.migrate(url)

    assert migrations.current_revision(url) == migrations.newest_revision()


def test_a_migration_is_called_by_its_file_as_by_itself() -> None:
    scripts = {path.stem: path.read_text() for path in migrations._SCRIPTS.glob("v*.py")}

    for name, script in scripts.items():
        assert f'revision = "{name[1:5]}"' in script
    assert migrations.known_revisions() == {name[1:5] for name in scripts}


def test_the_migrations_together_make_exactly_the_tables_of_the_code(url: str, tmp_path: Path) -> None:
    migrations.migrate(url)
    migrated, of_the_code = create_engine(f"sqlite:///{tmp_path / 'quarterdeck.db'}"), create_engine("sqlite://")
    metadata.create_all(of_the_code)

    with migrated.connect() as connection:
        changes = compare_metadata(
            MigrationContext.configure(connection, opts={"include_name": _is_no_full_text_table}), metadata
        )

    assert changes == []
    # What the comparison above cannot see: keys and constraints without a name.
    assert {name: _constraints(migrated, name) for name in metadata.tables} == {
        name: _constraints(of_the_code, name) for name in metadata.tables
    }


def test_the_migrations_together_make_exactly_the_full_text_index_of_the_code(url: str, tmp_path: Path) -> None:
    migrations.migrate(url)

    with closing(sqlite3.connect(tmp_path / "quarterdeck.db")) as connection:
        made = connection.execute("SELECT sql FROM sqlite_master WHERE sql LIKE 'CREATE VIRTUAL TABLE%'").fetchall()

    assert {sql for (sql,) in made} == set(FULL_TEXT_INDEX)


def test_a_migration_takes_nothing_from_code_that_will_change() -> None:
    scripts = {path.name: path.read_text() for path in migrations._SCRIPTS.glob("v*.py")}

    leaning = [name for name, script in scripts.items() if "quarterdeck" in script.partition("revision =")[0]]

    assert leaning == []


def test_migrating_again_changes_nothing(url: str, tmp_path: Path) -> None:
    migrations.migrate(url)
    before = (tmp_path / "quarterdeck.db").read_bytes()

    migrations.migrate(url)

    assert (tmp_path / "quarterdeck.db").read_bytes() == before


def test_every_migration_can_be_undone_and_done_again(url: str, tmp_path: Path) -> None:
    migrations.migrate(url)
    newest = schema(tmp_path)

    migrations.migrate(url, to="base")
    emptied = tables(tmp_path)
    migrations.migrate(url)

    assert emptied <= {"alembic_version", "sqlite_sequence"}
    assert schema(tmp_path) == newest


def test_the_folder_of_a_newer_version_is_refused_untouched(url: str, tmp_path: Path) -> None:
    migrations.migrate(url)
    with sqlite3.connect(tmp_path / "quarterdeck.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    before = (tmp_path / "quarterdeck.db").read_bytes()

    with pytest.raises(SetupError, match=r"newer Quarterdeck .*Install that version, or point `QUARTERDECK_HOME`"):
        migrations.migrate(url)

    assert (tmp_path / "quarterdeck.db").read_bytes() == before


def test_a_broken_database_is_refused_with_a_remedy(url: str, tmp_path: Path) -> None:
    (tmp_path / "quarterdeck.db").write_bytes(b"this is not a database, but it is long enough to look at" * 100)

    with pytest.raises(SetupError, match="backup"):
        migrations.migrate(url)


def test_kill_9_in_the_middle_leaves_the_old_schema_and_the_next_start_finishes(url: str, tmp_path: Path) -> None:
    migrations.migrate(url)
    old = tables(tmp_path)
    scripts = tmp_path / "versions"
    shutil.copytree(migrations._SCRIPTS, scripts)
    (scripts / "v9001_half_way.py").write_text(STEP.format(newest=migrations.newest_revision()))
    command = [sys.executable, "-m", "tests.unit.storage.migration_child", url, str(scripts)]

    killed = subprocess.Popen(command)
    while not (tmp_path / "half-way").exists():
        assert killed.poll() is None
        time.sleep(0.01)
    killed.kill()
    killed.wait()
    after_kill, revision = tables(tmp_path), migrations.current_revision(url)
    (tmp_path / "let-go").touch()
    subprocess.run(command, check=True, timeout=60)

    assert (after_kill, revision) == (old, migrations.newest_revision())
    assert tables(tmp_path) == old | {"half_way", "the_rest"}


def test_a_migration_that_fails_leaves_the_old_schema(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrations.migrate(url)
    old, newest = tables(tmp_path), migrations.newest_revision()
    scripts = tmp_path / "versions"
    shutil.copytree(migrations._SCRIPTS, scripts)
    broken = STEP.format(newest=newest).replace("hang()", "raise ValueError('no')")
    (scripts / "v9001_half_way.py").write_text(broken)
    monkeypatch.setattr(migrations, "_SCRIPTS", scripts)

    with pytest.raises(ValueError, match="no"):
        migrations.migrate(url)

    assert tables(tmp_path) == old
    assert migrations.current_revision(url) == newest


def _is_no_full_text_table(name: str | None, kind: str, _parents: object) -> bool:
    return not (kind == "table" and (name or "").startswith(("chunks_fts", "chunks_terms")))


def _constraints(engine: Engine, table: str) -> object:
    schema = inspect(engine)
    unique = {tuple(key["column_names"]) for key in schema.get_unique_constraints(table)}
    foreign = {
        (*key["constrained_columns"], key["referred_table"], *key["referred_columns"])
        for key in schema.get_foreign_keys(table)
    }
    return schema.get_pk_constraint(table)["constrained_columns"], unique, foreign
