"""The questions of the demo, read from beside its handbook."""

from __future__ import annotations

import json
from pathlib import Path

from quarterdeck.demo.records import Question

KNOWLEDGE = "handbook"
APP = "policy-bot"
HANDBOOK = Path(__file__).parent / "handbook"
_QUESTIONS = Path(__file__).parent / "questions.json"


def load_questions() -> list[Question]:
    """All of them, in order."""
    rows = json.loads(_QUESTIONS.read_text(encoding="utf-8"))["questions"]
    return [
        Question(
            id=row["id"],
            question=row["question"],
            kind=row["kind"],
            expected_sources=tuple(row["expected_sources"]),
            expected_facts=tuple(row["expected_facts"]),
            note=row["note"],
        )
        for row in rows
    ]
