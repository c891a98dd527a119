"""The HTTP of input budgets."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from quarterdeck.access.gate import CanRead, CanWrite
from quarterdeck.core.paging import Page
from quarterdeck.gateway.compression import budgets
from quarterdeck.gateway.compression.records import InputBudget, InputBudgetCard, WhenOver

router = APIRouter(tags=["input budgets"])


class NewInputBudget(BaseModel):
    """How much a request may say."""

    model_config = ConfigDict(extra="forbid")
    most_tokens: int | None = None
    when_over: WhenOver = "refuse"
    keep_share: float | None = None

    def budget(self) -> InputBudget:
        return InputBudget(self.most_tokens, self.when_over, self.keep_share)


@router.get("/input-budgets")
async def list_input_budgets(work: CanRead) -> Page[InputBudgetCard]:
    """Every input budget of the project."""
    return await budgets.all_budgets(work)


@router.put("/input-budgets/{target:path}")
async def put_input_budget(target: str, body: NewInputBudget, work: CanWrite) -> InputBudgetCard:
    """Set the input budget of an app or model."""
    return await budgets.put(work, target, body.budget())


@router.delete("/input-budgets/{target:path}", status_code=204)
async def remove_input_budget(target: str, work: CanWrite) -> None:
    """Take an input budget away."""
    await budgets.remove(work, target)
