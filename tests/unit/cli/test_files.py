"""Which files an ingestion takes, and how each is called."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from quarterdeck.cli.exits import WrongUse
from quarterdeck.cli.files import find_files, fingerprint
from quarterdeck.core.errors import NotFound


def put(folder: Path, *paths: str) -> None:
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(path)


def test_a_folder_is_walked_and_its_files_are_named_from_it(tmp_path: Path) -> None:
    put(tmp_path, "b.md", "leave/a.md", "leave/deep/c.txt")

    files = find_files([tmp_path])

    assert [file.path for file in files] == ["b.md", "leave/a.md", "leave/deep/c.txt"]


def test_the_name_of_a_file_does_not_depend_on_where_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, "book/leave/a.md")
    from_outside = find_files([tmp_path / "book"])
    monkeypatch.chdir(tmp_path / "book")

    from_inside = find_files([Path()])

    assert [file.path for file in from_inside] == [file.path for file in from_outside] == ["leave/a.md"]


def test_hidden_files_lock_files_and_folders_of_tools_are_left_out(tmp_path: Path) -> None:
    put(tmp_path, "a.md", ".hidden.md", ".git/config", "~$a.docx", "node_modules/x/readme.md", "__pycache__/a.txt")

    assert [file.path for file in find_files([tmp_path])] == ["a.md"]


def test_a_single_file_has_its_own_name(tmp_path: Path) -> None:
    put(tmp_path, "leave/a.md")

    assert [file.path for file in find_files([tmp_path / "leave" / "a.md"])] == ["a.md"]


def test_the_same_file_named_twice_is_taken_once(tmp_path: Path) -> None:
    put(tmp_path, "a.md")

    assert len(find_files([tmp_path, tmp_path / "a.md"])) == 1


def test_two_files_of_one_name_are_refused_with_a_remedy(tmp_path: Path) -> None:
    put(tmp_path, "one/a.md", "two/a.md")

    with pytest.raises(WrongUse, match="Ingest the folder above them"):
        find_files([tmp_path / "one", tmp_path / "two"])


def test_a_place_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"no file or folder `.*nowhere`"):
        find_files([tmp_path / "nowhere"])


def test_a_fingerprint_is_the_content(tmp_path: Path) -> None:
    content = b"x" * 3_000_000
    (tmp_path / "a.md").write_bytes(content)

    found = fingerprint(find_files([tmp_path])[0])

    assert found.sha256 == hashlib.sha256(content).hexdigest()
    assert found.size == len(content)
