"""Personal data of structured kinds: patterns first, then checksums and ranges, so that a number is not taken for a card."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from ipaddress import ip_address
from typing import Annotated, ClassVar, Literal

import msgspec

from quarterdeck.safety.check import LocalCheck
from quarterdeck.safety.records import Finding

PersonalKind = Literal["email", "phone", "card", "iban", "us_ssn", "ip_address", "uk_nino", "de_tax_id"]
_DEFAULT: list[PersonalKind] = ["email", "phone", "card", "iban", "us_ssn", "uk_nino", "de_tax_id"]


class PersonalDataOptions(msgspec.Struct):
    """Which kinds to look for."""

    types: Annotated[list[PersonalKind], msgspec.Meta(min_length=1)] = msgspec.field(
        default_factory=lambda: list(_DEFAULT)
    )


class PersonalData(LocalCheck[PersonalDataOptions]):
    """Finds e-mail addresses, phone numbers, payment cards (Luhn), IBANs (mod 97), social security and tax numbers. Names and addresses are not found: that takes a model."""

    kind: ClassVar[str] = "personal_data"
    options_type: ClassVar[type[msgspec.Struct]] = PersonalDataOptions
    reach = 96

    def inspect(self, text: str) -> Sequence[Finding]:
        found: list[Finding] = []
        for kind in self.options.types:
            found += _FINDERS[kind](text)
        return _without_overlaps(found)


def luhn(digits: str) -> bool:
    """Whether the check digit of a payment card is right."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def mod_97(iban: str) -> bool:
    """Whether the check digits of an IBAN are right."""
    moved = iban[4:] + iban[:4]
    return int("".join(str(int(character, 36)) for character in moved)) % 97 == 1


_EMAIL = re.compile(r"(?<![\w.+%-])[\w.+%-]{1,64}@(?:[\w-]{1,63}\.){1,4}[a-zA-Z]{2,24}(?![\w-])")
_CARD = re.compile(r"(?<![\d.,-])(?<!\d[ ])\d(?:[ -]?\d){12,18}(?![ -]?\d)")
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?: ?[A-Za-z0-9]){11,30}(?![A-Za-z0-9])")
_SSN = re.compile(r"(?<![\d-])(?!000|666|9\d\d)\d{3}([- ])(?!00)\d{2}\1(?!0000)\d{4}(?![\d-])")
_NINO = re.compile(
    r"(?<!\w)(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D](?!\w)"
)
_IP = re.compile(r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|(?:[0-9a-fA-F]{0,4}:){2,7}[0-9a-fA-F]{0,4})(?![\w.:])")
_TAX_ID = re.compile(r"(?<!\d)[1-9]\d(?: ?\d{3}){3}(?!\d)")
# International with +, or national with a leading zero or area code in the usual groups.
_PHONE = re.compile(
    r"(?<![\w.,/+-])(?:"
    r"(?:\+|00)[1-9]\d{0,2}[ ./-]?(?:\(0?\)[ ]?)?(?:\(?\d{1,5}\)?[ ./-]?){1,5}\d{2,4}"
    r"|\(\d{3}\)[ -]?\d{3}[ .-]?\d{4}"
    r"|\d{3}[.-]\d{3}[.-]\d{4}"
    r"|0\d{2,5}[ /-]\d{3,9}(?:[ -]?\d{2,6}){0,3}"
    r")(?![\w-]|[.,]\d)"
)
# How long an IBAN is in the countries that have most of them; others may have 15 to 34.
_IBAN_LENGTHS = {"DE": 22, "FR": 27, "GB": 22, "ES": 24, "IT": 27, "NL": 18, "BE": 16, "AT": 20, "CH": 21, "PL": 28, "SE": 24, "NO": 15, "DK": 18, "FI": 18, "IE": 22, "PT": 25}  # fmt: skip


def _emails(text: str) -> Iterator[Finding]:
    if "@" in text:
        yield from (_finding("email", match) for match in _EMAIL.finditer(text))


def _cards(text: str) -> Iterator[Finding]:
    for match in _CARD.finditer(text):
        digits = re.sub(r"\D", "", match.group())
        if 13 <= len(digits) <= 19 and digits[0] in "23456" and len(set(digits)) > 1 and luhn(digits):
            yield _finding("card", match)


def _ibans(text: str) -> Iterator[Finding]:
    for match in _IBAN.finditer(text):
        written = match.group()
        bare = written.replace(" ", "").upper()
        # Words behind it look like more of it: the length that its country has tells where it ends.
        lengths = [_IBAN_LENGTHS[bare[:2]]] if bare[:2] in _IBAN_LENGTHS else range(min(34, len(bare)), 14, -1)
        for length in lengths:
            if len(bare) >= length and mod_97(bare[:length]):
                end = match.start() + _end_of(written, length)
                yield Finding("iban", match.start(), end, masked=True)
                break


def _end_of(written: str, characters: int) -> int:
    seen = 0
    for place, character in enumerate(written):
        seen += character != " "
        if seen == characters:
            return place + 1
    return len(written)


def _phones(text: str) -> Iterator[Finding]:
    for match in _PHONE.finditer(text):
        if 7 <= sum(character.isdigit() for character in match.group()) <= 15:
            yield _finding("phone", match)


def _tax_ids(text: str) -> Iterator[Finding]:
    """Eleven digits whose last one is a checksum (ISO 7064, mod 11,10), one digit twice or three times."""
    for match in _TAX_ID.finditer(text):
        digits = match.group().replace(" ", "")
        counts = [digits[:10].count(digit) for digit in set(digits[:10])]
        product = 10
        for digit in digits[:10]:
            product = ((int(digit) + product) % 10 or 10) * 2 % 11
        if max(counts) in (2, 3) and (11 - product) % 10 == int(digits[10]):
            yield _finding("de_tax_id", match)


def _addresses(text: str) -> Iterator[Finding]:
    for match in _IP.finditer(text):
        try:
            address = ip_address(match.group())
        except ValueError:
            continue
        if not address.is_loopback and not address.is_unspecified:
            yield _finding("ip_address", match)


def _of(kind: str, pattern: re.Pattern[str]) -> Callable[[str], Iterator[Finding]]:
    return lambda text: (_finding(kind, match) for match in pattern.finditer(text))


def _finding(kind: str, match: re.Match[str]) -> Finding:
    return Finding(kind, match.start(), match.end(), masked=True)


def _without_overlaps(found: list[Finding]) -> list[Finding]:
    """Of findings that overlap the longest: the digits of an IBAN are no phone number."""
    kept: list[Finding] = []
    for finding in sorted(found, key=lambda one: one.start - one.end):
        if all(finding.end <= other.start or finding.start >= other.end for other in kept):
            kept.append(finding)
    return sorted(kept, key=lambda one: one.start)


_FINDERS: Mapping[PersonalKind, Callable[[str], Iterator[Finding]]] = {
    "email": _emails,
    "phone": _phones,
    "card": _cards,
    "iban": _ibans,
    "us_ssn": _of("us_ssn", _SSN),
    "uk_nino": _of("uk_nino", _NINO),
    "de_tax_id": _tax_ids,
    "ip_address": _addresses,
}
