"""Counts what spans tell, for Prometheus: calls, tokens, money, durations, by project, model, provider and app.

Spans are counted when they are stored, in the thread that stores them: no request pays for it, and the spans of all worker
processes are counted in one place. Labels are bounded; users, sessions and tags are none.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import Metric

from quarterdeck.core.money import PICO
from quarterdeck.runtime.tracing import Span

_CALLED = {"llm", "embedding", "tool"}
_MOST_SERIES = 2_000
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
_CALL = ("project", "provider", "model")
_BUCKETS = ("input", "output", "cache_read", "cache_write", "reasoning")


class Meters:
    """The counters of one process."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry(auto_describe=True)
        self._lock = threading.Lock()
        self._known: set[tuple[str, ...]] = set()
        self._calls = Counter(
            "quarterdeck_calls", "Model and tool calls.", (*_CALL, "kind", "status"), registry=registry
        )
        self._answers = Counter(
            "quarterdeck_answers", "Answers of apps.", ("project", "app", "status"), registry=registry
        )
        self._tokens = Counter("quarterdeck_tokens", "Tokens, each once.", (*_CALL, "type"), registry=registry)
        self._cost = Counter("quarterdeck_cost_usd", "What calls cost, in US dollars.", _CALL, registry=registry)
        self._unpriced = Counter(
            "quarterdeck_unpriced_calls", "Calls whose price nobody knows.", _CALL, registry=registry
        )
        self._hits = Counter("quarterdeck_cache_hits", "Answers given again from a cache.", _CALL, registry=registry)
        self._saved = Counter("quarterdeck_cache_saved_usd", "What caches have saved.", _CALL, registry=registry)
        self._again = Counter(
            "quarterdeck_further_attempts", "Retries and fallbacks of aliases.", _CALL, registry=registry
        )
        self._took = Histogram(
            "quarterdeck_call_duration_seconds", "How long calls take.", _CALL, registry=registry, buckets=_SECONDS
        )
        self._first = Histogram(
            "quarterdeck_time_to_first_token_seconds", "How long until the first token.", _CALL, registry=registry, buckets=_SECONDS
        )  # fmt: skip

    def hear(self, spans: Sequence[Span]) -> None:
        """Count some spans that were stored."""
        with self._lock:
            for span in spans:
                if span.kind in _CALLED:
                    self._count(span)
                elif span.kind == "app":
                    self._answers.labels(*self._bounded((span.project_id, span.app or "")), span.status).inc()

    def families(self, project_id: str | None = None) -> Iterator[Metric]:
        """The counters as Prometheus knows them; of one project, if it is named."""
        with self._lock:
            found = list(self._registry.collect())
        for family in found:
            if project_id is not None:
                family.samples = [one for one in family.samples if one.labels.get("project") == project_id]
            yield family

    def _count(self, span: Span) -> None:
        # A span that was received, not made here, may lack a provider, and tools have no model.
        call = self._bounded((span.project_id, span.provider or "", span.model or span.name))
        if span.cached:
            self._hits.labels(*call).inc()
            self._saved.labels(*call).inc((span.saved_pico or 0) / PICO)
            return
        self._calls.labels(*call, span.kind, span.status).inc()
        self._took.labels(*call).observe(max(0, span.end_ns - span.start_ns) / 1e9)
        if span.first_token_ns is not None:
            self._first.labels(*call).observe(max(0, span.first_token_ns - span.start_ns) / 1e9)
        for kind, count in zip(_BUCKETS, _disjoint(span), strict=True):
            if count > 0:
                self._tokens.labels(*call, kind).inc(count)
        if span.cost_pico:
            self._cost.labels(*call).inc(span.cost_pico / PICO)
        if span.unpriced:
            self._unpriced.labels(*call).inc()
        attempt: Any = span.attributes.get("quarterdeck.attempt")  # Any: an attribute
        if isinstance(attempt, int) and attempt > 1:
            self._again.labels(*call).inc()

    def _bounded(self, labels: tuple[str, ...]) -> tuple[str, ...]:
        if labels not in self._known:
            if len(self._known) >= _MOST_SERIES:
                return (labels[0], *["other"] * (len(labels) - 1))
            self._known.add(labels)
        return labels


def _disjoint(span: Span) -> Iterable[int]:
    read, write, reasoning = span.cache_read_tokens or 0, span.cache_write_tokens or 0, span.reasoning_tokens or 0
    return ((span.input_tokens or 0) - read - write, (span.output_tokens or 0) - reasoning, read, write, reasoning)
