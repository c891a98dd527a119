"""What a check of the doctor says: one line, and the remedy when something is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["ok", "warning", "failed", "skipped"]


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    name: str
    status: Status
    found: str
    remedy: str | None = None


def ok(name: str, found: str) -> Check:
    """As it should be."""
    return Check(name, "ok", found)


def warning(name: str, found: str, remedy: str) -> Check:
    """It works, but someone should look at it."""
    return Check(name, "warning", found, remedy)


def failed(name: str, found: str, remedy: str) -> Check:
    """It does not work."""
    return Check(name, "failed", found, remedy)


def skipped(name: str, found: str) -> Check:
    """It could not be looked at now, and that is no fault."""
    return Check(name, "skipped", found)
