"""The HTTP of learned routers."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from quarterdeck.access.gate import CanRead, CanWrite
from quarterdeck.core.paging import Page
from quarterdeck.gateway.routing.learned import routers
from quarterdeck.gateway.routing.learned.records import Imported, Outcome, Prediction, RouterCard

router = APIRouter(tags=["routers"])


class NewRouter(BaseModel):
    """A router between two models."""

    model_config = ConfigDict(extra="forbid")
    name: str
    weak: str
    strong: str
    keep: float = 0.95
    confidence: float = 0.95


class NewOutcome(BaseModel):
    """What one model made of one request."""

    model_config = ConfigDict(extra="forbid")
    text: Annotated[str, Field(min_length=1, max_length=100_000)]
    target: str
    score: Annotated[float, Field(ge=0, le=1)]
    cost_usd: Annotated[float, Field(ge=0)] | None = None
    topic: Annotated[str, Field(max_length=200)] | None = None


class NewOutcomes(BaseModel):
    """Outcomes to learn from."""

    model_config = ConfigDict(extra="forbid")
    outcomes: list[NewOutcome]

    def records(self) -> list[Outcome]:
        return [Outcome(one.text, one.target, one.score, one.cost_usd, one.topic) for one in self.outcomes]


class Text(BaseModel):
    """A request to be judged."""

    model_config = ConfigDict(extra="forbid")
    text: Annotated[str, Field(min_length=1, max_length=100_000)]


@router.get("/routers")
async def list_routers(work: CanRead) -> Page[RouterCard]:
    """Every learned router with its report."""
    return await routers.all_routers(work)


@router.post("/routers", status_code=201)
async def create_router(body: NewRouter, work: CanWrite) -> RouterCard:
    """Make a router between two models."""
    return await routers.create(work, **body.model_dump())


@router.get("/routers/{name}")
async def read_router(name: str, work: CanRead) -> RouterCard:
    """One router with its report."""
    return await routers.get(work, name)


@router.delete("/routers/{name}", status_code=204)
async def remove_router(name: str, work: CanWrite) -> None:
    """Forget a router, its model and its outcomes."""
    await routers.remove(work, name)


@router.post("/routers/{name}/outcomes", status_code=201)
async def add_router_outcomes(name: str, body: NewOutcomes, work: CanWrite) -> Imported:
    """Keep outcomes to learn from."""
    return await routers.add_outcomes(work, name, body.records())


@router.post("/routers/{name}/trainings", status_code=201)
async def train_router(name: str, work: CanWrite) -> RouterCard:
    """Train a router, and judge it."""
    return await routers.train_router(work, name)


@router.post("/routers/{name}/predictions", status_code=201)
async def predict_with_router(name: str, body: Text, work: CanRead) -> Prediction:
    """What a router would do with a text."""
    return await routers.predict(work, name, body.text)
