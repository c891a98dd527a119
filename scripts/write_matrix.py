"""Runs every translation, and writes `docs/reference/translation-matrix.md` from what came of it. Takes half a minute."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.contract.gateway.matrix.table import PAGE, page, run  # the tests lie beside the package


def main() -> int:
    """Write the page, unless something is wrong."""
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(run(Path(folder)))
    wrong = {cell: said for cell, said in found.items() if said.startswith("wrong")}
    for cell, said in wrong.items():
        print(f"{' / '.join(cell)}: {said}")
    if wrong:
        return 1
    PAGE.write_text(page(found))
    print(f"wrote {PAGE.name}: {len(found)} cases")
    return 0


if __name__ == "__main__":
    sys.exit(main())
