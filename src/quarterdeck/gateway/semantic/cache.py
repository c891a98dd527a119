"""The semantic cache of the data plane: finds what was answered before, learns from every answer, and keeps its promise.

On the path of a request stand one embedding, in a thread, and one product of a matrix and a vector; and only where it was
asked for. Everything else (comparing answers, keeping them, writing checks down) happens after the client has its answer.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Mapping, Sequence

from quarterdeck.core import clock
from quarterdeck.gateway.application import Application
from quarterdeck.gateway.cache import CachePlace, Entry, key_parts
from quarterdeck.gateway.catalogue import Route
from quarterdeck.gateway.dialect import Asked, Dialect
from quarterdeck.gateway.embedder import Embedder, Vectors
from quarterdeck.gateway.recording import cost_of
from quarterdeck.gateway.semantic import likeness, store
from quarterdeck.gateway.semantic.agreement import SAME_ANSWER, agree
from quarterdeck.gateway.semantic.likeness import NEIGHBOURS, Neighbour
from quarterdeck.gateway.semantic.personal_data import personal_data
from quarterdeck.gateway.semantic.place import Candidate, Question, SemanticPlace
from quarterdeck.gateway.semantic.records import CheckRecord, Policy, SemanticCachesChanged
from quarterdeck.gateway.semantic.repeating import answering_span, entry_of, text_of
from quarterdeck.gateway.semantic.scope import scoped
from quarterdeck.gateway.semantic.shelf import Kept, Shelves
from quarterdeck.gateway.semantic.standing import REMEMBERED_CHECKS, Standing
from quarterdeck.gateway.semantic.vetoes import veto
from quarterdeck.gateway.wishes import CacheWishes
from quarterdeck.runtime.runtime import Runtime
from quarterdeck.runtime.tracing import Span
from quarterdeck.runtime.work import Work

log = logging.getLogger(__name__)

HEADER = b"x-quarterdeck-semantic-cache"
_MOST_STANDINGS = 1000
_MOST_LEARNING = 32
"""Answers that are being compared or kept at once; more than that are let go."""
_LARGEST_ANSWER = 24 * 1024
_WRITE_DOWN_AFTER_S = 1.0
_WISHES = {b"on": True, b"true": True, b"1": True, b"off": False, b"false": False, b"0": False}


class SemanticCache:
    """All semantic caches of all projects."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._embedder = runtime.part(Embedder)
        self._standings: dict[tuple[str, str], Standing] = {}
        self._shelves = Shelves()
        self._learning: set[asyncio.Task[None]] = set()
        self._writing: asyncio.Task[None] | None = None
        self._pen = asyncio.Lock()

    async def reload(self, _event: SemanticCachesChanged | None = None) -> None:
        """Read which caches there are, and what their checks allow."""
        await self.write_down()
        database = self._runtime.database
        standings: dict[tuple[str, str], Standing] = {}
        for row in await store.caches(database):
            standing = Standing(row.policy, row.since, broken=row.broken)
            checks = await store.checks_of(
                database,
                row.project_id,
                row.target,
                since=row.since,
                likeness=likeness.model().version,
                limit=REMEMBERED_CHECKS,
            )
            standing.remember(checks)
            standings[row.project_id, row.target] = standing
        for name, standing in self._standings.items():
            if name in standings:
                standings[name].inherit(standing)  # what came in while this was read
        self._standings = standings

    async def close(self) -> None:
        """Finish what is being learnt, and write it down."""
        await asyncio.gather(*self._learning, return_exceptions=True)
        if self._writing is not None:
            self._writing.cancel()
            await asyncio.gather(self._writing, return_exceptions=True)
        await self.write_down()

    def standing(self, target: tuple[str, str]) -> Standing | None:
        """How the cache of an app or model stands; None when there is none."""
        return self._standings.get(target)

    def entries(self, target: tuple[str, str]) -> int:
        """How many answers it keeps now."""
        return self._shelves.count(target)

    def purge(self, target: tuple[str, str]) -> int:
        """Forget its answers; how many they were."""
        return self._shelves.purge(target)

    def may_concern(self, headers: Mapping[bytes, bytes], wishes: CacheWishes) -> bool:
        """Whether a request may be one for us. The one question that every request pays for."""
        return bool(self._standings) or HEADER in headers or wishes.kind == "semantic"

    async def place(
        self,
        exact: CachePlace,
        work: Work,
        target: Application | Route,
        dialect: Dialect,
        asked: Asked,
        headers: Mapping[bytes, bytes],
        wishes: CacheWishes,
    ) -> CachePlace:
        """The place of a request here, around its place in the exact cache, which does not know it."""
        name = (work.project_id, name_of(target))
        standing = self._wanted(name, headers.get(HEADER), wishes)
        if standing is None or exact.status != "miss":
            return exact
        request = asked.request
        spoken = [dialect.name, *(headers.get(header, b"").decode("latin-1") for header in dialect.forwarded_headers)]
        whose = "" if standing.policy.shared else None
        parts = key_parts(work, target, request, asked.body, spoken, whose=whose, namespace=wishes.namespace)
        parts[-1].pop("stream", None)  # the same words are spoken as a stream or whole
        found = scoped(request, parts)
        if isinstance(found, str):
            return SemanticPlace.aside(exact, work, found)
        if standing.broken is not None:
            return SemanticPlace.aside(exact, work, "broken")
        if not self._embedder.ready:
            return SemanticPlace.aside(exact, work, "no-embedder")
        if not standing.policy.personal_data and (kind := personal_data(found.question)) is not None:
            return SemanticPlace.aside(exact, work, f"personal-data: {kind}")
        vector = await self._vector(found.question)
        question = Question(name, found.question, found.scope, vector)
        candidate = self._candidate(standing, question, wishes) if wishes.reads else None
        return SemanticPlace(exact, self, work, dialect, standing, question, candidate, wishes)

    def learn(self, place: SemanticPlace, spans: Sequence[Span]) -> None:
        """Compare an answer of the model's with what would have been served, if anything, and keep it."""
        answered = answering_span(spans)
        text = text_of(answered)
        if text is None or len(text) > _LARGEST_ANSWER or len(self._learning) >= _MOST_LEARNING:
            return
        if not place.standing.policy.personal_data and personal_data(text) is not None:
            return
        keep_s = place.standing.policy.ttl_s if place.wishes.keep_s is None else place.wishes.keep_s
        expires_ns = clock.monotonic_ns() + keep_s * 1_000_000_000
        entry = entry_of(answered, cost_of(spans), expires_ns)
        self._in_background(self._learn(place, text, entry))

    def count_served(self, target: tuple[str, str], saved_pico: int | None) -> None:
        """One more answer was served, and this much saved."""
        standing = self._standings.get(target)
        if standing is not None:
            standing.served += 1
            standing.saved_pico += saved_pico or 0
            self._write_soon()

    def note(self, target: tuple[str, str], record: CheckRecord) -> None:
        """One more check of a cache."""
        standing = self._standings.get(target)
        if standing is None:
            return
        was = standing.broken
        standing.note(record)
        if standing.broken is not None and was is None:
            log.error("The semantic cache of `%s` is off: %s", target[1], standing.broken)
        self._write_soon()

    def _wanted(self, target: tuple[str, str], wish: bytes | None, wishes: CacheWishes) -> Standing | None:
        wanted = None if wish is None else _WISHES.get(wish.strip().lower())
        if wanted is None and wishes.kind is not None:
            wanted = wishes.kind == "semantic"
        standing = self._standings.get(target)
        if wanted is False:
            return None
        if standing is None:
            if not wanted or len(self._standings) >= _MOST_STANDINGS:
                return None
            # Asked for by a header alone: it has the default promise, and is there for those who ask for it.
            standing = self._standings[target] = Standing(Policy(mode="by-header"), clock.iso(clock.now()))
            self._in_background(store.put(self._runtime.database, *target, standing.policy, standing.since))
            return standing
        return standing if wanted or standing.policy.mode == "on" else None

    def _candidate(self, standing: Standing, question: Question, wishes: CacheWishes) -> Candidate | None:
        oldest_s = standing.policy.ttl_s if wishes.oldest_s is None else min(wishes.oldest_s, standing.policy.ttl_s)
        newest_ns = clock.monotonic_ns() - oldest_s * 1_000_000_000
        near = self._shelves.nearest(question.scope, question.vector, NEIGHBOURS, newer_than_ns=newest_ns)
        if not near:
            return None
        best, similarity = near[0]
        neighbours = [Neighbour(kept.question, alike, _say_the_same(kept, best)) for kept, alike in near]
        vetoed = veto(question.text, best.question)
        score = likeness.probability(question.text, neighbours)
        # A client may ask for more likeness than the promise does, never for less.
        too_far = wishes.similarity is not None and similarity < wishes.similarity
        decision = "pass" if vetoed or too_far else standing.decide(score)
        return Candidate(best, similarity, score, vetoed, decision)

    async def _learn(self, place: SemanticPlace, text: str, entry: Entry) -> None:
        question, candidate, now_ns = place.question, place.candidate, clock.monotonic_ns()
        vector = await self._vector(text)
        if candidate is not None and candidate.decision == "check":
            record = CheckRecord(
                at=clock.iso(clock.now()),
                score=candidate.score,
                similarity=candidate.similarity,
                wrong=not agree(candidate.kept.answer, text, candidate.kept.answer_vector, vector),
                source="live",
                trace_id=entry.root.trace_id,
                neighbour_trace_id=candidate.kept.entry.root.trace_id,
            )
            self.note(question.target, record)
        kept = Kept(question.text, text, vector, entry, now_ns, question.target)
        self._shelves.add(question.scope, question.vector, kept)

    async def _vector(self, text: str) -> Vectors:
        vectors = await asyncio.to_thread(self._embedder.embed, [text])
        vector: Vectors = vectors[0]
        return vector

    def _in_background(self, what: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(_logged(what))
        self._learning.add(task)
        task.add_done_callback(self._learning.discard)

    def _write_soon(self) -> None:
        if self._writing is None or self._writing.done():
            self._writing = asyncio.get_running_loop().create_task(_logged(self._write_later()))

    async def _write_later(self) -> None:
        await asyncio.sleep(_WRITE_DOWN_AFTER_S)
        await self.write_down()

    async def write_down(self) -> None:
        """Put down what was served and checked since the last time."""
        async with self._pen:  # whoever waits here finds everything written that was known when it came
            await self._write_down_all()

    async def _write_down_all(self) -> None:
        for (project_id, target), standing in list(self._standings.items()):
            checks, served, saved = standing.unsaved, standing.served, standing.saved_pico
            if not checks and not served:
                continue
            standing.unsaved, standing.served, standing.saved_pico = [], 0, 0
            await store.write_down(
                self._runtime.database,
                project_id,
                target,
                checks,
                likeness=likeness.model().version,
                served=served,
                saved_pico=saved,
                broken=standing.broken,
            )


def name_of(target: Application | Route) -> str:
    """What a semantic cache is called by: the app, or the model by its full name."""
    return target.name if isinstance(target, Application) else target.id


def _say_the_same(one: Kept, other: Kept) -> bool:
    return one.answer == other.answer or float(one.answer_vector @ other.answer_vector) >= SAME_ANSWER


async def _logged(what: Coroutine[object, object, None]) -> None:
    try:
        await what
    except Exception:
        log.exception("the semantic cache could not learn from an answer")
