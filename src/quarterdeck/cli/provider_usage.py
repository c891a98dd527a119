"""Reads what providers export of their usage: OpenAI's and Anthropic's usage reports as JSON, and tables as CSV."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from quarterdeck.cli.client import Json
from quarterdeck.cli.exits import WrongUse

_DAY = ("day", "date", "usage_date_utc", "start_time", "start_time_iso", "starting_at", "timestamp")
_MODEL = ("model", "model_version", "snapshot_id")
# OpenAI's input contains what was read from its cache, Anthropic's parts of the input are told apart.
_INPUT = ("input_tokens", "n_context_tokens_total", "uncached_input_tokens", "usage_input_tokens_no_cache")
_MORE_INPUT = (
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
    "ephemeral_5m_input_tokens",
    "ephemeral_1h_input_tokens",
    "usage_input_tokens_cache_read",
    "usage_input_tokens_cache_write_5m",
    "usage_input_tokens_cache_write_1h",
)
_OUTPUT = ("output_tokens", "n_generated_tokens_total", "usage_output_tokens")


def read_provider_usage(file: Path) -> list[Json]:
    """The rows of an export: day, model, tokens."""
    try:
        text = file.read_text(encoding="utf-8-sig")
        rows = list(
            _of_json(json.loads(text)) if text.lstrip()[:1] in ("{", "[") else csv.DictReader(text.splitlines())
        )
    except (OSError, ValueError, csv.Error, RecursionError) as error:
        raise WrongUse(f"`{file}` cannot be read as an export of usage: {error}.") from error
    if not rows:
        raise WrongUse(f"`{file}` has no rows. Export the usage of whole days, grouped by model.")
    return [_row(row, file) for row in rows]


def _of_json(found: object) -> Iterator[Mapping[str, object]]:
    buckets = found.get("data", []) if isinstance(found, dict) else found
    for bucket in buckets if isinstance(buckets, list) else []:
        if not isinstance(bucket, dict):
            raise ValueError("a row is no object")
        results = bucket.get("results")
        if not isinstance(results, list):
            yield _flat(bucket)
            continue
        for result in results:
            if isinstance(result, dict):
                yield {**_flat(result), **{name: bucket[name] for name in _DAY if name in bucket}}


def _flat(row: Mapping[str, object]) -> dict[str, object]:
    flat: dict[str, object] = {}
    for name, value in row.items():
        flat |= value if isinstance(value, dict) else {name: value}
    return flat


def _row(row: Mapping[str, object], file: Path) -> Json:
    day, model = _first(row, _DAY), _first(row, _MODEL)
    if day is None or model is None:
        raise WrongUse(f"A row of `{file}` names no day or no model. Export usage by day, grouped by model.")
    return {
        "day": _day(day, file),
        "model": str(model),
        "input_tokens": _number(_first(row, _INPUT), file) + sum(_number(row.get(name), file) for name in _MORE_INPUT),
        "output_tokens": _number(_first(row, _OUTPUT), file),
    }


def _first(row: Mapping[str, object], names: Sequence[str]) -> object:
    return next((row[name] for name in names if row.get(name) not in (None, "")), None)


def _day(said: object, file: Path) -> str:
    try:
        if isinstance(said, int | float) or (isinstance(said, str) and said.isdigit()):
            return datetime.fromtimestamp(int(said), UTC).date().isoformat()
        moment = datetime.fromisoformat(str(said))
        return (moment.astimezone(UTC) if moment.tzinfo else moment).date().isoformat()
    except (ValueError, OverflowError, OSError) as error:
        raise WrongUse(f"`{said}` in `{file}` is no day. Write it as `2026-11-20`.") from error


def _number(said: object, file: Path) -> int:
    try:
        return int(str(said or 0).replace(",", ""))
    except ValueError as error:
        raise WrongUse(f"`{said}` in `{file}` is no number of tokens.") from error
