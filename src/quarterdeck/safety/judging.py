"""What guardrails say about texts: a verdict for each check, the texts as they may go on, or that they may not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any

import aiohttp

from quarterdeck.core import clock
from quarterdeck.safety.check import Check, Circumstances, LocalCheck, NoOpinion, RemoteCheck
from quarterdeck.safety.records import Evidence, Finding, Guardrail, Stage, Verdict
from quarterdeck.safety.text_window import rewritten

MOST_EVIDENCE = 10
_EXCERPT = 80
_PART = 4096
"""Long texts are looked at in parts, so that other requests get their turn in between."""


@dataclass(frozen=True)
class LiveGuardrail:
    """A guardrail with its checks at hand."""

    record: Guardrail
    checks: tuple[Check[Any], ...]  # Any: each has options of its own
    secret: str | None = field(default=None, repr=False)

    def applies(self, *, app: str | None, models: Sequence[str], key: tuple[str, str], asked: Sequence[str]) -> bool:
        """Whether it is for a request to this app, or to one of these models, with this key (name, id), which asks for guardrails."""
        if self.record.name in asked:
            return True
        scope = self.record.scope
        if scope.asked_only:
            return False
        if scope.apps or scope.models:
            fits_app = app is not None and _fits(scope.apps, app)
            fits_model = any(_fits(scope.models, model) for model in models)
            if not fits_app and not fits_model:
                return False
        return not scope.keys or any(_fits(scope.keys, one) for one in key)

    @property
    def local(self) -> tuple[LocalCheck[Any], ...]:
        return tuple(check for check in self.checks if isinstance(check, LocalCheck))

    @property
    def remote(self) -> tuple[RemoteCheck[Any], ...]:
        return tuple(check for check in self.checks if isinstance(check, RemoteCheck))

    @property
    def reach(self) -> int | None:
        """How much of a stream its checks need at once; None when they need all of it."""
        reaches = [check.reach for check in self.checks]
        return None if None in reaches else max((reach for reach in reaches if reach is not None), default=0)


@dataclass
class Judgement:
    """What one guardrail has found so far in one input or one answer."""

    guardrail: LiveGuardrail
    stage: Stage
    texts: int = 0
    """How many texts were looked at."""
    found: dict[str, list[tuple[int, Finding, str]]] = field(default_factory=dict)
    """By check: in which text, what, and the words themselves."""
    ns: dict[str, int] = field(default_factory=dict)
    unasked: dict[str, tuple[str, bool]] = field(default_factory=dict)
    """Checks that gave no opinion: why, and whether that blocks."""
    reasons: dict[str, str] = field(default_factory=dict)
    rewritten: Sequence[str] | None = None
    """The texts as a judge elsewhere would have them."""

    def note(self, check: str, text: int, finding: Finding, words: str) -> None:
        """Keep what a check has found in the n-th text."""
        self.found.setdefault(check, []).append((text, finding, words))

    @property
    def blocked(self) -> bool:
        """Whether what was found means that it may not go on."""
        if any(blocks for _, blocks in self.unasked.values()):
            return True
        return self.guardrail.record.action == "block" and any(self.found.values())

    def verdicts(self, *, not_evaluated: str | None = None) -> list[Verdict]:
        """One for each check. `not_evaluated` says why nothing was looked at, if so."""
        return [self._verdict(check, not_evaluated) for check in self.guardrail.checks]

    def _verdict(self, check: Check[Any], not_evaluated: str | None) -> Verdict:
        record, found = self.guardrail.record, self.found.get(check.kind, [])
        reason, blocks = self.unasked.get(check.kind, (not_evaluated, False))
        if not found and not_evaluated is None and not self.texts and reason is None:
            reason = "there was no text to look at"
        acted = record.action if found else "none"
        worst = max(found, key=lambda one: one[1].score, default=None)
        return Verdict(
            guardrail=record.name,
            version=record.version,
            check=check.kind,
            stage=self.stage,
            outcome="blocked" if acted == "block" or blocks else "not_evaluated" if reason and not found else "passed",
            action="block" if blocks else acted,
            label=worst[1].label if worst else None,
            score=worst[1].score if worst else (None if reason else 0.0),
            threshold=check.threshold,
            tier="remote" if isinstance(check, RemoteCheck) else "T0",
            evidence=[_evidence(*one) for one in found[:MOST_EVIDENCE]],
            ms=round(self.ns.get(check.kind, 0) / 1e6, 3),
            reason=self.reasons.get(check.kind) or reason,
        )


async def judge(
    guardrail: LiveGuardrail,
    stage: Stage,
    texts: Sequence[str],
    http: aiohttp.ClientSession,
    circumstances: Circumstances,
) -> tuple[Judgement, Sequence[str]]:
    """Look at whole texts. Returns what was found, and the texts with what is to be redacted taken out."""
    judgement = Judgement(guardrail, stage, texts=sum(1 for text in texts if text))
    marked: list[list[Finding]] = [[] for _ in texts]
    for check in guardrail.local:
        began = clock.monotonic_ns()
        for number, text in enumerate(texts):
            for finding in await _inspect(check, text):
                judgement.note(check.kind, number, finding, text[finding.start : finding.end])
                marked[number].append(finding)
        judgement.ns[check.kind] = clock.monotonic_ns() - began
    written = [rewritten(taken_out(guardrail, found), 0, text) for text, found in zip(texts, marked, strict=True)]
    if not judgement.blocked and any(texts):
        await ask_elsewhere(judgement, written, http, circumstances)
        if judgement.rewritten is not None and guardrail.record.action == "redact":
            written = list(judgement.rewritten)
    return judgement, written


async def ask_elsewhere(
    judgement: Judgement, texts: Sequence[str], http: aiohttp.ClientSession, circumstances: Circumstances
) -> None:
    """Ask the judges elsewhere, if the guardrail has any."""
    for check in judgement.guardrail.remote:
        began = clock.monotonic_ns()
        try:
            opinion = await check.ask(http, texts, circumstances, judgement.guardrail.secret)
        except NoOpinion as silence:
            judgement.unasked[check.kind] = (silence.reason, silence.blocks)
        else:
            if opinion.finding is not None:
                judgement.note(check.kind, 0, opinion.finding, "")
                judgement.rewritten = opinion.texts or judgement.rewritten
            if opinion.reason:
                judgement.reasons[check.kind] = opinion.reason[:500]
        judgement.ns[check.kind] = judgement.ns.get(check.kind, 0) + clock.monotonic_ns() - began


def taken_out(guardrail: LiveGuardrail, found: Sequence[Finding]) -> Sequence[Finding]:
    """What of the findings must not go on, and not be recorded: all of them, or only those that are nobody's business."""
    if guardrail.record.action == "redact":
        return found
    return [finding for finding in found if finding.masked] if guardrail.record.action == "block" else ()


