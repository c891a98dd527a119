"""`quarterdeck ingest`: files and folders become a knowledge base."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import rich_click as click

from quarterdeck.cli import completing, releases, show, uploads
from quarterdeck.cli.client import Json
from quarterdeck.cli.desk import Desk, command
from quarterdeck.cli.exits import Failed, Unreachable, WrongUse
from quarterdeck.cli.files import find_files
from quarterdeck.cli.progress import progress
from quarterdeck.cli.quantities import duration, plural
from quarterdeck.cli.uploads import Refusal, Upload
from quarterdeck.core import clock

_POLL_S = 0.5
_PATIENCE_S = 120
_MOST_NAMED = 20


@dataclass
class Tally:
    """What became of the files so far."""

    stored: int = 0
    unchanged: int = 0
    refused: list[Refusal] = field(default_factory=list)

    def add(self, upload: Upload) -> None:
        """Count one more."""
        if upload.refusal is not None:
            self.refused.append(upload.refusal)
        elif upload.unchanged:
            self.unchanged += 1
        else:
            self.stored += 1


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH...")
@click.option(
    "--into",
    "knowledge",
    required=True,
    metavar="NAME",
    shell_complete=completing.KNOWLEDGE,
    help="The knowledge base; made when it is new.",
)
@click.option("--prune", is_flag=True, help="Drop documents that are not among these files.")
@click.option(
    "--app",
    metavar="NAME",
    shell_complete=completing.APPS,
    help="Let this app answer from the new version; made when it is new.",
)
@click.option("--wait", is_flag=True, help="Wait until every passage is embedded.")
@command
def ingest(desk: Desk, paths: tuple[Path, ...], knowledge: str, prune: bool, app: str | None, wait: bool) -> None:
    """Put files and folders into a knowledge base.

    Reads Markdown, HTML, PDF, DOCX and plain text; leaves out hidden files. A file that cannot be read is named
    with its reason while the rest goes on. Run it again at any time: only what changed is sent and embedded.
    """
    began = clock.monotonic_ns()
    files = find_files(paths)
    if not files:
        raise WrongUse(f"There are no files in {', '.join(f'`{path}`' for path in paths)}, apart from hidden ones.")
    tally = Tally()

    with progress("Reading", len(files), quiet=desk.as_json) as step:

        def hear(upload: Upload) -> None:
            tally.add(upload)
            step(1)

        try:
            uploads.send(desk.server, knowledge, files, hear)
        except Unreachable as error:
            raise Unreachable(f"{error.message} What was sent is kept: the same command goes on from there.") from error
    if not tally.stored and not tally.unchanged:
        _tell_refused(tally.refused)
        raise Failed(f"None of {plural(len(files), 'file')} could be read, so `{knowledge}` stays as it was.")
    # Refused ones too: pruning them would make the server forget why they were refused.
    version = uploads.publish(desk.server, knowledge, [file.path for file in files], prune=prune)
    seconds_ms = (clock.monotonic_ns() - began) / 1e6
    if wait:
        version = {**version, "embedded": _wait_for_embeddings(desk, knowledge)}
    deployment = releases.point_at(desk.server, app, knowledge, version["version"]) if app else None
    answer = {
        "knowledge": knowledge,
        "version": version,
        "stored": tally.stored,
        "unchanged": tally.unchanged,
        "refused": [asdict(refusal) for refusal in tally.refused],
        "deployment": deployment,
    }
    desk.give(answer, lambda: _present(answer, seconds_ms))
    _tell_refused(tally.refused)


def _present(answer: Json, took_ms: float) -> None:
    version = answer["version"]
    if show.is_terminal():
        show.say(
            f"`{answer['knowledge']}` is at version {version['version']}: {plural(version['documents'], 'document')}, "
            f"{plural(version['chunks'], 'passage')}, in {duration(took_ms)} "
            f"({answer['stored']:,} new or changed, {answer['unchanged']:,} unchanged)."
        )
    else:
        show.facts(
            [
                ("knowledge", answer["knowledge"]),
                ("version", str(version["version"])),
                *((name, str(version[name])) for name in ("documents", "chunks", "embedded")),
                *((name, str(answer[name])) for name in ("stored", "unchanged")),
                ("refused", str(len(answer["refused"]))),
            ]
        )
    waiting = version["chunks"] - version["embedded"]
    if waiting > 0:
        show.say(f"Words are searchable now; {plural(waiting, 'passage is', 'passages are')} being embedded meanwhile.")
    if answer["deployment"] is not None:
        show.say(
            f"App `{answer['deployment']['app']}` answers from it: release `{answer['deployment']['release_id']}`."
        )


def _tell_refused(refused: list[Refusal]) -> None:
    if refused:
        show.say(f"{plural(len(refused), 'file')} could not be read:", style="yellow")
    for refusal in sorted(refused, key=lambda refusal: refusal.path)[:_MOST_NAMED]:
        show.say(f"  {refusal.path}: {refusal.reason}")
    if len(refused) > _MOST_NAMED:
        show.say(f"  and {len(refused) - _MOST_NAMED:,} more; `--json` names all.")


def _wait_for_embeddings(desk: Desk, knowledge: str) -> int:
    state = desk.server.get(f"/api/v1/knowledge/{knowledge}")
    done = int(state["embedded"])
    with progress("Embedding", state["chunks"], quiet=desk.as_json) as step:
        step(done)
        moved_ns = clock.monotonic_ns()
        while done < state["chunks"]:
            time.sleep(_POLL_S)
            state = desk.server.get(f"/api/v1/knowledge/{knowledge}")
            if state["embedded"] != done:
                moved_ns = clock.monotonic_ns()
            elif clock.monotonic_ns() - moved_ns > _PATIENCE_S * 1e9:
                raise Failed(f"Nothing was embedded for {_PATIENCE_S} s. `quarterdeck doctor` looks into it.")
            step(state["embedded"] - done)
            done = int(state["embedded"])
    return done
