"""English text as words, content terms and sentences: pure, quick, and the same for search, guard and answer."""

from __future__ import annotations

import re
import unicodedata

from quarterdeck.core.stemming import stem

STOP_WORDS = frozenset(
    """a about above after again all also am an and any are as at be because been before being below between both but by
    can could did do does doing done down during each either else etc ever every few for from further get gets getting
    give given gives go goes going had has have having he her here hers herself him himself his how however i if in into
    is it its itself just let like may me might mine more most much must my myself need needs neither no nor not now of
    off on once one only onto or other others our ours ourselves out over own per please same shall she should since so
    some such tell than that the their theirs them themselves then there these they this those though through thus till
    to too under until up upon us very via was we were what whatever when whenever where whether which while who whoever
    whom whose why will with within without would yet you your yours yourself yourselves
    don doesn didn isn aren wasn weren won wouldn shouldn couldn can't ain hasn haven hadn mustn needn
    d ll m re s t ve ok okay hi hello thanks thank yes""".split()  # noqa: SIM905 - a hundred quotes would not read better
)

_TOKEN = re.compile(r"\d+(?:[.,:]\d+)*|[^\W\d_]+(?:['’][^\W\d_]+)*|\d+[^\W_]+")
_CITATION = r"(?:\s*\[\d{1,3}\])*"
_BOUNDARY = re.compile(
    rf"(?<=[.!?…])[\"'”’)\]*_]*{_CITATION}(\s+)(?!\[\d{{1,3}}\])(?=[\"'“‘(\[*_`#$€£]*[A-Z0-9À-Ý])|([。！？])"
)
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\[\"“])(?:e\.g|i\.e|etc|cf|vs|approx|incl|excl|dr|mr|mrs|ms|prof|st|no|nos|art|sec|para|fig|eq|ch|pp|vol"
    r"|ed|eds|al|inc|ltd|corp|co|dept|est|tel|ext|max|min|hrs|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec|mon|tue|wed"
    r"|thu|fri|a\.m|p\.m|[a-z](?:\.[a-z])*)\.$",
    re.IGNORECASE,
)
# After these an upper-case word may well begin a new sentence: `… at 5 p.m. The shop …`, `… in the U.S. The law …`.
_OPEN_ENDED = re.compile(r"(?:a\.m|p\.m|etc|u\.s|u\.k|e\.u|inc|ltd|corp|co)\.$", re.IGNORECASE)
_NEGATION = re.compile(
    r"\b(?:not|no|never|none|nobody|nothing|neither|nor|without|cannot|unless|except|forbidden|prohibited|refused?|refuses"
    r"|\w+n['’]t)\b",
    re.IGNORECASE,
)


def words(text: str) -> list[str]:
    """The words and numbers of a text in lower case, without accents and possessives; hyphens part words."""
    found = []
    for token in _TOKEN.findall(text):
        word = unaccented(token.lower().replace("’", "'"))
        found.append(word.removesuffix("'s"))
    return found


def terms(text: str) -> list[str]:
    """The stems of the words that carry meaning, in order."""
    return [stem(word) for word in words(text) if word not in STOP_WORDS]


def unaccented(text: str) -> str:
    """Letters without their accents: *café* as *cafe*."""
    if text.isascii():
        return text
    return "".join(mark for mark in unicodedata.normalize("NFKD", text) if not unicodedata.combining(mark))


def sentences(text: str) -> list[str]:
    """The sentences of running text, stripped; citation marks such as `[2]` stay with the sentence they follow."""
    return [text[start:end].strip() for start, end in sentence_spans(text) if text[start:end].strip()]


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Where the sentences of a text stand. The spans join without gaps, so that joining them gives the text again."""
    spans: list[tuple[int, int]] = []
    start = 0
    for match in _BOUNDARY.finditer(text):
        end = match.end()
        if match.group(2) is None and _goes_on(text, match.start(), end):
            continue
        spans.append((start, end))
        start = end
    if start < len(text):
        spans.append((start, len(text)))
    return spans


def negations(text: str) -> int:
    """How many words in a text deny something."""
    return len(_NEGATION.findall(text))


def names(text: str) -> list[str]:
    """Words that look like names: capitals inside a sentence, and words of capitals or with digits anywhere."""
    found = []
    for sentence in sentences(text):
        for position, match in enumerate(re.finditer(r"[^\W_][\w&’'-]*", sentence)):
            word = match.group().strip("’'-")
            first_letter_only = word[:1].isupper() and not word[1:].isupper()
            looks_like_one = len(word) > 1 and not word.isdigit() and (word[0].isupper() or word.isupper())
            if looks_like_one and not (first_letter_only and position == 0):
                found.append(word)
    return found


def _goes_on(text: str, stop: int, end: int) -> bool:
    """Whether the full stop before a gap belongs to an abbreviation or a list number, and the sentence goes on."""
    before = text[max(0, stop - 24) : stop]
    line = text[text.rfind("\n", 0, stop) + 1 : stop]
    if text[stop].isspace() and re.fullmatch(r"(?:.*[.!?:]\s)?\s*(?:\d{1,3}|[a-z]|[ivx]{1,4})\.", line):
        return True
    if not before.endswith(".") or not _ABBREVIATION.search(before):
        return False
    next_word = re.match(r"[\"'“‘(\[*_`]*([A-Za-z]+)", text[end : end + 24])
    starts_anew = next_word is not None and next_word.group(1).lower() in STOP_WORDS
    return not (_OPEN_ENDED.search(before) and starts_anew)
