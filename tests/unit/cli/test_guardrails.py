"""Guardrails and prompts from the terminal."""

from __future__ import annotations

import json
from pathlib import Path

from tests.unit.cli.conftest import Quarterdeck


def test_a_guardrail_is_set_tried_switched_and_removed(quarterdeck: Quarterdeck) -> None:
    made = quarterdeck(
        "guardrails", "set", "mail", "--check", 'personal_data={"types": ["email"]}', "--action", "redact"
    )
    listed = quarterdeck("guardrails")
    tried = quarterdeck("guardrails", "test", "mail", "I am ada@example.org")
    off = quarterdeck("guardrails", "off", "mail", "--json")
    removed = quarterdeck("guardrails", "remove", "mail")
    after = quarterdeck("guardrails")

    assert [result.exit_code for result in (made, listed, tried, off, removed)] == [0, 0, 0, 0, 0]
    assert listed.stdout.startswith("mail\t")
    assert "I am [EMAIL]" in tried.stdout
    assert json.loads(off.stdout)["enabled"] is False
    assert "mail" not in after.stdout


def test_a_trial_that_blocks_ends_with_1(quarterdeck: Quarterdeck) -> None:
    quarterdeck("guardrails", "set", "words", "--check", 'deny_list={"words": ["xyzzy"]}')

    blocked = quarterdeck("guardrails", "test", "words", "-", "--json", stdin="Say xyzzy")
    fine = quarterdeck("guardrails", "test", "words", "Say hello")

    assert (blocked.exit_code, fine.exit_code) == (1, 0)
    assert json.loads(blocked.stdout)["verdicts"][0]["outcome"] == "blocked"
    quarterdeck("guardrails", "remove", "words")


def test_what_show_prints_can_be_set_again(quarterdeck: Quarterdeck, tmp_path: Path) -> None:
    quarterdeck("guardrails", "set", "one", "--check", "secrets", "--model", "openai/*", "--stage", "input")
    policy = tmp_path / "policy.json"
    policy.write_text(quarterdeck("guardrails", "show", "one").stdout)

    again = json.loads(quarterdeck("guardrails", "set", "two", "--from", str(policy), "--json").stdout)

    assert (again["stages"], again["scope"]["models"], again["version"]) == (["input"], ["openai/*"], 1)
    for name in ("one", "two"):
        quarterdeck("guardrails", "remove", name)


def test_a_check_that_makes_no_sense_is_refused(quarterdeck: Quarterdeck) -> None:
    unknown = quarterdeck("guardrails", "set", "x", "--check", "magic")
    no_json = quarterdeck("guardrails", "set", "x", "--check", "length={")
    nothing = quarterdeck("guardrails", "set", "x")

    assert [result.exit_code for result in (unknown, no_json, nothing)] == [2, 2, 2]
    assert "no kind of check" in unknown.stderr


def test_the_kinds_of_checks_are_listed(quarterdeck: Quarterdeck) -> None:
    assert "prompt_injection\t" in quarterdeck("guardrails", "checks").stdout


def test_a_prompt_is_added_labelled_and_shown(quarterdeck: Quarterdeck, tmp_path: Path) -> None:
    wording = tmp_path / "greeting.txt"
    wording.write_text("Be brief, {{ name }}.")

    added = quarterdeck("prompts", "add", "greeting", str(wording), "--model", "openai/gpt-4o", "--parameter", "temperature=0.2")  # fmt: skip
    again = quarterdeck("prompts", "add", "greeting", "-", "--label", "staging", stdin="Be briefer.")
    moved = quarterdeck("prompts", "label", "greeting", "production", "1")
    shown = quarterdeck("prompts", "show", "greeting", "--version", "1")
    listed = quarterdeck("prompts", "--json")
    gone = quarterdeck("prompts", "unlabel", "greeting", "staging")

    assert [result.exit_code for result in (added, again, moved, shown, listed, gone)] == [0] * 6
    assert shown.stdout == "Be brief, {{ name }}.\n"
    (prompt,) = [one for one in json.loads(listed.stdout)["items"] if one["name"] == "greeting"]
    assert {one["label"]: one["version"] for one in prompt["labels"]} == {"production": 1, "staging": 2}
