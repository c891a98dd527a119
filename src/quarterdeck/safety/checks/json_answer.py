"""Answers that must be JSON of a certain shape."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import islice
from typing import Any, ClassVar

import msgspec

from quarterdeck.safety import json_schema
from quarterdeck.safety.check import LocalCheck
from quarterdeck.safety.records import Finding, Stage

_MOST_PROBLEMS = 3


class JsonAnswerOptions(msgspec.Struct):
    """The shape."""

    schema: dict[str, Any] = {}  # Any: a JSON schema
    allow_code_fence: bool = True
    """Whether the JSON may stand between three backticks, as many models write it."""


class JsonAnswer(LocalCheck[JsonAnswerOptions]):
    """Finds answers that are no JSON, or do not fit a JSON schema."""

    kind: ClassVar[str] = "json_schema"
    stages: ClassVar[tuple[Stage, ...]] = ("output",)
    options_type: ClassVar[type[msgspec.Struct]] = JsonAnswerOptions

    def __init__(self, options: JsonAnswerOptions) -> None:
        super().__init__(options)
        json_schema.require_known(options.schema)

    def inspect(self, text: str) -> Sequence[Finding]:
        try:
            value = json.loads(self._bare(text))
        except (ValueError, RecursionError):
            return [Finding("no_json", 0, len(text))]
        found = list(islice(json_schema.problems(value, self.options.schema), _MOST_PROBLEMS))
        return [Finding(f"schema: {'; '.join(found)}"[:200], 0, len(text))] if found else []

    def _bare(self, text: str) -> str:
        bare = text.strip()
        if self.options.allow_code_fence and bare.startswith("```") and bare.endswith("```"):
            return bare[3:-3].removeprefix("json").strip()
        return bare
