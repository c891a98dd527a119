"""The stem of an English word, so that *approved*, *approves* and *approval* meet: Porter's suffix rules."""

from __future__ import annotations

import re
from functools import lru_cache

_VOWEL = "[aeiou]|(?<=[^aeiou])y"
_HAS_VOWEL = re.compile(_VOWEL)
_MEASURE = re.compile(f"(?:{_VOWEL})+(?:(?!{_VOWEL})[a-z])+")
_SHORT_END = re.compile(r"(?:^|[^aeiou])[^aeiou](?:[aeiou]|(?<=[^aeiou])y)[^aeiouwxy]$")

# Each step tries its suffixes in this order and stops at the first that fits: long before short.
_DERIVED = (
    ("ational", "ate"), ("ization", "ize"), ("iveness", "ive"), ("fulness", "ful"), ("ousness", "ous"),
    ("tional", "tion"), ("biliti", "ble"), ("entli", "ent"), ("ousli", "ous"), ("ation", "ate"), ("alism", "al"),
    ("aliti", "al"), ("iviti", "ive"), ("enci", "ence"), ("anci", "ance"), ("izer", "ize"), ("abli", "able"),
    ("alli", "al"), ("ator", "ate"), ("logi", "log"), ("eli", "e"),
)  # fmt: skip
_DERIVED_AGAIN = (
    ("icate", "ic"), ("ative", ""), ("alize", "al"), ("iciti", "ic"), ("ical", "ic"), ("ness", ""), ("ful", ""),
)  # fmt: skip
_ENDINGS = (
    "ement", "ance", "ence", "able", "ible", "ment", "ant", "ent", "ism", "ate", "iti", "ous", "ive", "ize", "ion",
    "al", "er", "ic", "ou",
)  # fmt: skip
_IRREGULAR = {
    "paid": "pay", "pays": "pay", "bought": "buy", "took": "take", "taken": "take", "gave": "give", "given": "give",
    "sent": "send", "spent": "spend", "left": "leave", "leaves": "leave", "leaving": "leave", "kept": "keep",
    "held": "hold", "got": "get", "gotten": "get", "told": "tell", "found": "find", "made": "make", "went": "go",
    "gone": "go", "chosen": "choose", "chose": "choose", "written": "write", "wrote": "write", "lost": "lose",
    "children": "child", "people": "person", "men": "man", "women": "woman", "feet": "foot", "fell": "fall",
    "fallen": "fall", "worn": "wear", "stolen": "steal", "stole": "steal", "broken": "break", "broke": "break",
    "brought": "bring", "thought": "think", "built": "build", "met": "meet", "saw": "see", "seen": "see",
    "began": "begin", "begun": "begin", "ran": "run", "drove": "drive", "driven": "drive", "flew": "fly",
    "flown": "fly", "flight": "flight", "flights": "flight", "ate": "eat", "eaten": "eat", "news": "news",
}  # fmt: skip


@lru_cache(maxsize=32_768)
def stem(word: str) -> str:
    """The stem of one lower-case word; short words and anything but plain letters stay as they are."""
    word = _IRREGULAR.get(word, word)
    if len(word) < 3 or not (word.isascii() and word.isalpha()):
        return word
    word = _inflection(word)
    if word.endswith("y") and _HAS_VOWEL.search(word[:-1]):
        word = word[:-1] + "i"
    word = _replace(word, _DERIVED)
    if len(word) > 2 and word.endswith("li") and word[-3] in "cdeghkmnrt" and _measure(word[:-2]) > 0:
        word = word[:-2]  # *monthly* meets *month*: the one rule taken from Porter's later English stemmer
    word = _replace(word, _DERIVED_AGAIN)
    word = _ending(word)
    return _tidy(word)


def _inflection(word: str) -> str:
    """Plurals, `-ed` and `-ing`."""
    if word.endswith(("sses", "ies")):
        word = word[:-2]
    elif word.endswith("s") and not word.endswith("ss"):
        word = word[:-1]
    if word.endswith("eed"):
        return word[:-1] if _measure(word[:-3]) > 0 else word
    for suffix in ("ed", "ing"):
        if word.endswith(suffix) and _HAS_VOWEL.search(word[: -len(suffix)]):
            return _mend(word[: -len(suffix)])
    return word


def _mend(base: str) -> str:
    """What `-ed` or `-ing` was added to: *hop* of *hopping*, *hope* of *hoping*."""
    if base.endswith(("at", "bl", "iz")):
        return base + "e"
    if len(base) > 1 and base[-1] == base[-2] and base[-1] not in "lszaeiou":
        return base[:-1]
    if _measure(base) == 1 and _SHORT_END.search(base):
        return base + "e"
    return base


def _replace(word: str, rules: tuple[tuple[str, str], ...]) -> str:
    for suffix, replacement in rules:
        if word.endswith(suffix):
            base = word[: -len(suffix)]
            return base + replacement if _measure(base) > 0 else word
    return word


def _ending(word: str) -> str:
    for suffix in _ENDINGS:
        if word.endswith(suffix):
            base = word[: -len(suffix)]
            if _measure(base) < 2 or (suffix == "ion" and not base.endswith(("s", "t"))):
                return word
            return base
    return word


def _tidy(word: str) -> str:
    """A silent `-e` and a doubled `-l` go."""
    if word.endswith("e"):
        base = word[:-1]
        measure = _measure(base)
        if measure > 1 or (measure == 1 and not _SHORT_END.search(base)):
            word = base
    if word.endswith("ll") and _measure(word) > 1:
        word = word[:-1]
    return word


def _measure(base: str) -> int:
    """How many times a vowel group is followed by a consonant group: Porter's *m*."""
    return len(_MEASURE.findall(base))
