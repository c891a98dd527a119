"""Writes chosen statements down as Markdown that reads well, each followed by the number of its passage."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from quarterdeck.core.language import sentences
from quarterdeck.gateway.extractive.candidates import Candidate

DECLINED = "I could not find an answer to this in the documents."
NO_DOCUMENTS = "I have no documents to answer from. I only answer with sentences of passages that are sent along."


def write(chosen: Sequence[Candidate]) -> Iterator[str]:
    """The answer in pieces, a statement each; joined they are the whole answer."""
    before: Candidate | None = None
    said_lead = ""
    for candidate in chosen:
        statement = candidate.statement
        if statement.kind == "lead":
            said_lead = statement.text
            yield f"{_gap(before, candidate)}{_marked(statement.text, candidate.n)}"
        elif statement.kind == "item" and statement.lead and _has_company(candidate, chosen):
            if statement.lead != said_lead:
                said_lead = statement.lead
                yield f"{_gap(before, candidate)}{_marked(statement.lead, candidate.n)}"
            yield f"\n- {_marked(statement.text, candidate.n)}"
        else:
            yield f"{_gap(before, candidate)}{_marked(_ended(candidate.text), candidate.n)}"
        before = candidate


def _has_company(candidate: Candidate, chosen: Sequence[Candidate]) -> bool:
    """Whether its lead-in or another item of its list is in the answer too."""
    lead = candidate.statement.lead
    return any(
        other is not candidate and other.n == candidate.n and lead in (other.statement.lead, other.statement.text)
        for other in chosen
    )


def _gap(before: Candidate | None, now: Candidate) -> str:
    if before is None:
        return ""
    in_running_text = before.n == now.n and {before.statement.kind, now.statement.kind} == {"sentence"}
    return " " if in_running_text else "\n\n"


def _marked(text: str, n: int) -> str:
    """Each sentence with the number of its passage: a list item may have several."""
    return " ".join(f"{sentence} [{n}]" for sentence in sentences(text))


def _ended(text: str) -> str:
    text = text.rstrip(" ;,")
    return text if text.endswith((".", "!", "?", ":", "”", '"', ")")) else f"{text}."
