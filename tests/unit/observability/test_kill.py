"""What a real server has acknowledged over HTTP outlives `kill -9`."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.server_process import ServerProcess
from tests.unit.observability.test_otlp import json_request, json_span


def test_spans_that_were_acknowledged_are_in_the_list_after_the_server_was_killed(own_server: ServerProcess) -> None:
    own_server.start()

    def send(number: int) -> str | None:
        trace_id = f"{number:032x}"
        try:
            reply = client.post("/v1/traces", content=json_request(json_span(traceId=trace_id)), headers=as_json)
        except httpx.TransportError:
            return None  # killed: never acknowledged
        if number == 200:
            own_server.kill()
        return trace_id if reply.status_code == 200 else None

    as_json = {"content-type": "application/json"}
    with own_server.client() as client, ThreadPoolExecutor(4) as threads:
        acknowledged = {trace_id for trace_id in threads.map(send, range(1, 400)) if trace_id}
    own_server.start()
    with own_server.client() as client:
        kept = {trace["trace_id"] for trace in client.get("/api/v1/traces?limit=500").json()["items"]}
        check = client.get("/api/v1/ledger").json()

    assert len(acknowledged) >= 190
    assert acknowledged <= kept
    assert check["balanced"], check
    assert check["ledger"]["accepted"] == check["ledger"]["stored"] == len(kept)
