"""Results as JSON, and as the tables that the docs show: medians over the repeats."""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import psutil

from bench.gateway.measuring import Measured

RESULTS = Path(__file__).parents[1] / "results"


def save(results: Sequence[Measured], versions: Mapping[str, str], settings: Mapping[str, str]) -> Path:
    """Everything that was measured, as it was measured."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"gateways-{time.strftime('%Y%m%d-%H%M%S')}.json"
    machine = {
        "python": sys.version.split()[0],
        "cores": psutil.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30),
        "load": os.getloadavg(),
    }
    said = {"machine": machine, "versions": versions, "settings": settings, "results": [asdict(r) for r in results]}
    path.write_text(json.dumps(said, indent=1))
    return path


def table(results: Sequence[Measured], versions: Mapping[str, str]) -> str:
    """The gateways side by side, in Markdown."""
    names = list(dict.fromkeys(r.target for r in results if r.target in versions))
    found = _Medians(results)
    rows: list[tuple[str, Callable[[str], str]]] = [
        ("requests/s, plain", lambda name: _number(found(name, "plain", "per_second"), 0)),
        ("CPU a plain request, ms", lambda name: _number(found(name, "plain", "cpu_ms"), 3)),
        ("added p50 at 70 % load, ms", lambda name: _number(found.added(name, "plain, 70 % load", "p50_ms"), 2)),
        ("added p99 at 70 % load, ms", lambda name: _number(found.added(name, "plain, 70 % load", "p99_ms"), 2)),
        ("100-chunk streams/s", lambda name: _number(found(name, "stream", "per_second"), 0)),
        ("CPU a stream, ms", lambda name: _number(found(name, "stream", "cpu_ms"), 2)),
        ("added to first token, ms", lambda name: _number(found.added(name, "stream, 35 % load", "first_token_p50_ms"), 2)),
        ("CPU a translated request, ms", lambda name: _number(found(name, "translated", "cpu_ms"), 3)),
        ("CPU a translated stream, ms", lambda name: _number(found(name, "translated stream", "cpu_ms"), 2)),
        ("memory after the load, MB", lambda name: _number(found(name, "stream", "memory_mb"), 0)),
        ("cold start until it answers, s", lambda name: _number(found.seconds(name, "cold start"), 1)),
    ]  # fmt: skip
    lines = ["| | " + " | ".join(f"{name} {versions[name]}".strip() for name in names) + " |", "|---" * (len(names) + 1) + "|"]  # fmt: skip
    lines += [f"| {title} | " + " | ".join(cell(name) for name in names) + " |" for title, cell in rows]
    return "\n".join(lines)


def all_lines(results: Sequence[Measured]) -> str:
    """Every scenario, one a line."""
    found = _Medians(results)
    lines = [f"{'scenario':<34}{'target':<24}{'req/s':>8}{'p50 ms':>9}{'p99 ms':>9}{'first':>8}{'CPU ms':>9}{'MB':>6}{'beside':>8}"]  # fmt: skip
    for scenario, target in dict.fromkeys((r.scenario, r.target) for r in results):
        cells = [
            _number(found(target, scenario, name), digits).rjust(width)
            for name, digits, width in (
                ("per_second", 0, 8), ("p50_ms", 2, 9), ("p99_ms", 2, 9), ("first_token_p50_ms", 2, 8),
                ("cpu_ms", 3, 9), ("memory_mb", 0, 6), ("beside", 2, 8),
            )
        ]  # fmt: skip
        lines.append(f"{scenario:<34}{target:<24}" + "".join(cells))
    return "\n".join(lines)


class _Medians:
    """The median of one number of one scenario, over the repeats."""

    def __init__(self, results: Sequence[Measured]) -> None:
        self._results = results

    def __call__(self, target: str, scenario: str, field: str) -> float | None:
        values = [getattr(r, field) for r in self._results if r.target == target and r.scenario == scenario]
        known = [value for value in values if value is not None]
        return statistics.median(known) if known else None

    def added(self, target: str, scenario: str, field: str) -> float | None:
        through, direct = self(target, scenario, field), self(f"direct to {target}", scenario, field)
        return None if through is None or direct is None else through - direct

    def seconds(self, target: str, scenario: str) -> float | None:
        found = self(target, scenario, "p50_ms")
        return None if found is None else found / 1000


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:,.{digits}f}"
