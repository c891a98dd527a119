"""`quarterdeck reconcile`: it says whether the books agree, and its exit code says so, too."""

from __future__ import annotations

import json
from pathlib import Path

from tests.unit.cli.conftest import Quarterdeck


def test_books_that_agree_end_with_0_and_others_with_1(quarterdeck: Quarterdeck, tmp_path: Path) -> None:
    export = tmp_path / "usage.csv"
    export.write_text("date,model,input_tokens,output_tokens\n2025-11-20,gpt-4o-mini,7,2\n")

    same = quarterdeck("reconcile")
    other = quarterdeck("reconcile", "--provider", "openai", "--export", str(export), "--json")
    half = quarterdeck("reconcile", "--provider", "openai")

    assert (same.exit_code, other.exit_code, half.exit_code) == (0, 1, 2)
    assert "The books agree." in same.stdout + same.stderr
    assert [one["counted"] for one in json.loads(other.stdout)["differences"]] == [7, 2]
