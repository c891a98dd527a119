"""Semantic caches, learned routers and input budgets from the terminal."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Quarterdeck

WEAK, STRONG = "local/extractive", "acme/big"


@pytest.fixture(autouse=True)
def _acme(quarterdeck: Quarterdeck) -> None:
    """Another model to route to; it is never called."""
    if "acme" not in quarterdeck("providers").stdout:
        quarterdeck("providers", "add", "acme", "--base-url", "http://127.0.0.1:9/v1", "--model", "big", "--no-key")


def test_a_semantic_cache_is_set_up_calibrated_shown_purged_and_removed(
    quarterdeck: Quarterdeck, tmp_path: Path
) -> None:
    labels = tmp_path / "labels.jsonl"
    rows = [
        {"text": f"{how} do i ask about {topic}", "answer": topic} for topic in ("leave", "pay") for how in "abcdef"
    ]
    labels.write_text("\n".join(map(json.dumps, rows)))

    made = quarterdeck("semantic-cache", "set", STRONG, "--most-wrong", "0.05", "--json")
    learnt = quarterdeck("semantic-cache", "calibrate", STRONG, str(labels), "--json")
    shown = quarterdeck("semantic-cache", "show", STRONG)
    checks = quarterdeck("semantic-cache", "checks", STRONG)
    purged = quarterdeck("semantic-cache", "purge", STRONG)
    listed = quarterdeck("semantic-cache")
    removed = quarterdeck("semantic-cache", "remove", STRONG)

    assert json.loads(made.stdout)["state"] == "learning"
    assert json.loads(learnt.stdout)["checks"] == len(checks.stdout.splitlines()) > 0
    assert "at most 5 % wrong" in shown.stderr
    assert "Forgot 0 answers" in purged.stderr
    assert listed.stdout.startswith(f"{STRONG}\tlearning\t")
    assert removed.exit_code == 0
    assert quarterdeck("semantic-cache", "show", STRONG).exit_code == 4


def test_a_router_is_made_fed_trained_and_reported_on(quarterdeck: Quarterdeck, tmp_path: Path) -> None:
    chance = random.Random(3)
    file = tmp_path / "outcomes.jsonl"
    with file.open("w") as lines:
        for number in range(320):
            hard = number % 2 == 0
            text = f"{'Please prove the theorem of' if hard else 'Please name the colour of'} thing {number}"
            for target, right in ((WEAK, 0.1 if hard else 0.95), (STRONG, 0.95)):
                score = float(chance.random() < right)
                lines.write(json.dumps({"text": text, "target": target, "score": score, "cost_usd": 0.01}) + "\n")

    made = quarterdeck("router", "create", "mix", "--weak", WEAK, "--strong", STRONG)
    trained = quarterdeck("router", "import", "mix", str(file), "--train")
    report = quarterdeck("router", "report", "mix", "--json")
    tried = quarterdeck("router", "try", "mix", "Please prove the theorem of thing 7", "--json")
    listed = quarterdeck("router")
    removed = quarterdeck("router", "remove", "mix")

    assert (made.exit_code, removed.exit_code) == (0, 0)
    rows = [line.split("\t") for line in trained.stdout.splitlines()]
    assert [row[0] for row in rows] == ["all-weak", "all-strong", "random", "length-only", "learned", "oracle"]
    assert "Gap recovered" in trained.stderr
    assert json.loads(report.stdout)["outcomes"] == 640
    assert json.loads(tried.stdout)["target"] == STRONG
    assert listed.stdout.startswith("mix\t")


def test_an_input_budget_is_set_listed_and_removed(quarterdeck: Quarterdeck) -> None:
    made = quarterdeck("input-budget", "set", STRONG, "--most-tokens", "8000", "--trim", "--keep", "0.33")
    listed = quarterdeck("input-budget")
    removed = quarterdeck("input-budget", "remove", STRONG)

    assert [result.exit_code for result in (made, listed, removed)] == [0, 0, 0]
    assert listed.stdout == f"{STRONG}\t8000\ttrim\t0.33\n"


def test_a_file_that_is_not_what_it_should_be_is_named_by_its_line(quarterdeck: Quarterdeck, tmp_path: Path) -> None:
    broken, lacking, empty = tmp_path / "a", tmp_path / "b", tmp_path / "c"
    broken.write_text('{"text": "a", "target": "b", "score": 1}\n{oops\n')
    lacking.write_text('{"text": "a"}\n')
    empty.write_text("\n")

    said = [quarterdeck("router", "import", "mix", str(file)) for file in (broken, lacking, empty)]

    assert [result.exit_code for result in said] == [2, 2, 2]
    assert "Line 2" in said[0].stderr
    assert "`target`" in said[1].stderr
    assert "is empty" in said[2].stderr
