"""The HTTP of aliases, for people who set them up; requests to them are the data plane's."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, Field

from quarterdeck.access.gate import CanAdmin, CanRead
from quarterdeck.core.paging import Page
from quarterdeck.gateway.routing import aliases
from quarterdeck.gateway.routing.cards import AliasCard, StrategyCard, TestCall
from quarterdeck.gateway.routing.records import Plan

router = APIRouter(tags=["routing"])


class NewTest(BaseModel):
    """A model or an alias to try."""

    model: str
    question: str | None = Field(default=None, max_length=10_000)


@router.get("/routes")
async def list_routes(work: CanRead) -> Page[AliasCard]:
    """The aliases of this project, with the live health of the models behind them."""
    return await aliases.all_aliases(work)


@router.get("/routing/strategies")
async def list_strategies(work: CanRead) -> Page[StrategyCard]:
    """The strategies that a plan may name."""
    return await aliases.strategies(work)


@router.post("/routing/tests")
async def test_route(body: NewTest, work: CanAdmin) -> TestCall:
    """Ask a model or an alias something short: who answers, after which attempts, at what cost."""
    return await aliases.test(work, body.model, body.question)


@router.get("/routes/{name:path}")
async def get_route(name: str, work: CanRead) -> AliasCard:
    """One alias."""
    return await aliases.get(work, name)


@router.put("/routes/{name:path}")
async def put_route(name: str, body: Plan, work: CanAdmin, force: bool = False) -> AliasCard:
    """Make an alias, or change its plan."""
    return await aliases.put(work, name, body, force=force)


@router.delete("/routes/{name:path}", status_code=204)
async def remove_route(name: str, work: CanAdmin, force: bool = False) -> None:
    """Forget an alias."""
    await aliases.remove(work, name, force=force)
