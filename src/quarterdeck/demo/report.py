"""Judges the demo app's answers by what the documents say, not by what the app says about itself. Pure: no input or output."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

from quarterdeck.core import language
from quarterdeck.demo.records import Case, Percentiles, Question, Reply, Score, Summary, Verdict

_FEWEST_TERMS = 2
"""A fact of fewer words, such as `100 %`, must be said as it is."""


def judge(question: Question, reply: Reply, documents: Mapping[str, str]) -> Verdict:
    """Is the reply right? `documents` are the texts of the handbook by path, read apart from the app."""
    if reply.declined:
        stray = ("It declines and yet cites something.",) if reply.quotes or marks(reply.text) else ()
        missed = ("It declines, though the handbook has the answer.",) if question.kind == "answerable" else ()
        return Verdict(not stray and not missed, "declined", stray + missed)
    faults = [*_grounding_faults(reply, documents)]
    if question.kind == "unanswerable":
        faults.append("It answers, though the handbook says nothing about it.")
    else:
        faults += _content_faults(question, reply)
    return Verdict(not faults, "answered", tuple(faults))


def summarise(cases: Sequence[Case], *, tokens_of_handbook: int | None) -> Summary:
    """Add the cases up."""
    answerable = [case for case in cases if case.question.kind == "answerable"]
    others = [case for case in cases if case.question.kind != "answerable"]
    tokens = [case.input_tokens for case in cases if case.input_tokens is not None]
    return Summary(
        grounded=_score(answerable),
        declined=_score(others),
        tokens_per_question=sum(tokens) / len(tokens) if tokens else None,
        tokens_of_handbook=tokens_of_handbook,
        cold_ms=percentiles([case.cold_ms for case in cases if case.cold_ms is not None]),
        cached_ms=percentiles([case.cached_ms for case in cases if case.cached_ms is not None]),
        cases=list(cases),
    )


def percentiles(values: Sequence[float]) -> Percentiles:
    """By nearest rank: each is a value that was really measured."""
    if not values:
        return Percentiles(None, None)
    ordered = sorted(values)
    return Percentiles(*(ordered[math.ceil(share * len(ordered)) - 1] for share in (0.50, 0.95)))


def sentences(text: str) -> list[str]:
    """The sentences of an answer, each with its marks. A mark after the full stop belongs to the sentence before it."""
    pieces = re.split(r"(?<=[.!?])(?=\s)|(?<=\])(?=\s+[A-Z0-9])|\n+", text)
    found: list[str] = []
    for piece in (piece.strip() for piece in pieces):
        if found and re.fullmatch(r"(?:\[\d+\]\s*)+[.!?]?", piece):
            found[-1] += f" {piece}"
        elif piece:
            found.append(piece)
    return found


def marks(text: str) -> list[int]:
    """The numbers of all `[n]` in a text."""
    return [int(number) for number in re.findall(r"\[(\d+)\]", text)]


def states(text: str, fact: str) -> bool:
    """Whether a text states a fact: in these words, or with all that carry meaning in one sentence that denies as much."""
    if plain(fact) in plain(text):
        return True
    terms, denies = set(language.terms(fact)), language.negations(fact) > 0
    if len(terms) < _FEWEST_TERMS:
        return False
    return any(
        terms <= set(language.terms(sentence)) and (language.negations(sentence) > 0) == denies
        for sentence in sentences(text)
    )


def plain(text: str) -> str:
    """A text without case, spacing, marks, Markdown and punctuation, for comparing words alone."""
    words = (
        re.sub(r"\[\d+\]|^\s*\d+[.)]\s", " ", text, flags=re.MULTILINE)
        .casefold()
        .replace("’", "'")
        .replace("\u00a0", " ")
    )
    kept = re.sub(r"[^\w%€$£'.,/+-]+", " ", re.sub(r"[*_`|]", " ", words))
    stripped = (word.strip(".,'-/+") for word in kept.split())
    return " ".join(word for word in stripped if word)


def _grounding_faults(reply: Reply, documents: Mapping[str, str]) -> list[str]:
    """Sentences without a source, marks that lead nowhere, and quotes that do not stand where they are said to."""
    cited = {quote.n for quote in reply.quotes}
    faults = [f"No source: {sentence}" for sentence in sentences(reply.text) if not marks(sentence)]
    faults += [f"`[{n}]` leads nowhere." for n in sorted(set(marks(reply.text)) - cited)]
    for quote in reply.quotes:
        if quote.path not in documents:
            faults.append(f"It cites `{quote.path}`, which is not in the handbook.")
        else:
            # A citation may carry several sentences that do not follow each other: each must stand there.
            quoted = sentences(quote.quote) or [quote.quote]
            text = plain(documents[quote.path])
            faults += [f"`{quote.path}` does not say: {one}" for one in quoted if not _stands_in(text, one)]
    return faults


def _stands_in(text: str, quote: str) -> bool:
    """Whether these words follow each other in a text; the lead-in of a list may be followed by any of its items."""
    parts = [plain(quote)] if plain(quote) in text else [plain(part) for part in quote.split(": ")]
    return all(part and part in text for part in parts)


def _content_faults(question: Question, reply: Reply) -> list[str]:
    """Facts that are missing, and a source that is not the right one."""
    faults = [f"It does not say: {fact}" for fact in question.expected_facts if not states(reply.text, fact)]
    paths = {quote.path for quote in reply.quotes}
    if question.expected_sources and not paths & set(question.expected_sources):
        faults.append(f"It cites none of {', '.join(question.expected_sources)}.")
    return faults


def _score(cases: Sequence[Case]) -> Score:
    return Score(sum(case.verdict.correct for case in cases), len(cases))
