"""`quarterdeck demo report`: how well, how cheaply and how fast the demo app answers, measured."""

from __future__ import annotations

from dataclasses import asdict

import rich_click as click

from quarterdeck.cli import measuring, show
from quarterdeck.cli.desk import Desk, command
from quarterdeck.cli.groups import Noun
from quarterdeck.cli.progress import progress
from quarterdeck.cli.quantities import NONE, count, duration, plural
from quarterdeck.core.errors import NotFound
from quarterdeck.demo.questions import APP, KNOWLEDGE, load_questions
from quarterdeck.demo.records import Percentiles, Question, Summary


@click.group(cls=Noun)
def demo() -> None:
    """The demo app: measure how well it answers."""


@demo.command("report")
@click.option(
    "-n", "--limit", type=click.IntRange(1), metavar="N", help="Only N questions, taken from all over the list."
)
@command
def report(desk: Desk, limit: int | None) -> None:
    """Ask the demo's questions and print three measured lines.

    A reply counts as right only when its quotes stand in the documents and it has the expected facts and source,
    or when it declines what the handbook does not say. Every question is asked past the response cache
    (cold), then from it (cached); on a server that has answered before, models and vectors are warm all the same.
    """
    questions = _some(load_questions(), limit)
    _require_demo(desk)
    with progress("Asking", len(questions), quiet=desk.as_json) as step:
        summary = measuring.measure(desk.server, APP, KNOWLEDGE, questions, step)
    desk.give({**asdict(summary), "times_fewer_tokens": summary.times_fewer_tokens}, lambda: _present(summary))


def _some(questions: list[Question], limit: int | None) -> list[Question]:
    """As many as wanted, evenly spread, so that every kind is among them."""
    wanted = min(limit or len(questions), len(questions))
    return [questions[place * len(questions) // wanted] for place in range(wanted)]


def _require_demo(desk: Desk) -> None:
    try:
        state = desk.server.get(f"/api/v1/knowledge/{KNOWLEDGE}")
        desk.server.get(f"/api/v1/apps/{APP}")
    except NotFound as error:
        raise NotFound(f"The demo is not on this server: {error.message} `quarterdeck up --demo` loads it.") from error
    if state["embedded"] < state["chunks"]:
        waiting = plural(state["chunks"] - state["embedded"], "passage is", "passages are")
        show.say(f"{waiting} still being embedded: answers get better when that is done.", style="yellow")


def _present(summary: Summary) -> None:
    grounded, declined = summary.grounded, summary.declined
    tokens = f"{count(round(summary.tokens_per_question or 0))} a question"
    fewer = summary.times_fewer_tokens
    if summary.tokens_of_handbook is None or fewer is None:
        tokens += "; the whole handbook was not counted, for its model would have to be paid for it"
    else:
        tokens += f", {count(summary.tokens_of_handbook)} with the whole handbook: {fewer:.0f} times fewer"
    show.facts(
        [
            (
                "Answers",
                f"{grounded.right} of {grounded.of} grounded and right, "
                f"{declined.right} of {declined.of} declined or corrected",
            ),
            ("Tokens", tokens),
            ("First token", f"cold {_both(summary.cold_ms)}; cached {_both(summary.cached_ms)}"),
        ]
    )
    wrong = [case for case in summary.cases if not case.verdict.correct]
    if wrong:
        show.say(f"\n{plural(len(wrong), 'reply', 'replies')} not right:", style="yellow")
    for case in wrong:
        show.say(f"  {case.question.id}  trace {(case.trace_id or NONE)[:8]}", style="bold")
        for fault in case.verdict.faults:
            show.say(f"    {fault}", style="dim")


def _both(measured: Percentiles) -> str:
    return f"p50 {duration(measured.p50)}, p95 {duration(measured.p95)}"
