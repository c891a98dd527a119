"""The HTTP of semantic caches."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from quarterdeck.access.gate import CanRead, CanWrite
from quarterdeck.core.paging import Page
from quarterdeck.gateway.semantic import caches
from quarterdeck.gateway.semantic.promise import Promise
from quarterdeck.gateway.semantic.records import CheckRecord, Mode, Policy, Purged, SemanticCacheCard
from quarterdeck.gateway.semantic.rehearsing import LabelledQuestion

router = APIRouter(tags=["semantic cache"])


class SemanticCachePolicy(BaseModel):
    """How answers may be given again, and the promise to keep."""

    model_config = ConfigDict(extra="forbid")
    mode: Mode = "on"
    most_wrong: float = 0.02
    confidence: float = 0.95
    check_share: float = 0.1
    ttl_s: int = 3600
    personal_data: bool = False
    shared: bool = False

    def policy(self) -> Policy:
        return Policy(
            mode=self.mode,
            promise=Promise(self.most_wrong, self.confidence),
            check_share=self.check_share,
            ttl_s=self.ttl_s,
            personal_data=self.personal_data,
            shared=self.shared,
        )


class Label(BaseModel):
    """A question, and its right answer or any name for it."""

    model_config = ConfigDict(extra="forbid")
    text: Annotated[str, Field(min_length=1, max_length=2000)]
    answer: Annotated[str, Field(min_length=1, max_length=20_000)]


class Labels(BaseModel):
    """Questions with their right answers, in the order in which they were asked."""

    model_config = ConfigDict(extra="forbid")
    labels: list[Label]

    def questions(self) -> list[LabelledQuestion]:
        return [LabelledQuestion(label.text, label.answer) for label in self.labels]


@router.get("/semantic-caches")
async def list_semantic_caches(work: CanRead) -> Page[SemanticCacheCard]:
    """Every semantic cache, its promise and how it stands."""
    return await caches.all_caches(work)


@router.get("/semantic-caches/{target:path}/checks")
async def list_semantic_checks(
    target: str,
    work: CanRead,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    wrong_only: bool = False,
) -> Page[CheckRecord]:
    """The comparisons that a promise rests on, newest first."""
    return await caches.checks(work, target, cursor=cursor, limit=limit, wrong_only=wrong_only)


@router.post("/semantic-caches/{target:path}/calibrations", status_code=201)
async def calibrate_semantic_cache(target: str, body: Labels, work: CanWrite) -> SemanticCacheCard:
    """Learn from questions whose right answers are known."""
    return await caches.calibrate(work, target, body.questions())


@router.post("/semantic-caches/{target:path}/purges", status_code=201)
async def purge_semantic_cache(target: str, work: CanWrite) -> Purged:
    """Forget the kept answers of an app or model."""
    return await caches.purge(work, target)


@router.get("/semantic-caches/{target:path}")
async def read_semantic_cache(target: str, work: CanRead) -> SemanticCacheCard:
    """One semantic cache."""
    return await caches.get(work, target)


@router.put("/semantic-caches/{target:path}")
async def put_semantic_cache(
    target: str, body: SemanticCachePolicy, work: CanWrite, force: bool = False
) -> SemanticCacheCard:
    """Set a semantic cache up, or change it."""
    return await caches.put(work, target, body.policy(), force=force)


@router.delete("/semantic-caches/{target:path}", status_code=204)
async def remove_semantic_cache(target: str, work: CanWrite, force: bool = False) -> None:
    """Take a semantic cache away."""
    await caches.remove(work, target, force=force)
