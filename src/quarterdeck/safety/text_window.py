"""Looks at a text while it still grows: what is decided may go out, what could still become something stays.

A finding may begin in one piece of a stream and end in another. So the last characters, as many as the longest thing that
is looked for, are held back until more comes; a token that has no end yet (half a key) is held back from its start.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from quarterdeck.safety.records import Finding

Inspect = Callable[[str], Sequence[Finding]]

STEP = 24
"""How much must at least have come before it is worth looking again."""
LONGEST_HOLD = 8192
_TOKEN_END = re.compile(r"[A-Za-z0-9_./+=:@-]+\Z")


class TextWindow:
    """One growing text. Positions count from its start."""

    def __init__(self, inspect: Inspect, reach: int | None) -> None:
        """`reach` is None when only the whole text can be judged: nothing is decided before the end."""
        self._inspect = inspect
        self._reach = reach
        # A wide look costs more, and is taken less often: it holds back more anyway.
        self._step = max(STEP, (reach or 0) // 8)
        self._text = ""
        self._base = 0
        """Where `_text` begins: what lies far behind is not kept."""
        self._seen = 0
        """How long the text was when it was last looked at."""
        self.final = 0
        """Up to here all is decided."""
        self.findings: list[Finding] = []
        """What was found and is decided, in order, without overlaps."""

    @property
    def length(self) -> int:
        """How long the text is by now."""
        return self._base + len(self._text)

    def feed(self, text: str) -> Sequence[tuple[Finding, str]]:
        """Some more of it. Returns what has been found and decided since, with the words themselves."""
        self._text += text
        if self._reach is None or self.length - self._seen < self._step:
            return ()
        return self._look(at_end=False)

    def finish(self) -> Sequence[tuple[Finding, str]]:
        """That was all of it."""
        return self._look(at_end=True) if self._seen < self.length or self.final < self.length else ()

    def _look(self, *, at_end: bool) -> Sequence[tuple[Finding, str]]:
        self._seen = self.length
        found = [self._placed(finding) for finding in self._inspect(self._text)]
        found = [finding for finding in found if finding.end > self.final or finding.end == finding.start]
        if at_end:
            return self._settle(found, self.length)
        reach = self._reach or 0
        cut = max(self.final, self.length - reach)
        growing = _TOKEN_END.search(self._text)
        if growing is not None and self._base + growing.start() < cut:
            cut = max(self.final, self._base + growing.start(), self.length - LONGEST_HOLD)
        # What touches the end may still grow. And what begins behind the cut may turn out to be something else.
        growing_on = [
            finding.start
            for finding in found
            if finding.end >= self.length and self.length - finding.start <= LONGEST_HOLD
        ]
        cut = max(self.final, min([cut, *growing_on]))
        settled = [finding for finding in found if finding.start < cut]
        return self._settle(settled, cut)

    def _settle(self, found: Sequence[Finding], cut: int) -> Sequence[tuple[Finding, str]]:
        new: list[tuple[Finding, str]] = []
        last = self.findings[-1].end if self.findings else 0
        for finding in sorted(found, key=lambda one: (one.start, -one.end)):
            if finding.end <= last and finding.end > finding.start:
                continue
            kept = (
                replace(finding, start=max(finding.start, self.final, last)) if finding.end > finding.start else finding
            )
            new.append((kept, self._text[max(0, finding.start - self._base) : finding.end - self._base]))
            self.findings.append(kept)
            last = max(last, finding.end)
        self.final = max(self.final, cut, last)
        keep_from = max(self._base, self.final - (self._reach or 0) if self._reach is not None else 0)
        self._text, self._base = self._text[keep_from - self._base :], keep_from
        return new

    def _placed(self, finding: Finding) -> Finding:
        return replace(finding, start=finding.start + self._base, end=finding.end + self._base)


def rewritten(findings: Sequence[Finding], start: int, text: str) -> str:
    """A stretch of a growing text (`text`, which stands from `start` on) as it reads without what was found."""
    end = start + len(text)
    parts: list[str] = []
    place = start
    for finding in sorted(findings, key=lambda one: (one.start, -one.end)):
        if finding.end <= place or finding.start >= end:
            continue
        parts.append(text[place - start : max(place, finding.start) - start])
        # What takes the place of something stands where that began, also when it began in an earlier stretch.
        if finding.start >= place:
            parts.append(finding.in_place())
        place = min(finding.end, end)
    parts.append(text[place - start :])
    return "".join(parts)
