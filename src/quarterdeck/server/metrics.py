"""`/metrics` in the words of Prometheus: what spans tell, what the data plane counts, and how the house stands."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import APIRouter, Request
from fastapi.responses import Response
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
    SummaryMetricFamily,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from quarterdeck import __version__
from quarterdeck.access.keyring import Keyring
from quarterdeck.access.limits.limiter import Limiter
from quarterdeck.gateway.admission import Admission
from quarterdeck.gateway.catalogue import Catalogue
from quarterdeck.gateway.traffic import BOUNDS_S, STAGES, Traffic, summed
from quarterdeck.observability.recorder import Recorder
from quarterdeck.runtime.runtime import Runtime

router = APIRouter(include_in_schema=False)

_STATES = {"closed": 0, "half_open": 1, "open": 2}


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """All there is for the administrator, and with `QUARTERDECK_METRICS_OPEN` for everybody; for a key, its project's share."""
    runtime: Runtime = request.app.state.runtime
    project_id = None if runtime.settings.metrics_open else _project_of(request, runtime)
    registry = CollectorRegistry()
    registry.register(_House(runtime, project_id))
    if project_id is None:
        ProcessCollector(registry=registry)
    encode, media_type = choose_encoder(request.headers.get("accept", ""))
    return Response(encode(registry), media_type=media_type)


def _project_of(request: Request, runtime: Runtime) -> str | None:
    actor = runtime.part(Keyring).authenticate(request.method, request.headers.raw)
    actor.require("read")
    return None if "admin" in actor.scopes else actor.project_id


class _House(Collector):
    """Everything at one moment."""

    def __init__(self, runtime: Runtime, project_id: str | None) -> None:
        self._runtime = runtime
        self._project_id = project_id

    def collect(self) -> Iterator[Metric]:
        yield from self._runtime.part(Recorder).meters.families(self._project_id)
        if self._project_id is None:
            yield from self._data_plane()
            yield from self._spans()
            yield from self._limits()
            yield from self._models()
            version = GaugeMetricFamily("quarterdeck_version", "Which version runs.", labels=["version"])
            version.add_metric([__version__], 1)
            yield version

    def _data_plane(self) -> Iterator[Metric]:
        traffic, admission = self._runtime.part(Traffic), self._runtime.part(Admission)
        ours = traffic.counted(in_flight=admission.in_flight, shed=admission.shed)
        all_of_us = summed([ours, *traffic.others()])
        requests = CounterMetricFamily(
            "quarterdeck_requests", "Requests by path and status.", labels=["path", "status"]
        )
        for path, status, count in all_of_us.requests:
            requests.add_metric([path, str(status)], count)
        yield requests
        running, buckets = 0, []
        for bound, count in zip([*BOUNDS_S, "+Inf"], all_of_us.overhead_counts, strict=True):
            running += count
            buckets.append((str(bound), running))
        overhead = HistogramMetricFamily("quarterdeck_overhead_seconds", "Our own share of the time to an answer.")
        overhead.add_metric([], buckets, all_of_us.overhead_ns / 1e9)
        yield overhead
        stages = SummaryMetricFamily("quarterdeck_stage_seconds", "Our own time, by stage.", labels=["stage"])
        for stage, spent_ns in zip(STAGES, all_of_us.stage_ns, strict=True):
            stages.add_metric([stage], all_of_us.staged, spent_ns / 1e9)
        yield stages
        yield GaugeMetricFamily("quarterdeck_requests_in_flight", "Requests being answered.", all_of_us.in_flight)
        yield CounterMetricFamily("quarterdeck_requests_shed", "Requests refused for being too many.", all_of_us.shed)

    def _spans(self) -> Iterator[Metric]:
        recorder = self._runtime.part(Recorder)
        ledger = recorder.ledger()
        yield CounterMetricFamily("quarterdeck_spans_accepted", "Spans made durable.", ledger.accepted)
        yield CounterMetricFamily("quarterdeck_spans_stored", "Spans that can be queried.", ledger.stored)
        yield CounterMetricFamily("quarterdeck_spans_rejected", "Spans refused as unsound.", ledger.rejected)
        yield GaugeMetricFamily("quarterdeck_spans_pending", "Spans accepted and not stored yet.", ledger.pending)
        yield GaugeMetricFamily("quarterdeck_spans_lost", "Always 0: alarm when not.", ledger.lost)
        healthy = GaugeMetricFamily(
            "quarterdeck_span_store_healthy", "Whether spans are being stored.", recorder.healthy
        )
        yield healthy

    def _limits(self) -> Iterator[Metric]:
        status = self._runtime.part(Limiter).counters.status()
        yield GaugeMetricFamily("quarterdeck_limits_store_up", "Whether counters can be reached.", status.reachable)
        yield CounterMetricFamily("quarterdeck_limits_store_failures", "How often they could not.", status.failures)
        yield CounterMetricFamily("quarterdeck_limits_granted_blind", "Let in meanwhile.", status.granted_while_away)
        yield CounterMetricFamily("quarterdeck_limits_refused_blind", "Refused meanwhile.", status.refused_while_away)
        yield GaugeMetricFamily("quarterdeck_limits_leases", "Reservations under way.", status.leases)

    def _models(self) -> Iterator[Metric]:
        labels = ["project", "model"]
        state = GaugeMetricFamily("quarterdeck_breaker_state", "0 closed, 1 half open, 2 open.", labels=labels)
        in_flight = GaugeMetricFamily("quarterdeck_model_in_flight", "Calls of a model under way.", labels=labels)
        for (project_id, model), health in self._runtime.part(Catalogue).health.all():
            state.add_metric([project_id, model], _STATES[health.state])
            in_flight.add_metric([project_id, model], health.in_flight)
        yield state
        yield in_flight
