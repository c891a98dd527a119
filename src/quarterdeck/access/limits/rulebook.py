"""Which limits concern a request: all of them compiled into a few look-ups, so that whoever has none pays for one `if`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import translate

from quarterdeck.access.limits import windows
from quarterdeck.access.limits.counters import Claim
from quarterdeck.access.limits.records import Limit, Metric, Subject

_MOST_MATCHES = 10_000


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks for what, in the words of limits."""

    project_id: str
    key_id: str | None = None
    team: str | None = None
    user: str | None = None
    tags: Sequence[str] = ()
    models: Sequence[str] = ()
    """The names under which the model goes: one that was asked for, and the full one."""
    app: str | None = None

    def of(self, subject: Subject) -> Sequence[str]:
        """What a limit of this kind looks at."""
        match subject:
            case "project":
                return (self.project_id,)
            case "key":
                return () if self.key_id is None else (self.key_id,)
            case "team":
                return () if self.team is None else (self.team,)
            case "user":
                return () if self.user is None else (self.user,)
            case "app":
                return () if self.app is None else (self.app,)
            case "tag":
                return self.tags
            case "model":
                return self.models


@dataclass(frozen=True, slots=True)
class Needs:
    """How much of each thing a request may take, or took."""

    input_tokens: int = 0
    output_tokens: int = 0
    cost_pico: int = 0
    requests: int = 1

    def of(self, metric: Metric) -> int:
        """The amount of one thing."""
        match metric:
            case "requests":
                return self.requests
            case "tokens":
                return self.input_tokens + self.output_tokens
            case "input_tokens":
                return self.input_tokens
            case "output_tokens":
                return self.output_tokens
            case "cost":
                return self.cost_pico
            case "concurrency":
                return 1


class Rule:
    """A limit, ready to be applied."""

    def __init__(self, project_id: str, project_name: str, limit: Limit) -> None:
        self.project_id = project_id
        self._name = f"{project_name}:{limit.counter}"
        self.limit = limit
        self.units = limit.units
        self.start_s = self.end_s = 0
        self.spent = limit.metric != "concurrency"
        self.lasting = limit.window in windows.LASTING
        self.first_alert = min((int(share * self.units) for share in limit.alert_at), default=1 << 62) or 1
        self.told: set[tuple[str, float]] = set()
        """The alerts of this window that have been raised already."""
        self._most = self.units if limit.hard else None
        self._prefix = ""
        everyone = limit.subject == "project" or limit.subject_id == "*"
        self._pattern = None if everyone else re.compile(translate(limit.subject_id))
        self._matches: dict[str, bool] = {}

    def concerns(self, value: str) -> bool:
        """Whether a value of its subject falls under it."""
        if self._pattern is None:
            return True
        known = self._matches.get(value)
        if known is None:
            if len(self._matches) >= _MOST_MATCHES:
                self._matches.clear()
            known = self._matches[value] = self._pattern.match(value) is not None
        return known

    def claim(self, value: str, amount: int, now_s: int) -> Claim:
        """What a request wants of it."""
        if not self.start_s <= now_s < self.end_s:
            self._turn(now_s)
        if self._most is not None and amount > self._most > 0:
            # Larger than the whole limit: it passes when nothing else is used, instead of never.
            amount = self._most
        return Claim(self.key(value), amount, self._most, self.end_s, self.spent, self.lasting)

    def key(self, value: str) -> str:
        """The name of its counter in this window."""
        return self._prefix + value if self.limit.each else self._prefix

    def prefix(self, now_s: int) -> str:
        """How the names of all its counters in this window begin."""
        if not self.start_s <= now_s < self.end_s:
            self._turn(now_s)
        return self._prefix

    def _turn(self, now_s: int) -> None:
        self.start_s, self.end_s = windows.bounds_s(self.limit.window, now_s)
        self._prefix = f"{self._name}:{self.start_s}:"
        self.told.clear()


@dataclass(slots=True)
class ProjectRules:
    """The limits of one project."""

    name: str = ""
    rules: list[Rule] = field(default_factory=list)
    needs_estimate: bool = False
    """Whether any of them is about tokens or money."""

    def concerning(self, asking: Asking) -> list[tuple[Rule, str]]:
        """The limits that a request falls under, each with the value that counts."""
        found: list[tuple[Rule, str]] = []
        for rule in self.rules:
            for value in asking.of(rule.limit.subject):
                if rule.concerns(value):
                    found.append((rule, value))
                    if not rule.limit.each or rule.limit.subject == "model":
                        break  # two tags under one limit are still one request
        return found


class Rulebook:
    """All limits of all projects."""

    def __init__(self, limits: Iterable[tuple[str, str, Limit]] = ()) -> None:
        projects: dict[str, ProjectRules] = {}
        for project_id, project_name, limit in limits:
            if limit.enabled:
                of_project = projects.setdefault(project_id, ProjectRules(project_name))
                of_project.rules.append(Rule(project_id, project_name, limit))
                of_project.needs_estimate |= limit.metric not in ("requests", "concurrency")
        self.projects: Mapping[str, ProjectRules] = projects
