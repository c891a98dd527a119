"""Finds personal data that has a form of its own, by pattern and checksum: such questions are not for a shared answer.

A first look, cheap enough for every question: what has no form, such as a name, it does not see.
"""

from __future__ import annotations

import re

_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_CARD = re.compile(r"(?<![\d.])(?:\d[ -]?){12,18}\d(?![\d.])")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{2,4}){3,8}\b", re.IGNORECASE)
_SSN = re.compile(r"(?<!\d)(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?!\d)")
_PHONE = re.compile(
    r"(?<![\w.])(?:\+\d{1,3}[ .-]?)?(?:\(\d{1,5}\)[ .-]?)?\d{2,5}(?:[ .-]\d{2,5}){1,4}(?![\w.])|\+\d{8,15}\b"
)
_DATE = re.compile(r"\d{4}[-.]\d{1,2}[-.]\d{1,2}|\d{1,2}[-.]\d{1,2}[-.]\d{2,4}")
_ADDRESS = re.compile(r"(?<![\d.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\d.])")


def personal_data(text: str) -> str | None:
    """The first kind of personal data in a text: `email`, `card`, `iban`, `ssn`, `ip-address`, `phone`; None without any."""
    if "@" in text and _EMAIL.search(text):
        return "email"
    if not any(character.isdigit() for character in text):
        return None
    if any(_passes_luhn(match.group()) for match in _CARD.finditer(text)):
        return "card"
    if any(_passes_mod_97(match.group()) for match in _IBAN.finditer(text)):
        return "iban"
    if _SSN.search(text):
        return "ssn"
    if _ADDRESS.search(text):
        return "ip-address"
    return "phone" if any(_is_phone(match.group()) for match in _PHONE.finditer(text)) else None


def _passes_luhn(text: str) -> bool:
    digits = [int(character) for character in text if character.isdigit()]
    doubled = [2 * digit - 9 * (digit > 4) for digit in digits[-2::-2]]
    return any(digits) and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _passes_mod_97(text: str) -> bool:
    code = re.sub(r"[ -]", "", text).upper()
    if not 15 <= len(code) <= 34:
        return False
    return int("".join(str(int(character, 36)) for character in code[4:] + code[:4])) % 97 == 1


def _is_phone(text: str) -> bool:
    digits = sum(character.isdigit() for character in text)
    return 7 <= digits <= 15 and not _DATE.fullmatch(text.strip())
