"""`quarterdeck knowledge`: what the knowledge bases hold, and what a search finds in them."""

from __future__ import annotations

from urllib.parse import quote

import rich_click as click

from quarterdeck.cli import completing, show
from quarterdeck.cli.client import Json
from quarterdeck.cli.desk import Desk, command
from quarterdeck.cli.groups import Noun
from quarterdeck.cli.quantities import NONE, ago, count, duration, plural
from quarterdeck.cli.show import Column


@click.group(cls=Noun)
def knowledge() -> None:
    """Knowledge bases: list, look into, search."""


@knowledge.command("list")
@command
def list_knowledge(desk: Desk) -> None:
    """List the knowledge bases."""
    page = desk.server.items("/api/v1/knowledge")
    desk.give(page, lambda: show.table(page["items"], _BASES, empty="None yet. `quarterdeck ingest PATH --into NAME`."))


@knowledge.command("show")
@click.argument("name", shell_complete=completing.KNOWLEDGE)
@command
def show_knowledge(desk: Desk, name: str) -> None:
    """Show the versions of a knowledge base, and the files that could not be read."""
    found = desk.server.get(_address(name))
    desk.give(found, lambda: _present(found))


@knowledge.command("documents")
@click.argument("name", shell_complete=completing.KNOWLEDGE)
@click.option("-q", "--query", "q", metavar="TEXT", help="Text in the path or title.")
@command
def list_documents(desk: Desk, name: str, q: str | None) -> None:
    """List the documents of a knowledge base."""
    page = desk.server.items(f"{_address(name)}/documents", q=q, limit=200)
    desk.give(page, lambda: show.table(page["items"], _DOCUMENTS, empty="No documents."))


@knowledge.command("search")
@click.argument("name", shell_complete=completing.KNOWLEDGE)
@click.argument("query")
@click.option(
    "-n", "--limit", type=click.IntRange(1, 100), metavar="N", default=8, show_default=True, help="At most so many."
)
@click.option(
    "--mode",
    type=click.Choice(["fused", "text", "vector"]),
    default="fused",
    show_default=True,
    help="By words, by meaning, or both.",
)
@command
def search(desk: Desk, name: str, query: str, limit: int, mode: str) -> None:
    """Search for passages, as an app does before it answers."""
    found = desk.server.get(f"{_address(name)}/searches", q=query, limit=limit, mode=mode)
    desk.give(found, lambda: _present_hits(found))


def _address(name: str) -> str:
    return f"/api/v1/knowledge/{quote(name, safe='')}"


def _present(found: Json) -> None:
    show.table(found["versions"], _VERSIONS, empty="No version yet.")
    if found["failures"]:
        show.say(f"\n{plural(len(found['failures']), 'file')} could not be read:", style="yellow")
        for failure in found["failures"]:
            show.say(f"  {failure['path']}: {failure['reason']}")


def _present_hits(found: Json) -> None:
    if not show.is_terminal():
        show.table(found["hits"], _HITS, empty="")
        return
    from rich.padding import Padding
    from rich.text import Text

    for rank, hit in enumerate(found["hits"], 1):
        where = Text.assemble((f"{rank:>2}  ", "cyan"), (hit["path"], "bold"), "  ", " › ".join(hit["heading_path"]))
        show.draw(where)
        show.draw(Padding(Text(" ".join(hit["text"].split())[:280]), (0, 0, 0, 4)))
        show.draw(Padding(Text(_why(hit), style="dim"), (0, 0, 1, 4)))
    show.say(f"{plural(len(found['hits']), 'passage')} in {duration(found['took_ms'])}, {found['mode']}.", style="dim")


def _why(hit: Json) -> str:
    """Why a passage was found: its place in either list."""
    by_words = f"words #{hit['text_rank']}" if hit["text_rank"] is not None else "not by words"
    by_sense = f"meaning #{hit['vector_rank']}" if hit["vector_rank"] is not None else "not by meaning"
    similarity = f", similarity {hit['similarity']:.2f}" if hit["similarity"] is not None else ""
    lines = f"page {hit['page']}" if hit["page"] is not None else f"lines {hit['line_start']}–{hit['line_end']}"
    return f"{lines} · {by_words} · {by_sense}{similarity}"


def _embedded(item: Json) -> str:
    if not item["chunks"]:
        return NONE
    return "all" if item["embedded"] >= item["chunks"] else f"{100 * item['embedded'] / item['chunks']:.0f} %"


_BASES = (
    Column("name", lambda k: k["name"], style="cyan"),
    Column("version", lambda k: k["version"], right=True),
    Column("documents", lambda k: k["documents"], lambda k: count(k["documents"]), right=True),
    Column("passages", lambda k: k["chunks"], lambda k: count(k["chunks"]), right=True),
    Column("embedded", lambda k: k["embedded"], _embedded, right=True),
    Column("updated", lambda k: k["updated_at"], lambda k: ago(k["updated_at"])),
)
_VERSIONS = (
    Column("version", lambda v: v["version"], right=True),
    Column("created", lambda v: v["created_at"], lambda v: ago(v["created_at"])),
    Column("documents", lambda v: v["documents"], lambda v: count(v["documents"]), right=True),
    Column("passages", lambda v: v["chunks"], lambda v: count(v["chunks"]), right=True),
    Column("embedded", lambda v: v["embedded"], _embedded, right=True),
    Column("index", lambda v: v["index_id"], style="dim"),
)
_DOCUMENTS = (
    Column("path", lambda d: d["path"], fold=True, style="cyan"),
    Column("title", lambda d: d["title"], fold=True),
    Column("passages", lambda d: d["chunks"], lambda d: count(d["chunks"]), right=True),
    Column("read", lambda d: d["ingested_at"], lambda d: ago(d["ingested_at"]), spare=1),
    Column("id", lambda d: d["id"], piped_only=True),
)
_HITS = (
    Column("score", lambda h: h["score"]),
    Column("path", lambda h: h["path"]),
    Column("heading", lambda h: " > ".join(h["heading_path"])),
    Column("line_start", lambda h: h["line_start"]),
    Column("line_end", lambda h: h["line_end"]),
    Column("text", lambda h: h["text"]),
)
