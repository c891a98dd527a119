"""The HTTP of spending."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict

from quarterdeck.access.gate import CanRead
from quarterdeck.core.paging import Page
from quarterdeck.observability.spending import corrections, forecasting, reconciling, reporting
from quarterdeck.observability.spending.records import (
    CorrectedBill,
    Forecast,
    ProviderUsage,
    Reconciliation,
    Spenders,
    SpendReport,
)

router = APIRouter(tags=["spending"])


class Books(BaseModel):
    """What to compare with our own books: a provider's export, if there is one."""

    model_config = ConfigDict(extra="forbid")
    provider: str | None = None
    told: list[ProviderUsage] = []


@router.get("/usage")
async def report_usage(
    work: CanRead,
    of: Annotated[Spenders, Depends()],
    by: Annotated[str, Query(description="`team`, `key`, `app`, `model`, `provider`, `tag`, `user`, …")] = "model",
    step: Annotated[str | None, Query(description="`hour` or `day`.")] = None,
    from_: Annotated[str | None, Query(alias="from", description="ISO 8601; 30 days ago when not given.")] = None,
    to: Annotated[str | None, Query(description="ISO 8601; now when not given.")] = None,
) -> SpendReport:
    """Who spent how much on what, over time and beside the window before; an empty filter means those without."""
    return await reporting.report(work, by=by, step=step, from_=from_, to=to, of=of)


@router.get("/usage/forecast")
async def forecast_usage(work: CanRead) -> Forecast:
    """Where this month will end if the next days are like the last ones."""
    return await forecasting.forecast(work)


@router.get("/traces/{trace_id}/bills")
async def list_corrected_bills(trace_id: str, work: CanRead) -> Page[CorrectedBill]:
    """The bills of a trace that were corrected: what they were, and what they became."""
    return await corrections.of_trace(work, trace_id)


@router.post("/reconciliations")
async def reconcile(body: Books, work: CanRead) -> Reconciliation:
    """Ledger against span store against limits, and against what a provider has counted, if that is given."""
    return await reconciling.reconcile(work, body.provider, body.told)
