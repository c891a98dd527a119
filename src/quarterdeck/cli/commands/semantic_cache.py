"""`quarterdeck semantic-cache`: answers given again for questions that mean the same, under a promise."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import rich_click as click

from quarterdeck.cli import completing, show
from quarterdeck.cli.client import Json
from quarterdeck.cli.desk import Desk, command, force_option
from quarterdeck.cli.groups import Noun
from quarterdeck.cli.jsonl import JSON_LINES, read_objects
from quarterdeck.cli.quantities import NONE, ago, count, money, plural
from quarterdeck.cli.show import Column


@click.group(cls=Noun)
def semantic_cache() -> None:
    """Semantic caches: set up, their promise, purge."""


@semantic_cache.command("list")
@command
def list_caches(desk: Desk) -> None:
    """List the semantic caches, and whether each keeps its promise."""
    page = desk.server.items("/api/v1/semantic-caches")
    empty = "None yet. `quarterdeck semantic-cache set TARGET` sets one up for an app or a model."
    desk.give(page, lambda: show.table(page["items"], _COLUMNS, empty=empty))


@semantic_cache.command("show")
@click.argument("target", shell_complete=completing.SEMANTIC_CACHES)
@command
def show_cache(desk: Desk, target: str) -> None:
    """Show one: the promise, the checks it rests on, and what was saved."""
    found = desk.server.get(_address(target))
    desk.give(found, lambda: _present(found))


@semantic_cache.command("set")
@click.argument("target", shell_complete=completing.MODELS)
@click.option("--most-wrong", type=float, metavar="SHARE", default=0.02, show_default=True, help="Of all hits.")
@click.option("--confidence", type=float, metavar="SHARE", default=0.95, show_default=True, help="Of that promise.")
@click.option(
    "--check-share", type=float, metavar="SHARE", default=0.1, show_default=True, help="Of would-be hits to compare."
)
@click.option(
    "--ttl", "ttl_s", type=int, metavar="SECONDS", default=3600, show_default=True, help="How long answers are kept."
)
@click.option("--by-header", is_flag=True, help="Only for requests that say `x-quarterdeck-semantic-cache: on`.")
@click.option("--shared", is_flag=True, help="All keys of the project share answers.")
@click.option(
    "--personal-data", is_flag=True, help="Let questions with e-mail addresses, numbers of cards … take part."
)
@force_option
@command
def set_cache(
    desk: Desk,
    target: str,
    most_wrong: float,
    confidence: float,
    check_share: float,
    ttl_s: int,
    by_header: bool,
    shared: bool,
    personal_data: bool,
    force: bool,
) -> None:
    """Set up the semantic cache of an app or model, or change it. One whose promise broke begins anew."""
    wish = {
        "mode": "by-header" if by_header else "on",
        "most_wrong": most_wrong,
        "confidence": confidence,
        "check_share": check_share,
        "ttl_s": ttl_s,
        "shared": shared,
        "personal_data": personal_data,
    }
    found = desk.server.put(_address(target), wish, force=force or None)
    desk.give(found, lambda: _present(found))


@semantic_cache.command("calibrate")
@click.argument("target", shell_complete=completing.SEMANTIC_CACHES)
@click.argument("file", type=JSON_LINES)
@command
def calibrate_cache(desk: Desk, target: str, file: Path) -> None:
    """Learn from FILE: one `{"text": …, "answer": …}` a line, questions in the order they were asked."""
    labels = [{"text": row["text"], "answer": row["answer"]} for row in read_objects(file, ("text", "answer"))]
    found = desk.server.post(f"{_address(target)}/calibrations", {"labels": labels})
    desk.give(found, lambda: _present(found))


@semantic_cache.command("checks")
@click.argument("target", shell_complete=completing.SEMANTIC_CACHES)
@click.option("--wrong", "wrong_only", is_flag=True, help="Only would-be hits that were wrong.")
@click.option("-n", "--limit", type=click.IntRange(1, 500), metavar="N", default=20, show_default=True, help="So many.")
@command
def list_checks(desk: Desk, target: str, wrong_only: bool, limit: int) -> None:
    """List the comparisons that the promise rests on, newest first."""
    page = desk.server.get(f"{_address(target)}/checks", wrong_only=wrong_only, limit=limit)
    desk.give(page, lambda: show.table(page["items"], _CHECKS, empty="None yet."))


@semantic_cache.command("purge")
@click.argument("target", shell_complete=completing.SEMANTIC_CACHES)
@command
def purge_cache(desk: Desk, target: str) -> None:
    """Forget the kept answers; what was learnt about the promise stays."""
    done = desk.server.post(f"{_address(target)}/purges")
    desk.give(done, lambda: show.say(f"Forgot {plural(done['entries'], 'answer')} of `{done['target']}`."))


@semantic_cache.command("remove")
@click.argument("target", shell_complete=completing.SEMANTIC_CACHES)
@force_option
@command
def remove_cache(desk: Desk, target: str, force: bool) -> None:
    """Take a semantic cache away, with its answers and checks."""
    desk.server.delete(_address(target), force=force or None)
    desk.give({"removed": target}, lambda: show.say(f"Removed the semantic cache of `{target}`."))


def _address(target: str) -> str:
    return f"/api/v1/semantic-caches/{quote(target)}"


def _present(found: Json) -> None:
    style = {"serving": "green", "learning": "yellow", "broken": "red"}[found["state"]]
    show.say(f"{found['target']}: {found['state']}, {found['promise']}", style=style)
    show.say(found["reason"])
    if found["threshold"] is not None:
        show.say(
            f"Serves from a score of {found['threshold']:.3f}, {_share(found['hit_share'])} of the candidates; "
            f"at most {_share(found['bound'])} of them wrong."
        )
    served, saved = count(found["served"]), money(found["saved_usd"])
    show.say(f"Served {served} answers, saved {saved}; {plural(found['entries'], 'answer')} kept now.", style="dim")


def _share(share: float | None) -> str:
    return NONE if share is None else f"{100 * share:.1f} %"


_COLUMNS = (
    Column("target", lambda c: c["target"], style="cyan"),
    Column("state", lambda c: c["state"]),
    Column("most wrong", lambda c: c["most_wrong"], lambda c: _share(c["most_wrong"]), right=True),
    Column("bound", lambda c: c["bound"], lambda c: _share(c["bound"]), right=True, spare=2),
    Column("checks", lambda c: c["checks"], lambda c: count(c["checks"]), right=True, spare=1),
    Column("served", lambda c: c["served"], lambda c: count(c["served"]), right=True),
    Column("saved", lambda c: c["saved_usd"], lambda c: money(c["saved_usd"]), right=True),
)
_CHECKS = (
    Column("at", lambda c: c["at"], lambda c: ago(c["at"])),
    Column("score", lambda c: c["score"], lambda c: f"{c['score']:.3f}", right=True),
    Column("similarity", lambda c: c["similarity"], lambda c: f"{c['similarity']:.3f}", right=True),
    Column("wrong", lambda c: c["wrong"], lambda c: "wrong" if c["wrong"] else "right"),
    Column("from", lambda c: c["source"]),
    Column("trace", lambda c: c["trace_id"], lambda c: c["trace_id"] or NONE, fold=True, spare=1),
    Column(
        "neighbour", lambda c: c["neighbour_trace_id"], lambda c: c["neighbour_trace_id"] or NONE, fold=True, spare=2
    ),
)
