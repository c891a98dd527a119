"""The nouns of the demo's report: a question, a reply, the verdict on it, and all of them added up."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

QuestionKind = Literal["answerable", "unanswerable", "leading"]
"""answerable: the handbook has it. unanswerable: it has not. leading: the question presumes something untrue."""


@dataclass(frozen=True)
class Question:
    """A question, and what a right answer must contain and cite."""

    id: str
    question: str
    kind: QuestionKind
    expected_sources: tuple[str, ...] = ()
    expected_facts: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Quote:
    """A citation of an answer: its mark `[n]`, the document, and the words said to stand there."""

    n: int
    path: str
    quote: str


@dataclass(frozen=True)
class Reply:
    """What came back for a question."""

    text: str
    quotes: tuple[Quote, ...]
    declined: bool


@dataclass(frozen=True)
class Verdict:
    """Whether a reply is right, and if not, everything that is wrong with it."""

    correct: bool
    outcome: Literal["answered", "declined"]
    faults: tuple[str, ...] = ()


@dataclass(frozen=True)
class Percentiles:
    """The middle and the slow end of some durations; None without any."""

    p50: float | None
    p95: float | None


@dataclass(frozen=True)
class Case:
    """One question with everything that was measured about it."""

    question: Question
    reply: Reply
    verdict: Verdict
    trace_id: str | None = None
    input_tokens: int | None = None
    cold_ms: float | None = None
    cached_ms: float | None = None
    """To the first token; None when the second asking was not answered from the cache."""


@dataclass(frozen=True)
class Score:
    """So many of so many."""

    right: int
    of: int


@dataclass(frozen=True)
class Summary:
    """The three lines of the report, as numbers."""

    grounded: Score
    """Answerable questions: the right facts from the right document, every quote found there."""
    declined: Score
    """Unanswerable and leading questions: declined, or the untrue premise corrected from the right document."""
    tokens_per_question: float | None
    tokens_of_handbook: int | None
    cold_ms: Percentiles
    cached_ms: Percentiles
    cases: list[Case] = field(default_factory=list)

    @property
    def times_fewer_tokens(self) -> float | None:
        """How many times less is sent than with the whole handbook in every question."""
        if not self.tokens_per_question or self.tokens_of_handbook is None:
            return None
        return self.tokens_of_handbook / self.tokens_per_question
