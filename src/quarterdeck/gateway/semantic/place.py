"""Where one request stands in the semantic cache, around its place in the exact one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from quarterdeck.gateway.answer import Answer
from quarterdeck.gateway.cache import CachePlace, CacheStatus
from quarterdeck.gateway.conversation import ChatRequest
from quarterdeck.gateway.dialect import Dialect
from quarterdeck.gateway.embedder import Vectors
from quarterdeck.gateway.semantic.repeating import Repeated
from quarterdeck.gateway.semantic.shelf import Kept
from quarterdeck.gateway.semantic.standing import Decision, Standing
from quarterdeck.gateway.wishes import CacheWishes
from quarterdeck.runtime.tracing import Attribute, Span
from quarterdeck.runtime.work import Work

if TYPE_CHECKING:
    from quarterdeck.gateway.semantic.cache import SemanticCache

_SHOWN_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Question:
    """A question on its way through the cache."""

    target: tuple[str, str]
    """The project, and the app or model that is asked."""
    text: str
    scope: bytes
    vector: Vectors


@dataclass(frozen=True, slots=True)
class Candidate:
    """The nearest question that was answered, and what is done about it."""

    kept: Kept
    similarity: float
    score: float
    vetoed: str | None
    decision: Decision


class SemanticPlace(CachePlace):
    """The exact cache goes on keeping what the model says; here it is also compared, and kept by its meaning."""

    def __init__(
        self,
        exact: CachePlace,
        cache: SemanticCache,
        work: Work,
        dialect: Dialect,
        standing: Standing,
        question: Question,
        candidate: Candidate | None,
        wishes: CacheWishes,
    ) -> None:
        self.standing = standing
        self.question = question
        self.candidate = candidate
        self.wishes = wishes
        self._exact = exact
        self._semantic = cache
        self._dialect = dialect
        self._serves = candidate is not None and candidate.decision == "serve"
        told = self._told()
        self._said = str(told["quarterdeck.semantic.status"])
        if not self._serves:
            work.trace.remarks.update(told)

    @staticmethod
    def aside(exact: CachePlace, work: Work, why: str) -> CachePlace:
        """The place of a request that does not take part, and why."""
        work.trace.remarks["quarterdeck.semantic.status"] = why
        return _Aside(exact, why)

    @property
    def status(self) -> CacheStatus:
        return "hit" if self._serves else self._exact.status

    def stored_answer(self, work: Work, request: ChatRequest) -> Answer | None:
        candidate = self.candidate
        if candidate is None or not self._serves:
            return None
        self._semantic.count_served(self.question.target, candidate.kept.entry.cost_pico)
        return Repeated(work, request, candidate.kept.entry, self._dialect, self._told())

    def basket(self) -> list[bytes]:
        return [] if self._serves else self._exact.basket()

    def keep(self, answer: Answer, blocks: Sequence[bytes], spans: Sequence[Span]) -> None:
        if self._serves:
            return
        self._exact.keep(answer, blocks, spans)
        if self.wishes.keeps and answer.complete and spans:
            self._semantic.learn(self, spans)

    def headers(self) -> Sequence[tuple[bytes, bytes]]:
        said = self._said
        if self.candidate is not None:
            said += f"; similarity={self.candidate.similarity:.3f}; score={self.candidate.score:.3f}"
        if self._serves:
            promise = self.standing.policy.promise
            said += f"; most-wrong={promise.most_wrong:g}; confidence={promise.confidence:g}"
        return [*self._exact.headers(), (b"x-quarterdeck-semantic-cache", said.encode())]

    def _told(self) -> dict[str, Attribute]:
        candidate, threshold = self.candidate, self.standing.calibration.threshold
        told: dict[str, Attribute] = {"quarterdeck.semantic.status": self._status_in_a_word()}
        if candidate is None:
            return told
        told["quarterdeck.semantic.similarity"] = round(candidate.similarity, 4)
        told["quarterdeck.semantic.score"] = round(candidate.score, 4)
        told["quarterdeck.semantic.neighbour"] = candidate.kept.question[:_SHOWN_CHARACTERS]
        told["quarterdeck.semantic.neighbour_trace_id"] = candidate.kept.entry.root.trace_id
        told["quarterdeck.semantic.promise"] = self.standing.policy.promise.said()
        if threshold is not None:
            told["quarterdeck.semantic.threshold"] = round(threshold, 4)
        return told

    def _status_in_a_word(self) -> str:
        candidate = self.candidate
        if candidate is None:
            return "nothing-near"
        if candidate.vetoed is not None:
            return f"vetoed: {candidate.vetoed}"
        if candidate.decision == "check":
            return "learning" if self.standing.calibration.threshold is None else "checked"
        return "hit" if candidate.decision == "serve" else "below-threshold"


class _Aside(CachePlace):
    """The exact place, with a word for the client why meaning was not asked."""

    def __init__(self, exact: CachePlace, why: str) -> None:
        self._exact = exact
        self._why = why

    @property
    def status(self) -> CacheStatus:
        return self._exact.status

    def stored_answer(self, work: Work, request: ChatRequest) -> Answer | None:
        return self._exact.stored_answer(work, request)

    def basket(self) -> list[bytes]:
        return self._exact.basket()

    def keep(self, answer: Answer, blocks: Sequence[bytes], spans: Sequence[Span]) -> None:
        self._exact.keep(answer, blocks, spans)

    def headers(self) -> Sequence[tuple[bytes, bytes]]:
        return [*self._exact.headers(), (b"x-quarterdeck-semantic-cache", self._why.encode())]
