"""Asks an app questions about a folder of documents and scores the answers, by what the documents say.

    python bench/bench_answers.py PATH [--questions FILE] [--home FOLDER] [--model local/extractive] [--show]

PATH is the folder of documents, such as the public handbook of 18F (`handbook-18f/pages`), about which the thirty questions
of `handbook_18f_questions.json` were written before anything was measured. No question is ever tuned on.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import tempfile
import time
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path

from quarterdeck.access.keyring import Keyring
from quarterdeck.config.settings import Settings
from quarterdeck.core import language
from quarterdeck.demo.report import marks, percentiles, plain, states
from quarterdeck.gateway.application import Applications
from quarterdeck.gateway.conversation import ChatRequest, Citation, FinishPiece, Message, TextPiece
from quarterdeck.orchestration import apps
from quarterdeck.retrieval import ingestion, library
from quarterdeck.retrieval.records import Document
from quarterdeck.runtime.tracing import Trace
from quarterdeck.runtime.work import Work
from quarterdeck.server.wiring import running

KNOWLEDGE = "documents"
APP = "answers-bench"
SUFFIXES = {".md", ".html", ".htm", ".txt", ".pdf", ".docx"}


@dataclass(frozen=True)
class Question:
    """A question, and what a good answer to it has."""

    question: str
    kind: str
    sources: tuple[str, ...]
    facts: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """What the app said, and how soon."""

    text: str
    citations: tuple[Citation, ...]
    declined: bool
    first_token_ms: float


async def main() -> None:
    options = _options()
    questions = _questions(options.questions)
    with tempfile.TemporaryDirectory() as folder:
        async with running(Settings(home=options.home or Path(folder))) as runtime:
            work = Work(runtime=runtime, actor=runtime.part(Keyring).administrator("admin"))
            await _ingest(work, options.path)
            await apps.ensure(work, APP, description="", knowledge=KNOWLEDGE, model=options.model)
            answers = [await _ask(work, question.question) for question in questions]
            texts = {one.path: await _text(work, one.id) for one in await _documents(work)}
    _report(questions, answers, texts, show=options.show)


def _report(questions: Sequence[Question], answers: Sequence[Answer], texts: dict[str, str], *, show: bool) -> None:
    pairs = list(zip(questions, answers, strict=True))
    answerable = [(q, a) for q, a in pairs if q.kind == "answerable"]
    others = [(q, a) for q, a in pairs if q.kind != "answerable"]
    given = [(q, a) for q, a in pairs if not a.declined]
    _line("answers whose every sentence stands in its source", [_grounded(a, texts) for _, a in given])
    _line("answerable: right source cited", [_right_source(q, a) for q, a in answerable])
    _line("answerable: fact contained", [_has_facts(q, a) for q, a in answerable])
    _line("answerable: falsely declined", [a.declined for _, a in answerable])
    _line("not answerable or leading: declined or corrected", [_handled(q, a) for q, a in others])
    _line("sentences an answer (mean)", [len(_sentences(a.text)) for _, a in given], mean=True)
    cold = percentiles([a.first_token_ms for a in answers])
    print(f"{'to first token, each question new':52} p50 {cold.p50:.0f} ms, p95 {cold.p95:.0f} ms")
    for question, answer in pairs:
        good = _has_facts(question, answer) if question.kind == "answerable" else _handled(question, answer)
        if show or not good:
            print(f"\n{'ok ' if good else 'BAD'} [{question.kind}] {question.question}\n    {answer.text!r}")
            if question.facts:
                print(f"    wanted {question.facts} from {question.sources}")


def _grounded(answer: Answer, texts: dict[str, str]) -> bool:
    """Every sentence is marked, and every word of every quote stands in the document that it cites."""
    quotes = {citation.n: citation for citation in answer.citations}
    marked = all(marks(sentence) and set(marks(sentence)) <= set(quotes) for sentence in _sentences(answer.text))
    return marked and all(
        part in texts[quote.path]
        for quote in quotes.values()
        for sentence in _sentences(quote.quote)
        for part in _parts(sentence)
    )


def _sentences(text: str) -> list[str]:
    return [sentence for line in text.splitlines() for sentence in language.sentences(line)]


def _parts(sentence: str) -> list[str]:
    """A lead-in and its item, or the cells of a row: each stands in the document, though not side by side."""
    return [plain(part) for part in re.split(r": |; ", sentence) if plain(part)]


def _right_source(question: Question, answer: Answer) -> bool:
    return bool({citation.path for citation in answer.citations} & set(question.sources))


def _has_facts(question: Question, answer: Answer) -> bool:
    return not answer.declined and all(states(answer.text, fact) for fact in question.facts)


def _handled(question: Question, answer: Answer) -> bool:
    return answer.declined or any(states(answer.text, fact) for fact in question.facts)


def _line(name: str, values: Sequence[float], *, mean: bool = False) -> None:
    share = sum(values) / len(values) if values else 0.0
    print(f"{name:52} " + (f"{share:.1f}" if mean else f"{sum(values):.0f} of {len(values)} ({share:.0%})"))


async def _ask(work: Work, question: str) -> Answer:
    work = replace(work, trace=Trace())
    app = work.part(Applications).find(work.project_id, APP)
    if app is None:
        raise SystemExit(f"`{APP}` is not live")
    span = work.start(f"app {APP}", "app")
    began, first_ms, text, finish = time.perf_counter(), 0.0, "", FinishPiece()
    request = ChatRequest(model=APP, messages=[Message("user", question)])
    async with aclosing(app.answer(work.under(span), request, span)) as pieces:
        async for piece in pieces:
            if isinstance(piece, TextPiece):
                first_ms = first_ms or (time.perf_counter() - began) * 1000
                text += piece.text
            elif isinstance(piece, FinishPiece):
                finish = piece
    return Answer(text, tuple(finish.citations or ()), bool(finish.declined), first_ms)


async def _ingest(work: Work, folder: Path) -> None:
    began = time.perf_counter()
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    for path in files:
        reply = await ingestion.stage_file(work, KNOWLEDGE, path.relative_to(folder).as_posix(), path.read_bytes())
        if reply.status == "refused":
            print(f"skipped {path.name}: {reply.reason}")
    await ingestion.publish(work, KNOWLEDGE)
    published = time.perf_counter() - began
    while (state := await library.knowledge(work, KNOWLEDGE)).embedded < state.chunks:
        await asyncio.sleep(0.1)
    embedded = time.perf_counter() - began
    print(
        f"{state.documents} documents, {state.chunks} passages; searchable in {published:.1f} s, embedded in {embedded:.1f} s"
    )


async def _documents(work: Work) -> list[Document]:
    found: list[Document] = []
    cursor: str | None = None
    while True:
        page = await library.documents(work, KNOWLEDGE, cursor=cursor, limit=100)
        found += page.items
        if page.next_cursor is None:
            return found
        cursor = page.next_cursor


async def _text(work: Work, document_id: str) -> str:
    document = await library.document(work, KNOWLEDGE, document_id)
    return plain(" ".join(" ".join([*chunk.heading_path, chunk.text]) for chunk in document.chunks))


def _questions(path: Path) -> list[Question]:
    rows = json.loads(path.read_text(encoding="utf-8"))["questions"]
    return [
        Question(row["question"], row["kind"], tuple(row["expected_sources"]), tuple(row["expected_facts"]))
        for row in rows
    ]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", type=Path, help="the folder of documents")
    parser.add_argument("--questions", type=Path, default=Path(__file__).parent / "handbook_18f_questions.json")
    parser.add_argument("--home", type=Path, help="a data folder to keep")
    parser.add_argument("--model", default="local/extractive")
    parser.add_argument("--show", action="store_true", help="print every answer, not only the bad ones")
    return parser.parse_args()


if __name__ == "__main__":
    asyncio.run(main())
