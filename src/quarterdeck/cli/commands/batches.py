"""`quarterdeck batches`: many calls in one file, run in their own time."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import rich_click as click

from quarterdeck.cli import show
from quarterdeck.cli.client import Json
from quarterdeck.cli.desk import Desk, command
from quarterdeck.cli.exits import Failed, WrongUse
from quarterdeck.cli.groups import Noun
from quarterdeck.cli.quantities import NONE
from quarterdeck.cli.show import Column

_ENDED = {"completed", "failed", "expired", "cancelled"}
_LOOK_EVERY_S = 0.5


@click.group(cls=Noun)
def batches() -> None:
    """Batches of calls: begin, watch, cancel, fetch."""


@batches.command("list")
@click.option("--limit", type=click.IntRange(1, 100), default=20, show_default=True)
@command
def list_batches(desk: Desk, limit: int) -> None:
    """List the batches of the project, newest first."""
    page = desk.server.get("/v1/batches", limit=limit)
    desk.give(
        page, lambda: show.table(page["data"], _COLUMNS, empty="No batches yet. `quarterdeck batches begin FILE`.")
    )


@batches.command("begin")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--endpoint", default="/v1/chat/completions", show_default=True, metavar="PATH", help="What each line calls."
)
@click.option("--wait", is_flag=True, help="Stay until it has ended.")
@command
def begin_batch(desk: Desk, file: Path, endpoint: str, wait: bool) -> None:
    """Send a file of requests, one JSON object a line, and begin to run it.

    A line is `{"custom_id": "1", "method": "POST", "url": "/v1/chat/completions", "body": {…}}`, as in OpenAI's batch API.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise WrongUse(f"`{file}` cannot be read: {error.strerror}.") from error
    sent = desk.server.post_file("/v1/files", file.name, content, purpose="batch")
    batch = desk.server.post(
        "/v1/batches", {"endpoint": endpoint, "input_file_id": sent["id"], "completion_window": "24h"}
    )
    if wait:
        batch = _waited(desk, batch)
    desk.give(batch, lambda: _present(batch))
    if batch["status"] == "failed":
        raise Failed(f"The batch `{batch['id']}` has failed: {batch['errors']['data'][0]['message']}")


@batches.command("show")
@click.argument("batch_id", metavar="BATCH")
@click.option("--wait", is_flag=True, help="Stay until it has ended.")
@command
def show_batch(desk: Desk, batch_id: str, wait: bool) -> None:
    """Show how a batch stands."""
    batch = desk.server.get(f"/v1/batches/{batch_id}")
    if wait:
        batch = _waited(desk, batch)
    desk.give(batch, lambda: _present(batch))


@batches.command("cancel")
@click.argument("batch_id", metavar="BATCH")
@command
def cancel_batch(desk: Desk, batch_id: str) -> None:
    """Stop a batch; what is finished can still be fetched."""
    batch = desk.server.post(f"/v1/batches/{batch_id}/cancel")
    desk.give(batch, lambda: show.say(f"Stopping `{batch_id}`."))


@batches.command("fetch")
@click.argument("batch_id", metavar="BATCH")
@click.option("--errors", is_flag=True, help="The lines that failed, instead of those that did not.")
@command
def fetch_batch(desk: Desk, batch_id: str, errors: bool) -> None:
    """Print the answers of a batch that has ended, one JSON object a line."""
    batch = desk.server.get(f"/v1/batches/{batch_id}")
    file_id = batch["error_file_id" if errors else "output_file_id"]
    if file_id is None:
        ended = batch["status"] in _ENDED
        raise Failed(
            f"`{batch_id}` has none." if ended else f"`{batch_id}` is {batch['status']}: wait until it has ended."
        )
    sys.stdout.buffer.write(desk.server.content(f"/v1/files/{file_id}/content"))


def _waited(desk: Desk, batch: Json) -> Json:
    while batch["status"] not in _ENDED:
        time.sleep(_LOOK_EVERY_S)
        batch = desk.server.get(f"/v1/batches/{batch['id']}")
    return batch


def _present(batch: Json) -> None:
    counts = batch["request_counts"]
    done = f"{counts['completed']} of {counts['total']} done, {counts['failed']} failed"
    show.say(f"`{batch['id']}` is {batch['status']}: {done}.")
    for error in (batch["errors"] or {"data": []})["data"]:
        where = f"line {error['line']}: " if error["line"] else ""
        show.say(f"{where}{error['message']}", style="red")
    if batch["output_file_id"]:
        show.say(f"`quarterdeck batches fetch {batch['id']}` prints the answers.")


_COLUMNS = (
    Column("batch", lambda b: b["id"], style="cyan"),
    Column("status", lambda b: b["status"]),
    Column("done", lambda b: b["request_counts"]["completed"], right=True),
    Column("failed", lambda b: b["request_counts"]["failed"], right=True),
    Column("of", lambda b: b["request_counts"]["total"], right=True),
    Column("begun", lambda b: b["created_at"], lambda b: _moment(b["created_at"]) or NONE, spare=1),
    Column("endpoint", lambda b: b["endpoint"], spare=2),
)


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
