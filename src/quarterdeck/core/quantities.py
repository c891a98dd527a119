"""Numbers in a text as values that can be compared: *two weeks* and *2 weeks*, *$1,500* and *USD 1500*."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

QuantityKind = Literal["number", "percent", "money", "duration", "date", "time", "year", "ordinal"]


@dataclass(frozen=True)
class Quantity:
    """One number and what it counts. `value` is canonical text: equal values are the same quantity."""

    kind: QuantityKind
    value: str
    text: str


_ONES = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
    "seventeen": 17, "eighteen": 18, "nineteen": 19,
}  # fmt: skip
_TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
_WORD_NUMBER = rf"(?:(?:{'|'.join(_TENS)})(?:[-\s](?:{'|'.join(list(_ONES)[1:10])}))?|{'|'.join(_ONES)})"
_SCALE = r"(?:\s*(?:hundred|thousand|million|billion|bn|k\b|m\b))?"
_DIGITS = r"\d{1,3}(?:[,\u202f\u00a0 ]\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_SCALES = {"hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9, "bn": 1e9, "k": 1e3, "m": 1e6}
_MONTHS = "january|february|march|april|may|june|july|august|september|october|november|december"
# *may* in lower case is a verb far more often than a month.
_MONTH = rf"(?:{_MONTHS.replace('may', '(?-i:May|MAY)')}|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\.?"
_UNITS = {
    "second": "second", "sec": "second", "minute": "minute", "min": "minute", "hour": "hour", "hr": "hour",
    "day": "day", "night": "night", "weekday": "day", "week": "week", "fortnight": "fortnight", "month": "month",
    "quarter": "quarter", "year": "year", "yr": "year",
}  # fmt: skip
_CURRENCY = r"(?:usd|eur|gbp|nok|sek|dkk|cad|aud|chf|jpy|inr|cny|dollars?|euros?|pounds?|kroner|cents?)"

_PATTERN = re.compile(
    rf"""
    (?P<iso>\b\d{{4}}-\d{{2}}-\d{{2}}\b)
  | (?P<date>\b(?P<d1>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<m1>{_MONTH})(?=\W|$)(?:,?\s+(?P<y1>\d{{4}}))?
            |\b(?P<m2>{_MONTH})\s+(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?\b(?!\d)(?:,?\s+(?P<y2>\d{{4}}))?)
  | (?P<time>\b(?:[01]?\d|2[0-4])[:.][0-5]\d\s*(?:[ap]\.?m\b\.?)?|\b(?:1[0-2]|\d)\s*[ap]\.?m\b\.?)
  | (?P<money>[$€£¥]\s?(?P<n1>(?:{_DIGITS}){_SCALE})|\b{_CURRENCY}\s?(?P<n2>(?:{_DIGITS}){_SCALE})
             |\b(?P<n3>(?:{_DIGITS}|{_WORD_NUMBER}){_SCALE})\s?{_CURRENCY}\b)
  | (?P<percent>\b(?P<n4>{_DIGITS}|{_WORD_NUMBER})\s?(?:%|percent\b|per\s?cent\b))
  | (?P<duration>\b(?P<n5>{_DIGITS}|{_WORD_NUMBER})(?:[-\s]+(?:full|whole|working|business|calendar|consecutive|paid
             |unpaid|school|extra|more|additional|unused|academic|fiscal))*[-\s]*(?P<unit>{"|".join(_UNITS)})s?\b)
  | (?P<ordinal>\b\d{{1,4}}(?:st|nd|rd|th)\b)
  | (?P<year>\b(?:19|20)\d\d\b(?![.,]\d))
  | (?P<number>\b(?P<n6>(?:{_DIGITS}){_SCALE})|\b(?P<n7>(?!one\b){_WORD_NUMBER}{_SCALE})\b)
    """,
    re.IGNORECASE | re.VERBOSE,
)


def quantities(text: str) -> list[Quantity]:
    """All quantities of a text, in order."""
    return [_quantity(match) for match in _PATTERN.finditer(text)]


def values(text: str) -> set[str]:
    """The bare values of a text's quantities, units apart: what an answer may repeat without inventing."""
    found = set()
    for quantity in quantities(text):
        found.update(re.findall(r"[\d.]+", quantity.value))
    return found


def _quantity(match: re.Match[str]) -> Quantity:
    text = match.group().strip()
    if match["iso"]:
        year, month, day = (int(part) for part in text.split("-"))
        return Quantity("date", f"{day}/{month}/{year}", text)
    if match["date"]:
        month = 1 + [m[:3] for m in _MONTHS.split("|")].index((match["m1"] or match["m2"]).lower()[:3])
        year_text = match["y1"] or match["y2"]
        value = f"{int(match['d1'] or match['d2'])}/{month}" + (f"/{year_text}" if year_text else "")
        return Quantity("date", value, text)
    if match["time"]:
        return Quantity("time", _time(text), text)
    if match["money"]:
        return Quantity("money", _number(match["n1"] or match["n2"] or match["n3"]), text)
    if match["percent"]:
        return Quantity("percent", f"{_number(match['n4'])}%", text)
    if match["duration"]:
        return Quantity("duration", f"{_number(match['n5'])} {_UNITS[match['unit'].lower()]}", text)
    if match["ordinal"]:
        return Quantity("ordinal", text[:-2], text)
    if match["year"]:
        return Quantity("year", text, text)
    return Quantity("number", _number(match["n6"] or match["n7"]), text)


def _time(text: str) -> str:
    hour, minute = re.match(r"(\d+)(?:[:.](\d\d))?", text).groups("0")  # type: ignore[union-attr]  # as matched above
    afternoon = re.search(r"p\.?m", text, re.IGNORECASE) and int(hour) < 12
    return f"{int(hour) + (12 if afternoon else 0)}:{int(minute):02}"


def _number(text: str) -> str:
    """A number in digits, separators or words as its shortest decimal text."""
    text = text.lower().strip()
    factor = 1.0
    for scale, size in _SCALES.items():
        if text.endswith(scale) and text[: -len(scale)].strip():
            text, factor = text[: -len(scale)].strip(), size
            break
    digits = re.sub(r"[,\u202f\u00a0 ]", "", text)
    if re.fullmatch(r"[\d.]+", digits):
        return f"{float(digits) * factor:.10g}"
    total = sum(_TENS.get(word, _ONES.get(word, 0)) for word in re.split(r"[-\s]+", text))
    return f"{total * factor:.10g}"
