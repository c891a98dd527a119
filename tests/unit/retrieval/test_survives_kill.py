"""Ingestion and `kill -9`: wherever it strikes, the next start goes on, nothing is there twice and nothing is lost."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from quarterdeck.access.keyring import Keyring
from quarterdeck.config.settings import Settings
from quarterdeck.retrieval import library, searching
from quarterdeck.runtime.work import Work
from quarterdeck.server.wiring import running

DOCUMENTS = 70
FreshHome = Callable[[Path], Path]
Moment = Callable[[list[str]], bool]

MOMENTS: dict[str, Moment] = {
    "after a few files": lambda said: len(said) == 5,
    "after some more": lambda said: len(said) == 30,
    "before publishing": lambda said: len(said) == 1 + int(said[0].split()[1]),
    "after publishing": lambda said: said[-1] == "published",
    "while embedding": lambda said: said[-1].startswith("embedded"),
    "while embedding on": lambda said: said[-1].startswith("embedded"),
}


async def test_a_killed_ingestion_is_finished_by_the_next(tmp_path: Path, fresh_home: FreshHome) -> None:
    folder, home = _handbook(tmp_path / "handbook"), fresh_home(tmp_path / "home")
    starts = [_run(home, folder, kill=moment)[0] for moment in MOMENTS.values()]
    finished = _run(home, folder)

    wanted = [int(start.split()[1]) for start in starts]
    assert wanted[0] == DOCUMENTS
    assert wanted[1] <= DOCUMENTS - 4
    assert wanted[2] <= wanted[1] - 29
    assert wanted[3:] == [0, 0, 0]
    assert finished[0] == "wanted 0"
    assert finished[-1] == "done"
    with sqlite3.connect(home / "quarterdeck.db") as database:
        _require_whole(database)
    database.close()
    async with running(Settings(home=home)) as runtime:
        work = Work(runtime=runtime, actor=runtime.part(Keyring).administrator("admin"))
        state = await library.knowledge(work, "handbook")
        found = await searching.search(work, "handbook", "Which colour has rule 42?", limit=3)
    assert (state.documents, state.embedded, len(state.versions)) == (DOCUMENTS, state.chunks, 1)
    assert found.mode == "fused"
    assert found.hits[0].path == "rule-42.md"


def _handbook(folder: Path) -> Path:
    folder.mkdir()
    for number in range(DOCUMENTS):
        text = f"# Rule {number}\n\nThe colour of rule {number} is number {number * 7}.\n\n## Reasons\n\n"
        (folder / f"rule-{number:02}.md").write_text(text + f"There are {number} reasons for this rule. " * 40)
    return folder


def _run(home: Path, folder: Path, *, kill: Moment | None = None) -> list[str]:
    """Run the ingestion, and kill it when what it has said so far makes it the moment. Returns what it said."""
    command = [sys.executable, "-m", "tests.unit.retrieval.ingest_child", str(home), str(folder)]
    said: list[str] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        for line in child.stdout:
            said.append(line.strip())
            if kill is not None and kill(said):
                child.kill()
                break
    assert said, "the child said nothing"
    assert child.returncode == (-9 if kill else 0), said
    return said


def _require_whole(database: sqlite3.Connection) -> None:
    """Every document has all its passages, every passage one entry in the index and one vector, and nothing is spare."""

    def number(statement: str) -> int:
        return int(database.execute(statement).fetchone()[0])

    assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert number("SELECT count(*) FROM documents") == DOCUMENTS
    assert number("SELECT count(*) FROM chunks") == number("SELECT sum(chunk_count) FROM documents")
    assert number("SELECT count(DISTINCT id) FROM chunks") == number("SELECT count(*) FROM chunks")
    assert number("SELECT count(*) FROM embeddings") == number("SELECT count(DISTINCT text_sha256) FROM chunks")
    assert number("SELECT count(*) FROM chunks_fts_docsize") == number("SELECT count(*) FROM chunks")
    assert number("SELECT count(*) FROM index_members") == DOCUMENTS
