"""`quarterdeck limits`, `teams` and `keys`: what one sets is what the server holds."""

from __future__ import annotations

import json

from tests.unit.cli.conftest import Quarterdeck


def test_a_budget_of_a_team_is_set_shown_and_removed(quarterdeck: Quarterdeck) -> None:
    quarterdeck("teams", "create", "search", "--description", "They search.")

    said = quarterdeck(
        "limits", "set", "search-month", "--of", "team:search", "--budget", "100/month", "--alert-at", "50"
    )
    rows = json.loads(quarterdeck("limits", "list", "--json").stdout)["items"]
    listed = quarterdeck("limits", "list").stdout
    quarterdeck("limits", "remove", "search-month")

    assert "a month for team search" in said.stderr
    (row,) = [row for row in rows if row["limit"]["name"] == "search-month"]
    assert (row["limit"]["metric"], row["limit"]["amount"], row["limit"]["alert_at"]) == ("cost", 100, [0.5])
    assert (row["used"], row["left"], row["state"]) == (0, 100, "ok")
    assert "search-month" in listed
    assert json.loads(quarterdeck("limits", "list", "--json").stdout)["items"] == []


def test_one_amount_is_needed_and_its_window(quarterdeck: Quarterdeck) -> None:
    both = quarterdeck("limits", "set", "a", "--budget", "1/day", "--requests", "1/day")
    no_window = quarterdeck("limits", "set", "a", "--requests", "60")

    assert "Say one amount" in both.stderr
    assert "says no window" in no_window.stderr


def test_a_key_is_changed_and_rotated(quarterdeck: Quarterdeck) -> None:
    quarterdeck("keys", "create", "robot", "--model", "openai/*", "--tag", "nightly")

    changed = json.loads(quarterdeck("keys", "change", "robot", "--ip", "127.0.0.0/8", "--json").stdout)
    rotated = quarterdeck("keys", "rotate", "robot", "--overlap", "1")

    assert (changed["allowed_models"], changed["allowed_ips"], changed["tags"]) == (
        ["openai/*"], ["127.0.0.0/8"], ["nightly"],
    )  # fmt: skip
    assert rotated.stdout.strip().startswith("sk-qd-")
    assert "the old secret works until" in rotated.stderr
