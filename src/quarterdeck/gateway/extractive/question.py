"""What a question asks for: its parts, the words that matter, the kind of answer it wants."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from quarterdeck.core.commonness import weight
from quarterdeck.core.language import sentences, terms
from quarterdeck.core.quantities import Quantity, quantities
from quarterdeck.core.stemming import stem

Want = Literal["amount", "time", "duration", "frequency", "person", "place", "way", "yes_no", "thing"]

MAX_ASKS = 4
_LONGEST_QUESTION = 2_000


@dataclass(frozen=True)
class Ask:
    """One thing that is asked."""

    text: str
    want: Want
    terms: tuple[tuple[str, float], ...]
    """The stems that carry meaning, each once, with their weight."""


@dataclass(frozen=True)
class Question:
    """A whole message of a user: what it asks, and what it states or takes for granted."""

    text: str
    asks: tuple[Ask, ...]
    terms: tuple[tuple[str, float], ...]
    quantities: tuple[Quantity, ...]


# The pattern that matches earliest in an ask says what it wants; of two at the same place, the upper one.
_WANTS: tuple[tuple[re.Pattern[str], Want], ...] = (
    (re.compile(r"\bhow (?:often|frequently|many times)\b|\bwhat frequency\b"), "frequency"),
    (
        re.compile(
            r"\bhow (?:soon|early|late|quick(?:ly)?|fast|long)\b|\bhow much (?:time|notice)\b|\bwhat (?:is the )?duration\b"
            r"|\bwhat(?:'s| is| are)? the (?:\w+ )?(?:deadline|notice period|waiting period|retention)\b"
        ),
        "duration",
    ),
    (
        re.compile(
            r"\bwhen\b|\b(?:what|which|on what|on which|by what|by which) (?:date|day|days|month|year|time|hour|hours|week)\b"
            r"|\bdeadline\b|\b(?:until|till|since) when\b|\bwhat are the (?:\w+ )?hours\b|\bin which (?:month|year|week)\b"
        ),
        "time",
    ),
    (
        re.compile(
            r"\bhow (?:much|many|old|far|low|high|large|big|tall|wide|heavy|deep|hot|cold|strong|expensive)\b"
            r"|\b(?:what|which) (?:is the |are the |was the )?(?:\w+ ){0,2}(?:price|cost|costs|fee|rate|rates|amount|limit|"
            r"maximum|minimum|most|percentage|percent|share|number|value|allowance|salary|pay|speed|size|age|budget|cap)\b"
            r"|\bwhat does\b.*\bcosts?\b|\bwhat (?:do|will|am|are) (?:i|we|you)\b.*\b(?:paid|get|receive|earn|pay)\b"
            r"|\bat what\b|\bup to what\b|^(?:max|maximum|min|minimum)\b"
        ),
        "amount",
    ),
    (re.compile(r"\bwho\b|\bwhom\b|\bwhose\b|\bwhich (?:person|team|department)\b"), "person"),
    (re.compile(r"\bwhere\b|\bwhich (?:place|office|site|country|building)\b"), "place"),
    (
        re.compile(
            r"\bhow (?:do|can|should|must|would|may|to|am|are|is|does|did)\b|\bwhat (?:should|must|can|do|shall) (?:i|we|you)\b"
            r"|\bwhat (?:now|next|happens|then)\b|\bwhat to do\b|\bsteps\b|\bwhat if\b|\bhow\b"
        ),
        "way",
    ),
    (re.compile(r"\bwhat\b|\bwhich\b|\bwhy\b"), "thing"),
    (
        re.compile(
            r"^(?:\W*(?:and|but|so|or|also|then|hey|hi|hello|please|ok|well)\W+)*"
            r"(?:can|may|could|do|does|did|is|are|was|were|am|will|would|should|shall|must|has|have|had|might)\b"
            r"|\b(?:right|correct|isn't it|is that so|allowed|okay|ok)\s*\?"
        ),
        "yes_no",
    ),
)
# Words by which people ask, not about which: `how long`, `how many`, `I want to know whether it is allowed`.
_SAYS_HOW_ONLY = frozenset(
    stem(word)
    for word in """many much long soon often early late quick quickly fast old far low high want wants wanted know think happen
    happens use used put back something someone somebody anything anyone anybody im i'm i'd i've i'll we're we've hey really
    actually possible allowed going wondering question help maybe currently exactly""".split()  # noqa: SIM905
)
_STARTS_AN_ASK = re.compile(
    r",?\s+(?:and|or|but)\s+(?:if so,?\s+)?(?=(?:by |until |to |for |at |from |in )?(?:how|what|when|who|whom|where|which|why"
    r"|is there|are there|do i|does|can i|may i|must i)\b)",
    re.IGNORECASE,
)


def read_question(text: str) -> Question:
    """Understand a message. Whatever is written there, at least one thing is asked."""
    text = " ".join(text.split())[:_LONGEST_QUESTION]
    asks = [_ask(part) for part in _parts(text)]
    return Question(
        text=text,
        asks=tuple(asks[:MAX_ASKS]),
        terms=_weighted(text),
        quantities=tuple(quantities(text)),
    )


def _parts(text: str) -> list[str]:
    """The parts of a message that ask something; all of it when no part does."""
    asking = [sentence for sentence in sentences(_end_questions(text)) if _asks(sentence)]
    parts = [part.strip(" ,") for sentence in asking for part in _STARTS_AN_ASK.split(sentence)]
    parts = [part for part in parts if part]
    # A part such as `to whom?` has no words of its own: it belongs to the part before it.
    joined: list[str] = []
    for part in parts:
        if joined and not terms(part):
            joined[-1] = f"{joined[-1]} and {part}"
        else:
            joined.append(part)
    return joined or [text]


def _end_questions(text: str) -> str:
    """Sentences begin with capitals; in messages typed in a hurry they often do not."""
    return re.sub(r"([?!])(\s+)(?!and\b)([a-z])", lambda found: found[1] + found[2] + found[3].upper(), text)


def _asks(sentence: str) -> bool:
    return "?" in sentence or any(pattern.search(sentence.lower()) for pattern, _ in _WANTS)


def _ask(part: str) -> Ask:
    lower = part.lower()
    found = [
        (match.start(), order, want) for order, (pattern, want) in enumerate(_WANTS) if (match := pattern.search(lower))
    ]
    return Ask(text=part, want=min(found)[2] if found else "thing", terms=_weighted(part))


def _weighted(text: str) -> tuple[tuple[str, float], ...]:
    return tuple((term, weight(term)) for term in dict.fromkeys(terms(text)) if term not in _SAYS_HOW_ONLY)
