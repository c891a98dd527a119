"""Lets an answer through sentence by sentence: cited as it should be, or not at all.

A sentence that the passages support passes; a missing citation is added and a wrong one is mended; a sentence they do not
support is withheld. Sentences that claim nothing (`Sure.`) only accompany others. What was done is kept, for the trace.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from quarterdeck.core.commonness import weight
from quarterdeck.core.language import terms
from quarterdeck.core.quantities import quantities
from quarterdeck.safety.grounding import ENOUGH, Passages
from quarterdeck.safety.records import Outcome, SentenceVerdict, Support
from quarterdeck.safety.sentence_window import Cut, SentenceWindow

_MARK = re.compile(r"\s*(?:\[(\d{1,3}(?:\s*,\s*\d{1,3})*)\]|【(\d{1,3})[^】]*】)")
_LEAST_CLAIM = 1.3
"""The weight of words below which a sentence without numbers claims nothing."""
_NEAR_THE_BEST = 0.5
"""A cited passage counts as support when it reaches this share of the best one's score."""
_DECLINES = re.compile(
    r"\b(?:(?:could|can|did|was|were|am|is|are|do|does)(?:\s+not|n['’]t)|cannot|unable to|not able to)\s+(?:be\s+)?(?:find|found|"
    r"answer|locate|determine|tell|contain|mention|say|include|provide|specify|state|cover|address|know|appear|have (?:any )?"
    r"(?:information|details))"
    r"|\bno (?:information|mention|passage|details?)\b|\bnot (?:mentioned|covered|specified|addressed|stated|described|found)\b"
    r"|\bI (?:do not|don['’]t) know\b",
    re.IGNORECASE,
)


class Guard:
    """Guards one answer. Feed it the stream; what it returns may be shown."""

    def __init__(self, passages: Sequence[str], *, also_known: str = "", withholds: bool = True) -> None:
        """With `withholds` off it only mends citations and keeps verdicts: everything is shown."""
        self._passages = Passages(passages, also_known=also_known)
        self._window = SentenceWindow()
        self._waiting: list[str] = []
        self._size = len(passages)
        self._withholds = withholds
        self.shown = False
        """Whether anything with words in it was let through."""
        self.verdicts: list[SentenceVerdict] = []

    @property
    def cited(self) -> list[int]:
        """The numbers of the passages that the shown sentences cite, in order of first mention."""
        return list(
            dict.fromkeys(n for verdict in self.verdicts for n in verdict.citations if verdict.outcome != "withheld")
        )

    @property
    def supported(self) -> bool:
        """Whether at least one sentence that claims something was let through."""
        return any(verdict.outcome in ("passed", "corrected") for verdict in self.verdicts)

    @property
    def declined(self) -> bool:
        """Whether the answer says that the passages do not answer, and claims nothing else."""
        return not self.supported and any(_DECLINES.search(verdict.sentence) for verdict in self.verdicts)

    def feed(self, text: str) -> Iterator[str]:
        """What may be shown now that this piece has come."""
        yield from self._noting(part for cut in self._window.feed(text) for part in self._let_through(cut))

    def flush(self) -> Iterator[str]:
        """What may be shown at the end. Words that claim nothing are shown if nothing was withheld around them."""
        yield from self._noting(part for cut in self._window.flush() for part in self._let_through(cut))
        if any(text.strip() for text in self._waiting) and (self.supported or self.declined or not self._withholds):
            yield from self._noting(iter(self._waiting))
        self._waiting = []

    def _noting(self, parts: Iterator[str]) -> Iterator[str]:
        for part in parts:
            self.shown = self.shown or bool(part.strip())
            yield part

    def _let_through(self, cut: Cut) -> Iterator[str]:
        verdict, shown = self._judge(cut)
        if verdict is not None:
            self.verdicts.append(verdict)
        if verdict is not None and verdict.outcome == "withheld" and not self._withholds:
            shown = cut.text
        elif verdict is None or verdict.outcome == "not_evaluated":
            self._waiting.append(cut.before + shown)
            return
        elif verdict.outcome == "withheld":
            self._waiting = [text for text in self._waiting if not text.strip() or self.supported][:1]
            return
        # The space behind a sentence waits too: if nothing follows, the answer does not end with it.
        said = shown.rstrip()
        yield from self._waiting
        yield cut.before + said
        self._waiting = [shown[len(said) :]] if len(said) < len(shown) else []

    def _judge(self, cut: Cut) -> tuple[SentenceVerdict | None, str]:
        """What is to be done with a sentence, and how it then reads."""
        text = cut.text
        if not text.strip():
            return None, text
        claim = _MARK.sub("", text).strip()
        if cut.is_code or cut.is_heading or not _claims_something(claim):
            return SentenceVerdict(claim, "not_evaluated"), text
        if _DECLINES.search(claim) and not _cited(text):
            return SentenceVerdict(claim, "not_evaluated"), text
        support = self._passages.support(claim)
        if support.score < ENOUGH or support.problems:
            return _verdict(claim, "withheld", support), ""
        cited = _cited(text)
        right = [
            n for n in cited if 0 < n <= self._size and support.by_passage[n - 1] >= _NEAR_THE_BEST * support.score
        ]
        outcome: Outcome = "passed" if cited and right == cited else "corrected"
        numbers = tuple(right or [support.n])
        shown = text if outcome == "passed" else _with_marks(text, numbers)
        return _verdict(claim, outcome, support, numbers), shown


def _verdict(claim: str, outcome: Outcome, support: Support, citations: tuple[int, ...] = ()) -> SentenceVerdict:
    return SentenceVerdict(
        sentence=claim,
        outcome=outcome,
        score=round(support.score, 4),
        evidence=support.evidence,
        supported_by=support.n,
        citations=citations,
        problems=support.problems,
    )


def _claims_something(sentence: str) -> bool:
    if sentence.endswith("?"):
        return False
    return bool(quantities(sentence)) or sum(weight(term) for term in set(terms(sentence))) >= _LEAST_CLAIM


def _cited(text: str) -> list[int]:
    found = [match.group(1) or match.group(2) for match in _MARK.finditer(text)]
    return list(dict.fromkeys(int(number) for group in found for number in group.split(",")))


def _with_marks(text: str, numbers: Sequence[int]) -> str:
    """The sentence with these citation marks and no others, right after its last word."""
    bare = _MARK.sub("", text)
    words = bare.rstrip()
    return f"{words} {''.join(f'[{n}]' for n in numbers)}{bare[len(words) :]}"
