"""Whether a statement has what a kind of question wants: a sum for *how much*, a team for *who*, a step for *how*."""

from __future__ import annotations

import re

from quarterdeck.core.quantities import Quantity, quantities
from quarterdeck.gateway.extractive.question import Ask, Want

QUANTITY_WANTS: frozenset[Want] = frozenset({"amount", "time", "duration", "frequency"})
SOFT_WANTS: frozenset[Want] = frozenset({"person", "place", "way", "yes_no"})

_UNIT = re.compile(r"\b(second|minute|hour|day|night|week|month|quarter|year)s?\b", re.IGNORECASE)
_MONEY_WORDS = re.compile(
    r"\b(?:cost|costs|price|fee|fees|money|paid|pay|pays|salary|earn|bonus|budget|allowance|refund(?:ed)?|reimburse[ds]?|fare"
    r"|rate|dollars?|euros?|kroner|nok|cad|usd|expensive|cheap|worth|value|contribut\w*|match(?:es)?)\b",
    re.IGNORECASE,
)
_CALENDAR = re.compile(
    r"\b(?:January|February|March|April|May|June|July|August|September|October|November|December|(?:Mon|Tues|Wednes|Thurs|Fri"
    r"|Satur|Sun)days?|noon|midnight|morning|afternoon|evening|at once|immediately|anytime|any time)\b"
)
_BEFORE_OR_AFTER = re.compile(
    r"\b(?:within|before|after|by|later|earlier|ahead|advance|notice|until|from)\b", re.IGNORECASE
)
_FREQUENCY = re.compile(
    r"\b(?:every|each|once|twice|times?|daily|weekly|monthly|quarterly|yearly|annual(?:ly)?|always|never|in four)\b",
    re.IGNORECASE,
)
_NEVER = re.compile(
    r"\b(?:never|no limit|not? expire|unlimited|indefinite(?:ly)?|forever|as long as|until)\b", re.IGNORECASE
)
_ROLE = re.compile(
    r"\b(?:manager|director|officer|team|desk|supervisor|lead|specialist|committee|board|department|coordinator|office|union"
    r"|representative|administrator|admin|owner|colleague|employees?|everyone|anyone|nobody|parents?|people|staff|group|head"
    r"|extension|contact|doctor|physician|police|bank|insurer|company|members?)\b|@",
    re.IGNORECASE,
)
_PLACE = re.compile(
    r"\b(?:in|at|on|under|from|through|into|via|inside|outside)\s+(?:the|our|your|a|an|[A-Z*`])|https?:|www\."
)
_STEP = re.compile(
    r"^(?:(?:first|then|next|please|if [^,]{3,80}|when [^,]{3,80}|to [^,]{3,60}|before [^,]{3,60}),?\s+)?(?:tell|ask|report|call"
    r"|block|bring|use|add|submit|fill|send|contact|go|enter|book|complete|follow|click|open|select|email|mail|notify|request"
    r"|apply|keep|do not|don.t|never|talk|check|record|claim|write|put|pay|log|sign|install|download|create|choose|give|hand"
    r"|take|show|wear|lock|return|register|make|set|start|work with|reach out|post|read|get|let|find|save|attach|upload|visit"
    r"|wait|speak|inform|refuse|propose|leave|be|update|connect|type|search|schedule|include|review|confirm)\b"
    r"|\b(?:you|employees?|everyone|managers?) (?:can|may|must|should|need to|have to|will need|want to)\b|\bform\b",
    re.IGNORECASE,
)
_RULING = re.compile(
    r"\b(?:may|can|cannot|must|not|never|only|allowed|possible|forbidden|free|need|needs|required|always|nobody|no one|unless"
    r"|except|no|any|entitled|eligible|covers?|covered|pays?|paid|refunded|is|are|will)\b|n['’]t\b",
    re.IGNORECASE,
)


def has_wanted(ask: Ask, text: str) -> bool:
    """Whether `text` has something of the kind that is asked for. Always true when any kind would do."""
    match ask.want:
        case "amount":
            return _has_amount(ask.text, quantities(text))
        case "time":
            by_the_clock = bool(_CALENDAR.search(text)) or _has(text, {"date", "time", "year", "ordinal"})
            return by_the_clock or (bool(_BEFORE_OR_AFTER.search(text)) and _has(text, {"duration"}))
        case "duration":
            return bool(_NEVER.search(text)) or _has(text, {"duration", "date", "time", "number", "percent"})
        case "frequency":
            return bool(_FREQUENCY.search(text))
        case "person":
            return bool(_ROLE.search(text))
        case "place":
            return bool(_PLACE.search(text))
        case "way":
            return bool(_STEP.search(text))
        case "yes_no":
            return bool(_RULING.search(text))
        case _:
            return True


def _has(text: str, kinds: set[str]) -> bool:
    return any(quantity.kind in kinds for quantity in quantities(text))


def _has_amount(asked: str, found: list[Quantity]) -> bool:
    """*How many days* wants days, *how much is it* wants money or a share, *how many* wants a number."""
    unit = _UNIT.search(asked.split("?")[0][:60])
    if unit and re.search(r"\bhow many\b", asked, re.IGNORECASE):
        return any(quantity.kind == "duration" for quantity in found)
    if _MONEY_WORDS.search(asked):
        return any(quantity.kind in {"money", "percent", "number"} for quantity in found)
    return any(quantity.kind in {"number", "percent", "money", "duration"} for quantity in found)
