"""Runs every benchmark that needs nothing but this checkout, one after the other: `make bench`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
DEMO = FOLDER.parent / "src" / "quarterdeck" / "demo"
ARGUMENTS = {"bench_answers": [str(DEMO / "handbook"), "--questions", str(DEMO / "questions.json")]}
NEEDS_PUBLIC_DATA = {"bench_grounding", "bench_router", "bench_semantic_cache"}
"""Run these by hand, with the folder that their first lines name."""


def main() -> int:
    """Run them all; the worst exit code is ours."""
    worst = 0
    for path in sorted(FOLDER.glob("bench_*.py")):
        if path.stem in NEEDS_PUBLIC_DATA:
            continue
        title = (path.read_text().split('"""')[1]).splitlines()[0]
        print(f"\n── {path.stem}: {title}", flush=True)
        command = [sys.executable, "-m", f"bench.{path.stem}", *ARGUMENTS.get(path.stem, [])]
        worst = max(worst, subprocess.run(command, cwd=FOLDER.parent).returncode)
    return worst


if __name__ == "__main__":
    sys.exit(main())
