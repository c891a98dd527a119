"""What a text really says: without invisible characters and look-alikes, and what it says in the encodings of a disguise."""

from __future__ import annotations

import base64
import binascii
import codecs
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote

_LONGEST_PAYLOAD = 20_000
_MOST_PAYLOADS = 20
_BASE64 = re.compile(r"(?<![A-Za-z0-9+/_-])(?:[A-Za-z0-9+/_-]{20,}={0,2})(?![A-Za-z0-9+/=_-])")
_HEX = re.compile(r"(?<![0-9A-Fa-f])(?:(?:0x|\\x)?[0-9A-Fa-f]{2}[\s,:]?){12,}(?![0-9A-Fa-f])")
_PERCENT = re.compile(r"(?:%[0-9A-Fa-f]{2}[\w.+-]{0,8}){6,}")
_SPACED = re.compile(r"\b(?:\w[ .\-_*]){7,}\w\b")
# Cyrillic and Greek letters that look like Latin ones, which NFKC leaves as they are.
_LOOK_ALIKES = str.maketrans(
    "аеорсухіјѕԁԛԝһӏАВЕКМНОРСТХІЈЅαεικνορτυχΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "aeopcyxijsdqwhlABEKMHOPCTXIJSaeiknoptuxABEZHIKMNOPTYX"
)


@dataclass(frozen=True)
class Reading:
    """One way to read a text."""

    text: str
    """In lower case."""
    origin: str
    """`plain`, or the disguise: `base64`, `hex`, `rot13` …"""
    positions: tuple[int, ...] | None = None
    """Where each character stood before; None when nothing has moved."""
    start: int = 0
    end: int = 0
    """Where the disguise stands in the text."""

    def span(self, start: int, end: int) -> tuple[int, int]:
        """A stretch of this reading, in the text as it was."""
        if self.origin != "plain":
            return self.start, self.end
        if self.positions is None:
            return start, end
        return self.positions[start], self.positions[end - 1] + 1


def plain(text: str) -> Reading:
    """The text without disguises that a reader would not see."""
    if text.isascii():
        return Reading(text.lower(), "plain")
    kept: list[str] = []
    positions: list[int] = []
    for place, character in enumerate(text):
        # Cf: zero-width spaces, direction marks, tags. Mn: accents piled upon letters.
        normal = unicodedata.normalize("NFKD", character).translate(_LOOK_ALIKES).lower()
        for one in normal:
            if unicodedata.category(one) not in ("Cf", "Mn"):
                kept.append(one)
                positions.append(place)
    return Reading("".join(kept), "plain", tuple(positions))


def hidden_characters(text: str) -> int:
    """How many characters stand inside words that nobody can see."""
    if text.isascii():
        return 0
    return len(re.findall(r"(?<=\w)[\u200b-\u200f\u2060-\u2064\u00ad\ufeff\U000e0000-\U000e007f](?=\w)", text))


def hidden_readings(text: str) -> Iterator[Reading]:
    """What it says in the usual encodings, as far as that is text at all."""
    yield from (reading for _, reading in zip(range(_MOST_PAYLOADS), _encoded(text), strict=False))
    if len(text) <= _LONGEST_PAYLOAD:
        yield Reading(codecs.encode(text, "rot13").lower(), "rot13", start=0, end=len(text))
        yield Reading(text[::-1].lower(), "reversed", start=0, end=len(text))
    for match in _SPACED.finditer(text):
        together = re.sub(r"[ .\-_*]", "", match.group()).lower()
        yield Reading(together, "spaced out", start=match.start(), end=match.end())
    tagged = "".join(chr(ord(c) - 0xE0000) for c in text if 0xE0020 <= ord(c) <= 0xE007E)
    if tagged:
        yield Reading(tagged.lower(), "invisible tags", start=0, end=len(text))


def _encoded(text: str) -> Iterator[Reading]:
    for match in _BASE64.finditer(text):
        decoded = _from_base64(match.group()[:_LONGEST_PAYLOAD])
        if decoded is not None:
            yield Reading(decoded.lower(), "base64", start=match.start(), end=match.end())
    for match in _HEX.finditer(text):
        digits = re.sub(r"0x|\\x|[\s,:]", "", match.group())
        decoded = _as_text(bytes.fromhex(digits[: len(digits) // 2 * 2]))
        if decoded is not None:
            yield Reading(decoded.lower(), "hex", start=match.start(), end=match.end())
    for match in _PERCENT.finditer(text):
        yield Reading(unquote(match.group()).lower(), "percent", start=match.start(), end=match.end())


def _from_base64(written: str) -> str | None:
    bare = written.rstrip("=").translate(str.maketrans("-_", "+/"))
    try:
        return _as_text(base64.b64decode(bare + "=" * (-len(bare) % 4)))
    except (binascii.Error, ValueError):
        return None


def _as_text(decoded: bytes) -> str | None:
    try:
        text = decoded.decode()
    except UnicodeDecodeError:
        return None
    printable = sum(character.isprintable() or character.isspace() for character in text)
    return text if text and printable == len(text) and " " in text.strip() else None
