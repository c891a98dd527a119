"""`quarterdeck routes`: what one sets is what the server answers by."""

from __future__ import annotations

import json
from pathlib import Path

from tests.unit.cli.conftest import Quarterdeck

LOCAL = "local/extractive"


def test_an_alias_is_set_shown_tried_and_removed(quarterdeck: Quarterdeck, tmp_path: Path) -> None:
    said = quarterdeck(
        "routes", "set", "fast", f"{LOCAL}=3", "--strategy", "sticky", "--option", "by=user",
        "--fallback", f"context_window:{LOCAL}", "--fallback", LOCAL, "--retries", "2", "--first-token", "20",
    )  # fmt: skip
    listed = quarterdeck("routes", "list").stdout
    shown = quarterdeck("routes", "show", "fast").stdout
    whole = quarterdeck("routes", "show", "fast", "--json").stdout
    tried = json.loads(quarterdeck("routes", "test", "fast", "What is known?", "--json").stdout)
    file = tmp_path / "plan.json"
    file.write_text(whole)
    copied = quarterdeck("routes", "set", "copy", "--file", str(file))
    plan = json.loads(quarterdeck("routes", "show", "copy", "--json").stdout)["plan"]
    quarterdeck("routes", "remove", "fast")
    quarterdeck("routes", "remove", "copy")

    assert f"`fast` is answered by `{LOCAL}`" in said.stderr
    assert "fast" in listed
    assert LOCAL in shown
    assert (tried["ok"], tried["model"], len(tried["attempts"])) == (True, LOCAL, 1)
    assert "`copy`" in copied.stderr
    assert plan == json.loads(whole)["plan"]
    assert plan["targets"][0]["weight"] == 3
    assert (plan["strategy"], plan["options"], plan["retries"]) == ("sticky", {"by": "user"}, 2)
    assert (plan["fallbacks"]["any"], plan["fallbacks"]["context_window"]) == ([LOCAL], [LOCAL])
    assert plan["timeouts"]["first_token_s"] == 20
    assert json.loads(quarterdeck("routes", "list", "--json").stdout)["items"] == []


def test_what_is_wrong_is_said(quarterdeck: Quarterdeck) -> None:
    nobody = quarterdeck("routes", "set", "fast")
    unknown = quarterdeck("routes", "set", "fast", "nobody/x")
    no_number = quarterdeck("routes", "set", "fast", f"{LOCAL}=much")
    failed = quarterdeck("routes", "test", "nobody/x")

    assert "Name the models that answer" in nobody.stderr
    assert "nobody/x" in unknown.stderr
    assert "`much`" in no_number.stderr
    assert failed.exit_code != 0


def test_strategies_are_listed(quarterdeck: Quarterdeck) -> None:
    assert "lowest-latency" in quarterdeck("routes", "strategies").stdout
