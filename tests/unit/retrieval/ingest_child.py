"""A process that ingests the handbook it finds in a folder, says how far it is, and may be killed at any moment."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from quarterdeck.access.keyring import Keyring
from quarterdeck.config.settings import Settings
from quarterdeck.core.hashing import sha256
from quarterdeck.retrieval import ingestion, library
from quarterdeck.retrieval.records import ManifestFile
from quarterdeck.runtime.work import Work
from quarterdeck.server.wiring import running


async def main(home: Path, folder: Path) -> None:
    """What `quarterdeck ingest --wait` makes a server do."""
    files = {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
    async with running(Settings(home=home)) as runtime:
        work = Work(runtime=runtime, actor=runtime.part(Keyring).administrator("admin"))
        offered = [ManifestFile(path, sha256(content), len(content)) for path, content in files.items()]
        wanted = (await ingestion.want(work, "handbook", offered)).wanted
        _say(f"wanted {len(wanted)}")
        for path in wanted:
            await ingestion.stage_file(work, "handbook", path, files[path])
            _say(f"staged {path}")
        await ingestion.publish(work, "handbook")
        _say("published")
        before = -1
        while (state := await library.knowledge(work, "handbook")).embedded < state.chunks:
            if state.embedded != before:
                _say(f"embedded {state.embedded}")
                before = state.embedded
            await asyncio.sleep(0.005)
        _say("done")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2])))
