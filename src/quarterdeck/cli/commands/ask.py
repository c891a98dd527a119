"""`quarterdeck ask`: one question, the answer as it comes, and where each sentence stands."""

from __future__ import annotations

import sys

import rich_click as click

from quarterdeck.cli import asking, completing, show
from quarterdeck.cli.client import Json
from quarterdeck.cli.desk import Desk, command
from quarterdeck.cli.exits import WrongUse
from quarterdeck.cli.quantities import count, duration, money
from quarterdeck.cli.wrapping import Wrapper
from quarterdeck.core.errors import NotAllowed, NotFound


@click.command()
@click.argument("words", nargs=-1, required=True, metavar="[APP] QUESTION", shell_complete=completing.APPS)
@click.option("--no-cache", is_flag=True, help="Answer anew, even if the same question was just answered.")
@click.option("--session", metavar="ID", help="Note the answer under this conversation.")
@command
def ask(desk: Desk, words: tuple[str, ...], no_cache: bool, session: str | None) -> None:
    """Ask an app or a model a question.

    The app may be left out when there is only one. In its place, a model such as `openai/gpt-4o-mini` is asked
    directly. `-` reads the question from stdin.
    """
    app, question = _read(desk, words)
    wrapper = Wrapper()
    hear = None if desk.as_json else wrapper.write
    answer = asking.ask(desk.server, app, question, fresh=no_cache, session=session, hear=hear)
    wrapper.end()
    trace = _trace(desk, answer.trace_id) or {}
    whole = {
        "model": app,
        "answer": answer.text,
        "declined": answer.declined,
        "citations": answer.citations,
        "trace_id": answer.trace_id,
        "release_id": answer.release_id,
        "cached": answer.cached,
        "latency_ms": round(answer.latency_ms, 3),
        "ttft_ms": None if answer.ttft_ms is None else round(answer.ttft_ms, 3),
        **{name: trace.get(name) for name in ("input_tokens", "output_tokens", "cost_usd", "unpriced")},
    }
    desk.give(whole, lambda: _present(whole))


def _read(desk: Desk, words: tuple[str, ...]) -> tuple[str, str]:
    """Which app, and the question."""
    if len(words) > 2:
        raise WrongUse('Put the question in quotes: `quarterdeck ask "How many days of leave do I have?"`.')
    question = sys.stdin.read().strip() if words[-1] == "-" else words[-1].strip()
    if not question:
        raise WrongUse("The question is empty.")
    if len(words) == 2:
        return words[0], question
    names = [app["name"] for app in desk.server.items("/api/v1/apps")["items"]]
    if not names:
        raise NotFound("There is no app yet. `quarterdeck ingest PATH --into NAME --app NAME` makes one.")
    if question in names:
        raise WrongUse(f'And the question? `quarterdeck ask {question} "…"`.')
    if len(names) > 1:
        raise WrongUse(f"Which app? Write one of {', '.join(f'`{name}`' for name in names)} before the question.")
    return names[0], question


def _trace(desk: Desk, trace_id: str | None) -> Json:
    """What the server noted about the answer; nothing when this key may not read it."""
    if trace_id is None:
        return None
    try:
        return desk.server.get(f"/api/v1/traces/{trace_id}")["trace"]
    except (NotAllowed, NotFound):
        return None


def _present(whole: Json) -> None:
    if not show.is_terminal():
        for citation in whole["citations"]:
            headings = " > ".join(citation["heading_path"])
            show.result(f"[{citation['n']}]\t{citation['path']}\t{headings}\t{_place(citation)}")
    elif whole["citations"]:
        _draw_sources(whole["citations"])
    show.say("")
    show.say(" · ".join(_facts(whole)), style="dim")
    show.say(f"trace {whole['trace_id']}", style="dim")


def _draw_sources(citations: list[Json]) -> None:
    from rich.table import Table
    from rich.text import Text

    sources = Table.grid(padding=(0, 2, 0, 0))
    sources.add_column(style="cyan", justify="right", no_wrap=True)
    sources.add_column(overflow="fold")
    sources.add_column(style="dim", no_wrap=True)
    for citation in citations:
        where = Text.assemble((citation["path"], "bold"), "  ", " › ".join(citation["heading_path"]))
        sources.add_row(f"[{citation['n']}]", where, _place(citation))
    show.result("")
    show.draw(sources)


def _facts(whole: Json) -> list[str]:
    facts = [whole["model"], duration(whole["latency_ms"]), f"first token {duration(whole['ttft_ms'])}"]
    if whole["input_tokens"]:
        facts.append(f"{count(whole['input_tokens'])} → {count(whole['output_tokens'])} tokens")
    if whole["cost_usd"] is not None or whole["unpriced"]:
        facts.append(money(whole["cost_usd"], unpriced=whole["unpriced"]))
    if whole["cached"]:
        facts.append("from the cache")
    if whole["declined"]:
        facts.append("declined")
    return facts


def _place(citation: Json) -> str:
    if citation["page"] is not None:
        return f"page {citation['page']}"
    first, last = citation["line_start"], citation["line_end"]
    return f"line {first}" if first == last else f"lines {first}–{last}"
