"""Files become knowledge: whole folders, again and again, with bad files named and nothing done twice."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.server_process import ServerProcess
from tests.unit.cli.conftest import Quarterdeck

ENCRYPTED_PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R/Encrypt<</Filter/Standard>>>>\n%%EOF"


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """A folder with three good files, a broken one and a hidden one."""
    folder = tmp_path / "book"
    (folder / "leave").mkdir(parents=True)
    (folder / "leave" / "annual.md").write_text("# Annual leave\n\nEveryone has 25 days of paid leave a year.\n")
    (folder / "pay.txt").write_text("Salaries are paid on the 20th of each month.\n")
    (folder / "travel.html").write_text("<article><h1>Travel</h1><p>Flights are booked in economy class.</p></article>")
    (folder / "broken.pdf").write_bytes(ENCRYPTED_PDF)
    (folder / ".draft.md").write_text("Nobody should see this.")
    return folder


def test_a_folder_is_read_and_its_words_are_found(quarterdeck: Quarterdeck, book: Path) -> None:
    result = quarterdeck("ingest", str(book), "--into", "first", "--json")
    found = quarterdeck("knowledge", "search", "first", "economy flights", "--mode", "text", "--json")

    answer = json.loads(result.stdout)
    assert result.exit_code == 0
    assert (answer["stored"], answer["unchanged"], answer["version"]["documents"]) == (3, 0, 3)
    assert json.loads(found.stdout)["hits"][0]["path"] == "travel.html"


def test_a_bad_file_is_named_with_its_reason_while_the_rest_goes_on(quarterdeck: Quarterdeck, book: Path) -> None:
    result = quarterdeck("ingest", str(book), "--into", "second")

    assert result.exit_code == 0
    assert "1 file could not be read:" in result.stderr
    assert "broken.pdf: " in result.stderr
    assert "draft" not in result.stderr


def test_a_second_time_nothing_is_sent_and_no_version_is_made(quarterdeck: Quarterdeck, book: Path) -> None:
    first = json.loads(quarterdeck("ingest", str(book), "--into", "third", "--json").stdout)

    again = json.loads(quarterdeck("ingest", str(book), "--into", "third", "--json").stdout)

    assert (again["stored"], again["unchanged"]) == (0, 3)
    assert again["version"]["version"] == first["version"]["version"]
    assert again["version"]["index_id"] == first["version"]["index_id"]


def test_only_what_changed_is_sent(quarterdeck: Quarterdeck, book: Path) -> None:
    quarterdeck("ingest", str(book), "--into", "fourth")
    (book / "pay.txt").write_text("Salaries are paid on the 25th of each month.\n")

    again = json.loads(quarterdeck("ingest", str(book), "--into", "fourth", "--json").stdout)

    assert (again["stored"], again["unchanged"], again["version"]["version"]) == (1, 2, 2)


def test_prune_drops_what_is_no_longer_among_the_files(quarterdeck: Quarterdeck, book: Path) -> None:
    quarterdeck("ingest", str(book), "--into", "fifth")
    (book / "pay.txt").unlink()

    kept = json.loads(quarterdeck("ingest", str(book), "--into", "fifth", "--json").stdout)
    pruned = json.loads(quarterdeck("ingest", str(book), "--into", "fifth", "--prune", "--json").stdout)

    assert kept["version"]["documents"] == 3
    assert pruned["version"]["documents"] == 2


def test_when_nothing_can_be_read_the_command_fails(quarterdeck: Quarterdeck, tmp_path: Path) -> None:
    (tmp_path / "broken.pdf").write_bytes(ENCRYPTED_PDF)

    result = quarterdeck("ingest", str(tmp_path / "broken.pdf"), "--into", "sixth")

    assert result.exit_code == 1
    assert "broken.pdf: " in result.stderr
    assert "None of 1 file could be read" in result.stderr


def test_a_folder_without_files_is_wrong_use(quarterdeck: Quarterdeck, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    result = quarterdeck("ingest", str(tmp_path / "empty"), "--into", "seventh")

    assert result.exit_code == 2
    assert "There are no files in" in result.stderr


def test_a_file_whose_name_cannot_be_stored_is_named_like_any_bad_file(
    quarterdeck: Quarterdeck, tmp_path: Path
) -> None:
    folder = tmp_path / "odd"
    folder.mkdir()
    (folder / "good.md").write_text("# Good\n\nThis one can be read.")
    (folder / "back\\slash.md").write_text("# Odd\n\nThis one cannot be named.")

    result = quarterdeck("ingest", str(folder), "--into", "eighth")

    assert result.exit_code == 0
    assert "Rename it." in result.stderr


def test_waiting_ends_when_every_passage_is_embedded(quarterdeck: Quarterdeck, book: Path) -> None:
    result = quarterdeck("ingest", str(book), "--into", "ninth", "--wait", "--json")

    version = json.loads(result.stdout)["version"]
    assert version["embedded"] == version["chunks"] > 0


def test_a_key_that_may_only_read_cannot_ingest(quarterdeck: Quarterdeck, book: Path) -> None:
    reader = quarterdeck("keys", "create", "reader", "--scope", "read").stdout.strip()

    result = quarterdeck("ingest", str(book), "--into", "tenth", QUARTERDECK_API_KEY=reader)

    assert result.exit_code == 3
    assert "`write`" in result.stderr


def test_knowledge_is_listed_shown_and_searched(quarterdeck: Quarterdeck, server: ServerProcess, book: Path) -> None:
    quarterdeck("ingest", str(book), "--into", "eleventh", "--wait")

    listed = [line.split("\t") for line in quarterdeck("knowledge").stdout.splitlines()]
    shown = quarterdeck("knowledge", "show", "eleventh")
    documents = quarterdeck("knowledge", "documents", "eleventh").stdout.splitlines()
    hits = quarterdeck("knowledge", "search", "eleventh", "When do I get my salary?").stdout.splitlines()

    assert next(row[:3] for row in listed if row[0] == "eleventh") == ["eleventh", "1", "3"]
    assert "broken.pdf: " in shown.stderr
    assert [line.split("\t")[0] for line in documents] == ["leave/annual.md", "pay.txt", "travel.html"]
    assert hits[0].split("\t")[1] == "pay.txt"


def test_knowledge_that_is_not_there_is_not_found_and_the_others_are_named(
    quarterdeck: Quarterdeck, book: Path
) -> None:
    quarterdeck("ingest", str(book), "--into", "twelfth")

    result = quarterdeck("knowledge", "show", "twelvth")

    assert result.exit_code == 4
    assert "`twelfth`" in result.stderr
