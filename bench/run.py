"""Runs every benchmark that needs nothing but this checkout, one after the other: `make bench`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent


def main() -> int:
    """Run them all; the worst exit code is ours."""
    worst = 0
    for path in sorted(FOLDER.glob("bench_*.py")):
        title = (path.read_text().split('"""')[1]).splitlines()[0]
        print(f"\n── {path.stem}: {title}", flush=True)
        worst = max(worst, subprocess.run([sys.executable, "-m", f"bench.{path.stem}"], cwd=FOLDER.parent).returncode)
    return worst


if __name__ == "__main__":
    sys.exit(main())
