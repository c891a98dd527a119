"""Runs the demo's questions against a server and measures each: the answer, its tokens, and the first token twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from urllib.parse import quote

from quarterdeck.cli import asking
from quarterdeck.cli.asking import Answer
from quarterdeck.cli.client import Client
from quarterdeck.demo import report
from quarterdeck.demo.records import Case, Question, Quote, Reply, Summary


def measure(
    server: Client, app: str, knowledge: str, questions: Sequence[Question], step: Callable[[int], None]
) -> Summary:
    """Ask everything, judge it by the documents, and add it up."""
    documents = read_documents(server, knowledge)
    cases: list[Case] = []
    for question in questions:
        cases.append(_measure_one(server, app, question, documents))
        step(1)
    return report.summarise(cases, tokens_of_handbook=count_tokens(server, app, documents))


def read_documents(server: Client, knowledge: str) -> dict[str, str]:
    """What every document says, by path, as the server has read it."""
    base = f"/api/v1/knowledge/{quote(knowledge, safe='')}/documents"
    texts: dict[str, str] = {}
    for item in server.items(base, limit=200)["items"]:
        document = server.get(f"{base}/{item['id']}")
        parts = [" ".join([*chunk["heading_path"], chunk["text"]]) for chunk in document["chunks"]]
        texts[item["path"]] = "\n".join(parts)
    return texts


def count_tokens(server: Client, app: str, documents: Mapping[str, str]) -> int | None:
    """The tokens of the whole handbook, by the same counter as the answers: the app's model is sent it and says.

    None when that model would have to be paid for it.
    """
    live = server.get(f"/api/v1/apps/{quote(app, safe='')}")["release"]
    model = next((member["name"] for member in live["members"] if member["role"] == "model"), "")
    if not model.startswith("local/"):
        return None
    body = {
        "model": model,
        "messages": [{"role": "user", "content": "?"}],
        "documents": [{"id": path, "text": text} for path, text in documents.items()],
    }
    return int(server.post("/v1/chat/completions", body)["usage"]["prompt_tokens"])


def _measure_one(server: Client, app: str, question: Question, documents: Mapping[str, str]) -> Case:
    cold = asking.ask(server, app, question.question, fresh=True)
    again = asking.ask(server, app, question.question)
    if not again.cached:
        again = asking.ask(server, app, question.question)
    reply = _reply(cold)
    spans = server.get(f"/api/v1/traces/{cold.trace_id}")["spans"]
    return Case(
        question=question,
        reply=reply,
        verdict=report.judge(question, reply, documents),
        trace_id=cold.trace_id,
        # Of the model alone: embedding the question is no part of what the model is sent.
        input_tokens=sum(span["input_tokens"] or 0 for span in spans if span["kind"] == "llm"),
        cold_ms=cold.ttft_ms,
        cached_ms=again.ttft_ms if again.cached else None,
    )


def _reply(answer: Answer) -> Reply:
    quotes = tuple(Quote(citation["n"], citation["path"], citation["quote"]) for citation in answer.citations)
    return Reply(text=answer.text, quotes=quotes, declined=bool(answer.declined))
