"""The HTTP of limits."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from quarterdeck.access.gate import CanAdmin, CanRead
from quarterdeck.access.limits import limits
from quarterdeck.access.limits.records import Limit, LimitAlert, LimitUsage, Metric, StoreStatus, Subject, Window
from quarterdeck.core.paging import Page

router = APIRouter(tags=["limits"])


class LimitTerms(BaseModel):
    """What a limit should be: a budget is a limit of `cost`, in US dollars."""

    model_config = ConfigDict(extra="forbid")
    subject: Subject
    subject_id: Annotated[str, Field(max_length=300)] | None = None
    each: bool = False
    metric: Metric
    amount: Annotated[float, Field(ge=0)]
    window: Window | None = None
    hard: bool = True
    alert_at: list[float] = [0.8, 1.0]
    enabled: bool = True

    def wish(self) -> limits.LimitWish:
        """The same, for the verbs."""
        return limits.LimitWish(
            self.subject, self.metric, self.amount, self.window, self.subject_id, self.each, self.hard, self.alert_at,
            self.enabled,
        )  # fmt: skip


class NewLimit(LimitTerms):
    """A limit to make."""

    name: str


@router.get("/limits")
async def list_limits(work: CanRead) -> Page[Limit]:
    return await limits.all_limits(work)


@router.post("/limits", status_code=201)
async def create_limit(body: NewLimit, work: CanAdmin) -> Limit:
    return await limits.create(work, body.name, body.wish())


@router.get("/limits/{name}")
async def get_limit(name: str, work: CanRead) -> Limit:
    return await limits.get(work, name)


@router.put("/limits/{name}")
async def put_limit(name: str, body: LimitTerms, work: CanAdmin, force: bool = False) -> Limit:
    return await limits.put(work, name, body.wish(), force=force)


@router.delete("/limits/{name}", status_code=204)
async def remove_limit(name: str, work: CanAdmin, force: bool = False) -> None:
    await limits.remove(work, name, force=force)


@router.get("/limits/{name}/usage")
async def usage_of_limit(name: str, work: CanRead) -> Page[LimitUsage]:
    return await limits.usage_of(work, name)


@router.get("/limit-usage")
async def usage_of_limits(work: CanRead) -> Page[LimitUsage]:
    return await limits.usage(work)


@router.get("/limit-alerts")
async def list_limit_alerts(work: CanRead, cursor: str | None = None) -> Page[LimitAlert]:
    return await limits.alerts(work, cursor=cursor)


@router.get("/limit-store")
async def limit_store(work: CanRead) -> StoreStatus:
    return await limits.store_status(work)
