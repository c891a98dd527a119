"""One measurement: a load against a gateway, seen by the client and on the gateway's clock of CPU time."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import psutil

from bench.gateway.load import Load, Observed
from bench.gateway.processes import Process

CHECKOUT = Path(__file__).parents[2]
_SETTLE_S = 1.5


@dataclass(frozen=True)
class Cores:
    """Who runs where: a gateway alone, its provider and its clients together on the other core."""

    gateway: int
    others: int


@dataclass(frozen=True)
class Measured:
    """What one load on one target gave."""

    scenario: str
    target: str
    requests: int
    per_second: float
    asked_per_second: float | None
    p50_ms: float
    p99_ms: float
    first_token_p50_ms: float | None
    cpu_ms: float | None
    """CPU a request, user and system, of the whole tree of processes."""
    memory_mb: float | None
    beside: float
    """How many cores were busy with programs that have nothing to do with the measurement."""
    shed: int


def measure(scenario: str, target: str, load: Load, cores: Cores, process: Process | None = None) -> Measured:
    """Put a load on a target."""
    before, busy = process.cpu_s() if process else 0.0, _busy_s()
    began = time.perf_counter()
    observed, used = _observe(load, cores)
    if process:
        time.sleep(_SETTLE_S)  # what is still to be stored of the last requests is their work, too
    ours = process.cpu_s() - before if process else 0.0
    foreign = _busy_s() - busy - ours - used
    lasted = time.perf_counter() - began
    if not observed.durations:
        raise SystemExit(f"{target}: not one answer to `{scenario}`.")
    took = sorted(observed.durations)
    return Measured(
        scenario=scenario,
        target=target,
        requests=len(took),
        per_second=len(took) / observed.elapsed_s,
        asked_per_second=load.per_second,
        p50_ms=quantile(took, 0.5) * 1000,
        p99_ms=quantile(took, 0.99) * 1000,
        first_token_p50_ms=quantile(sorted(observed.first_tokens), 0.5) * 1000 if observed.first_tokens else None,
        cpu_ms=ours * 1000 / len(took) if process else None,
        memory_mb=process.memory_mb() if process else None,
        beside=max(0.0, foreign / lasted),
        shed=observed.shed,
    )


def start_provider(cores: Cores, folder: Path) -> tuple[Process, int]:
    """The fake provider, and its port."""
    process = Process(
        [sys.executable, "-m", "bench.gateway.provider"],
        core=cores.others,
        log=folder / "provider.log",
        PYTHONPATH=str(CHECKOUT),
    )
    return process, int(process.first_line())


def quantile(ordered: Sequence[float], share: float) -> float:
    """The value below which a share of the values lies."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def _observe(load: Load, cores: Cores) -> tuple[Observed, float]:
    children = os.times()
    done = subprocess.run(
        [sys.executable, "-m", "bench.gateway.load"],
        input=msgspec.json.encode(load),
        capture_output=True,
        cwd=CHECKOUT,
        preexec_fn=lambda: os.sched_setaffinity(0, {cores.others}),
    )
    if done.returncode:
        raise SystemExit(done.stderr.decode())
    after = os.times()
    used = after.children_user + after.children_system - children.children_user - children.children_system
    return msgspec.json.decode(done.stdout, type=Observed), used


def _busy_s() -> float:
    times = psutil.cpu_times()
    return float(times.user + times.system + times.nice + times.softirq + times.irq)
