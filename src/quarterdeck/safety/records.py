"""The nouns of safety: what was found out about a sentence of an answer, and guardrails with their verdicts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from quarterdeck.core.events import Event
from quarterdeck.core.hashing import Json

Outcome = Literal["passed", "corrected", "withheld", "not_evaluated"]
"""passed: supported as cited. corrected: supported, its citation mended. withheld: not shown. not_evaluated: no claim."""


@dataclass(frozen=True)
class Support:
    """How well a passage supports a sentence, and by which of its own sentences."""

    score: float
    """The probability that the passages say this."""
    n: int
    """The passage that supports it best, from 1; 0 when there is none."""
    evidence: str
    """The sentence of that passage which is nearest."""
    problems: tuple[str, ...]
    """What alone is reason enough to distrust it: a number, a name or a denial that the passages do not have."""
    by_passage: tuple[float, ...]
    """The score that each passage would give alone."""


@dataclass(frozen=True)
class SentenceVerdict:
    """What became of one sentence of an answer."""

    sentence: str
    outcome: Outcome
    score: float | None = None
    evidence: str = ""
    supported_by: int = 0
    """The passage that the evidence stands in."""
    citations: tuple[int, ...] = ()
    problems: tuple[str, ...] = ()


# --- guardrails -----------------------------------------------------------------------------------------------

Stage = Literal["input", "output"]
Action = Literal["block", "redact", "flag"]
Streaming = Literal["hold", "skip"]
"""hold: a stream is held back as far as the checks need. skip: streams are not evaluated, and the audit says so."""
Role = Literal["system", "user", "assistant", "tool"]
Evaluation = Literal["passed", "blocked", "not_evaluated"]


@dataclass(frozen=True)
class Finding:
    """What a check found in a text, and where."""

    label: str
    start: int
    end: int
    score: float = 1.0
    replacement: str | None = None
    """What to put in its place when it is to be redacted; by default `[LABEL]`."""
    masked: bool = False
    """Whether what was found must not be shown itself: a secret, a person's data."""
    check: str = ""
    """The kind of check that found it, where several look at once."""

    def in_place(self) -> str:
        """What a redaction writes."""
        return f"[{self.label.upper()}]" if self.replacement is None else self.replacement


@dataclass(frozen=True)
class Evidence:
    """A finding as it is kept: where, and enough of it to judge the judgement."""

    label: str
    text: int
    """Which text it stands in: the n-th that was looked at, from 0."""
    start: int
    end: int
    excerpt: str
    score: float


@dataclass(frozen=True)
class Verdict:
    """The judgement of one check about one input or one answer."""

    guardrail: str
    version: int
    check: str
    stage: Stage
    outcome: Evaluation
    """Three-valued, because "nothing was found" and "nobody looked" are not the same."""
    action: Action | Literal["none"]
    """What was done about what was found."""
    label: str | None
    score: float | None
    """How sure the check is, for checks that say so; 1 for rules and checksums."""
    threshold: float | None
    tier: Literal["T0", "remote"]
    """T0: rules and checksums in this process. remote: somebody else's judgement."""
    evidence: list[Evidence]
    ms: float
    reason: str | None = None
    """Why it was not evaluated, or what the judge said."""


@dataclass(frozen=True)
class GuardrailScope:
    """To what a guardrail applies. Patterns such as `openai/*`; an empty list means all."""

    apps: list[str] = field(default_factory=list)
    models: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    """API keys by name or id."""
    asked_only: bool = False
    """Whether it applies only to requests that ask for it by name."""


@dataclass(frozen=True)
class Guardrail:
    """A policy: what is looked for in which texts, and what happens when it is found."""

    id: str
    name: str
    version: int
    """Counts up with every change; verdicts name it."""
    description: str
    enabled: bool
    stages: list[Stage]
    checks: list[dict[str, Json]]
    """Each has its `kind` and the options of that kind."""
    action: Action
    streaming: Streaming
    roles: list[Role]
    """Whose words of an input are looked at."""
    scope: GuardrailScope
    has_secret: bool
    """Whether a credential for its webhook is stored."""
    owner: str
    created_at: str
    changed_at: str


@dataclass(frozen=True)
class GuardrailTrial:
    """What a guardrail says about a text, and what would become of the text."""

    blocked: bool
    text: str
    verdicts: list[Verdict]


@dataclass(frozen=True)
class CheckKind:
    """A kind of check that guardrails may be made of."""

    kind: str
    summary: str
    stages: list[Stage]
    options: dict[str, Json]
    """JSON schema."""


@dataclass(frozen=True)
class GuardrailsChanged(Event):
    """A guardrail was made, changed or removed: the live ones reload."""
