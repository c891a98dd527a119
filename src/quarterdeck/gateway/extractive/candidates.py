"""The sentences an answer could be made of: every statement of every passage, with the words and place it has."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from quarterdeck.core.language import terms
from quarterdeck.core.quantities import quantities
from quarterdeck.core.statements import Statement, statements
from quarterdeck.gateway.conversation import SourceDocument

MAX_CANDIDATES = 160
MAX_CHARACTERS = 700
_POINTER = re.compile(r"^(?:\W*(?:see|refer to|read|for (?:more|further|details)|more (?:information|details)|details?|visit|check"
                      r"|the details)\b|.*\b(?:has the rest|is described in|are in|as described in)\b.{0,40}$)", re.IGNORECASE)  # fmt: skip
_FRONT_MATTER = re.compile(
    r"^(?:owner|author|version|last (?:updated|reviewed|modified)|in force|effective|applies to)\b", re.IGNORECASE
)


@dataclass(frozen=True)
class Candidate:
    """One statement of one passage."""

    n: int
    """The number of its passage, from 1: what is cited."""
    rank: int
    """The place of its passage in the search result, from 0."""
    statement: Statement
    headings: str
    """The title and headings it stands under."""
    terms: frozenset[str]
    sequence: tuple[str, ...]
    heading_terms: frozenset[str]
    near_terms: frozenset[str]
    """The words of the statements beside it, which may hold what it leaves out."""
    quantities: frozenset[str]
    """The values of its numbers, dates and sums."""
    weak: bool
    """A question, a pointer elsewhere or front matter: seldom an answer."""

    @property
    def text(self) -> str:
        return self.statement.whole()


def read_candidates(passages: Sequence[SourceDocument]) -> list[Candidate]:
    """Every statement of the passages, best passage first; a text that stands in two passages counts once."""
    found: list[Candidate] = []
    seen: set[str] = set()
    for rank, passage in enumerate(passages):
        said = statements(passage.text)
        words = [tuple(terms(statement.whole())) for statement in said]
        for place, statement in enumerate(said):
            text = statement.whole()
            if text in seen or len(text) > MAX_CHARACTERS or not words[place]:
                continue
            seen.add(text)
            headings = _headings(passage, statement)
            near = words[max(0, place - 1) : place] + words[place + 1 : place + 2]
            found.append(
                Candidate(
                    n=rank + 1,
                    rank=rank,
                    statement=statement,
                    headings=headings,
                    terms=frozenset(words[place]),
                    sequence=words[place],
                    heading_terms=frozenset(terms(headings)),
                    near_terms=frozenset(term for sequence in near for term in sequence),
                    quantities=frozenset(quantity.value for quantity in quantities(text)),
                    weak=_is_weak(statement),
                )
            )
    return found[:MAX_CANDIDATES]


def _headings(passage: SourceDocument, statement: Statement) -> str:
    path = [passage.title, *passage.heading_path, statement.heading]
    return " › ".join(dict.fromkeys(heading for heading in path if heading))


def _is_weak(statement: Statement) -> bool:
    text = statement.text
    return text.endswith("?") or bool(_POINTER.search(text)) or bool(_FRONT_MATTER.search(text))
