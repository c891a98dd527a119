"""The HTTP of observability: traces, the overview, and the door for OpenTelemetry."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from quarterdeck.access.gate import CanCall, CanRead
from quarterdeck.observability import filters, otlp, overview, traces
from quarterdeck.observability.recorder import Recorder
from quarterdeck.observability.records import Histogram, LedgerCheck, Overview, TraceDetail, TraceFilter, TracePage

router = APIRouter(tags=["observability"])
otlp_router = APIRouter(tags=["opentelemetry"])
"""OTLP/HTTP has its own fixed path, `/v1/traces`: mounted without a prefix."""


def _filter(
    work: CanRead,
    *,
    q: Annotated[str | None, Query(description="Text in the name, the input or the output; or a trace id.")] = None,
    status: Annotated[str | None, Query(description="`ok` or `error`.")] = None,
    model: str | None = None,
    app: str | None = None,
    release: str | None = None,
    session: str | None = None,
    user: str | None = None,
    service: str | None = None,
    team: str | None = None,
    environment: str | None = None,
    prompt: Annotated[str | None, Query(description="`NAME`, or `NAME@VERSION`.")] = None,
    key: Annotated[str | None, Query(description="The id of an API key.")] = None,
    tag: Annotated[list[str] | None, Query(description="Given several times: all of them.")] = None,
    metadata: Annotated[list[str] | None, Query(description="`name=value`; given several times: all of them.")] = None,
    min_latency_ms: float | None = None,
    min_cost_usd: float | None = None,
    cached: bool | None = None,
    from_: Annotated[str | None, Query(alias="from", description="ISO 8601; belongs to the window.")] = None,
    to: Annotated[str | None, Query(description="ISO 8601; does not belong to the window.")] = None,
) -> TraceFilter:
    return filters.read_filter(
        work.project_id,
        q=q,
        status=status,
        model=model,
        app=app,
        release=release,
        session=session,
        user=user,
        service=service,
        team=team,
        environment=environment,
        prompt=prompt,
        key=key,
        tags=tag or (),
        metadata=metadata or (),
        min_latency_ms=min_latency_ms,
        min_cost_usd=min_cost_usd,
        cached=cached,
        from_=from_,
        to=to,
    )


Where = Annotated[TraceFilter, Depends(_filter)]


@router.get("/traces")
async def list_traces(work: CanRead, where: Where, limit: int = 50, cursor: str | None = None) -> TracePage:
    return await traces.find(work, where, limit=limit, cursor=cursor)


@router.get("/traces/histogram")
async def trace_histogram(work: CanRead, where: Where, buckets: int = 60) -> Histogram:
    return await traces.histogram(work, where, buckets=buckets)


@router.get("/traces/{trace_id}")
async def get_trace(trace_id: str, work: CanRead) -> TraceDetail:
    return await traces.get(work, trace_id)


@router.get("/overview")
async def get_overview(work: CanRead, hours: int = 24) -> Overview:
    return await overview.last_hours(work, hours)


@router.get("/ledger")
async def check_ledger(work: CanRead) -> LedgerCheck:
    return await work.part(Recorder).check()


@otlp_router.post("/v1/traces", openapi_extra={"requestBody": {"content": {"application/x-protobuf": {}}}})
async def receive_traces(request: Request, work: CanCall) -> Response:
    content_type, encoding = request.headers.get("content-type"), request.headers.get("content-encoding")
    reply = await otlp.receive(work, request.stream(), content_type=content_type, content_encoding=encoding)
    return Response(reply.body, reply.status, reply.headers, reply.content_type)