def without_findings(guardrail: LiveGuardrail, text: str) -> str:
    """A text as it may be recorded."""
    found = [finding for check in guardrail.local for finding in check.inspect(text)]
    return rewritten(taken_out(guardrail, found), 0, text)


def inspector(judgement: Judgement) -> Callable[[str], Sequence[Finding]]:
    """All local checks of a guardrail as one, for a window over a growing text."""
    checks = judgement.guardrail.local

    def inspect(words: str) -> Sequence[Finding]:
        found: list[Finding] = []
        for check in checks:
            began = clock.monotonic_ns()
            found += [replace(finding, check=check.kind) for finding in check.inspect(words)]
            judgement.ns[check.kind] = judgement.ns.get(check.kind, 0) + clock.monotonic_ns() - began
        return found

    return inspect


async def _inspect(check: LocalCheck[Any], text: str) -> Sequence[Finding]:
    if check.reach is None or len(text) <= _PART + 2 * check.reach:
        return check.inspect(text)
    found: dict[tuple[int, int, str], Finding] = {}
    for start in range(0, len(text), _PART):
        part = text[max(0, start - check.reach) : start + _PART + check.reach]
        moved = max(0, start - check.reach)
        for finding in check.inspect(part):
            placed = replace(finding, start=finding.start + moved, end=finding.end + moved)
            # Each belongs to the part in which it begins; in its neighbours it may be seen by half.
            if start <= placed.start < start + _PART:
                found[placed.start, placed.end, placed.label] = placed
        await asyncio.sleep(0)
    return list(found.values())


def _evidence(text: int, finding: Finding, words: str) -> Evidence:
    if finding.masked:
        excerpt = f"{words[:3]}…{words[-2:]}" if len(words) >= 12 else f"{words[:1]}…"
    else:
        excerpt = words if len(words) <= _EXCERPT else f"{words[: _EXCERPT - 1]}…"
    return Evidence(finding.label, text, finding.start, finding.end, excerpt, finding.score)


def _fits(patterns: Sequence[str], name: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
