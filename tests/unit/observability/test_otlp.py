"""Any OpenTelemetry program can send its spans; each is kept before it is acknowledged, and each refusal says why."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import zlib
from typing import Any

import aiohttp
import pytest
from opentelemetry import trace as otel
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult

from quarterdeck.access import keys
from quarterdeck.observability import otlp
from quarterdeck.observability.recorder import Recorder
from quarterdeck.runtime.work import Work
from tests.unit.observability.door import Door

PROTOBUF = "application/x-protobuf"
START = 1_767_225_600_000_000_000
TRACE, SPAN = "5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174"


def json_request(*spans: dict[str, Any]) -> bytes:
    """An OTLP/JSON request of one resource and scope."""
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "portal"}}]}
    return json.dumps(
        {"resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": {"name": "hand"}, "spans": list(spans)}]}]}
    ).encode()


def json_span(**fields: Any) -> dict[str, Any]:
    """One OTLP/JSON span."""
    usual = {"traceId": TRACE, "spanId": SPAN, "name": "work", "kind": 2, "endTimeUnixNano": str(START + 10**9)}
    return {**usual, "startTimeUnixNano": str(START), **fields}


def protobuf_request(*spans: dict[str, Any]) -> bytes:
    """An OTLP/Protobuf request of one resource and scope."""
    request = ExportTraceServiceRequest()
    scope = request.resource_spans.add().scope_spans.add()
    for fields in spans:
        usual = {"trace_id": bytes.fromhex(TRACE), "span_id": bytes.fromhex(SPAN), "name": "work"}
        scope.spans.add(**{**usual, "start_time_unix_nano": START, "end_time_unix_nano": START + 10**9, **fields})
    body: bytes = request.SerializeToString()
    return body


def export_an_answer(door: Door, compression: Compression) -> tuple[SpanExportResult, str]:
    """Run a small instrumented program: an agent that calls a model. Its own thread, its own HTTP client."""
    results = []

    class Watched(OTLPSpanExporter):
        def export(self, spans: Any) -> SpanExportResult:
            results.append(super().export(spans))
            return results[-1]

    exporter: SpanExporter = Watched(
        f"{door.url}/v1/traces", headers={"authorization": f"Bearer {door.key}"}, compression=compression
    )
    provider = TracerProvider(resource=Resource.create({"service.name": "portal", "service.version": "1.2"}))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("portal", "0.1")
    with tracer.start_as_current_span("invoke_agent helper") as agent:
        agent.set_attributes(
            {"gen_ai.operation.name": "invoke_agent", "gen_ai.conversation.id": "c1", "user.id": "ada"}
        )
        with tracer.start_as_current_span("chat gpt-4o-mini", kind=otel.SpanKind.CLIENT) as chat:
            chat.set_attributes(
                {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "openai",
                    "gen_ai.request.model": "gpt-4o-mini",
                    "gen_ai.response.model": "gpt-4o-mini-2024-07-18",
                    "gen_ai.usage.input_tokens": 1000,
                    "gen_ai.usage.output_tokens": 500,
                    "gen_ai.response.finish_reasons": ["stop"],
                    "gen_ai.input.messages": json.dumps(
                        [{"role": "user", "parts": [{"type": "text", "content": "How much leave?"}]}]
                    ),
                    "gen_ai.output.messages": json.dumps(
                        [{"role": "assistant", "parts": [{"type": "text", "content": "Thirty days."}]}]
                    ),
                }
            )
    provider.shutdown()
    return results[0], f"{agent.get_span_context().trace_id:032x}"


@pytest.mark.parametrize("compression", [Compression.NoCompression, Compression.Gzip, Compression.Deflate])
async def test_spans_of_the_official_sdk_become_a_trace_with_cost(door: Door, compression: Compression) -> None:
    result, trace_id = await asyncio.to_thread(export_an_answer, door, compression)

    status, opened = await door.get(f"/traces/{trace_id}")

    assert (result, status) == (SpanExportResult.SUCCESS, 200)
    agent, chat = opened["spans"]
    assert (agent["kind"], chat["kind"], chat["parent_id"]) == ("agent", "llm", agent["span_id"])
    assert chat["input"] == [{"role": "user", "parts": [{"type": "text", "content": "How much leave?"}]}]
    assert chat["attributes"]["otel.resource"]["service.version"] == "1.2"
    assert chat["attributes"]["otel.kind"] == "client"
    assert chat["attributes"]["gen_ai.response.finish_reasons"] == ["stop"]
    assert [(line["unit"], line["price_usd_per_million"]) for line in chat["cost_lines"]] == [
        ("input", 1.0),
        ("output", 2.0),
    ]
    summary = opened["trace"]
    assert (summary["service"], summary["session_id"], summary["user_id"]) == ("portal", "c1", "ada")
    assert (summary["model"], summary["provider"], summary["cost_usd"]) == ("gpt-4o-mini", "openai", 0.002)
    assert (summary["input_preview"], summary["output_preview"]) == ("How much leave?", "Thirty days.")


async def test_json_is_answered_in_json_and_protobuf_in_protobuf(door: Door) -> None:
    in_json, in_protobuf = await door.send(json_request(json_span())), await door.send(protobuf_request({}), PROTOBUF)

    assert (in_json[0], in_json[1].content_type, json.loads(in_json[2])) == (200, "application/json", {})
    assert (in_protobuf[0], in_protobuf[1].content_type) == (200, PROTOBUF)
    assert ExportTraceServiceResponse.FromString(in_protobuf[2]) == ExportTraceServiceResponse()


async def test_json_is_read_with_hexadecimal_and_base64_ids_and_numbers_as_texts(door: Door) -> None:
    attributes = [
        {"key": "text", "value": {"stringValue": "ü"}},
        {"key": "whole as text", "value": {"intValue": "9007199254740993"}},
        {"key": "whole", "value": {"intValue": 7}},
        {"key": "real", "value": {"doubleValue": 0.5}},
        {"key": "no number", "value": {"doubleValue": "NaN"}},
        {"key": "yes", "value": {"boolValue": True}},
        {"key": "list", "value": {"arrayValue": {"values": [{"intValue": "1"}, {"stringValue": "2"}]}}},
        {"key": "map", "value": {"kvlistValue": {"values": [{"key": "a", "value": {"boolValue": False}}]}}},
        {"key": "bytes", "value": {"bytesValue": "AAE="}},
        {"key": "nothing", "value": {}},
    ]
    in_base64 = json_span(
        traceId=base64.b64encode(bytes.fromhex(TRACE)).decode(),
        spanId=base64.b64encode(bytes.fromhex("00f067aa0ba902b7")).decode(),
        parentSpanId=SPAN.upper(),
        startTimeUnixNano=START + 5_000_000,
        kind="SPAN_KIND_SERVER",
        attributes=attributes,
        fieldOfTheFuture={"x": 1},
        events=None,
    )

    status, _, answer = await door.send(json_request(json_span(), in_base64))
    _, opened = await door.get(f"/traces/{TRACE}")

    assert (status, answer) == (200, b"{}")
    root, child = opened["spans"]
    assert (root["span_id"], child["span_id"], child["parent_id"]) == (SPAN, "00f067aa0ba902b7", SPAN)
    assert (child["offset_ms"], child["attributes"]["otel.kind"]) == (5.0, "server")
    kept = {pair["key"]: child["attributes"][pair["key"]] for pair in attributes}
    assert kept == {
        "text": "ü",
        "whole as text": 9007199254740993,
        "whole": 7,
        "real": 0.5,
        "no number": "NaN",
        "yes": True,
        "list": [1, "2"],
        "map": {"a": False},
        "bytes": "AAE=",
        "nothing": None,
    }


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"traceId": "abc"}, "has the trace id `abc`"),
        ({"traceId": "0" * 32}, "not all zero"),
        ({"spanId": ""}, "has the span id ``"),
        ({"traceId": "", "spanId": ""}, "Is it a log record?"),
        ({"parentSpanId": "xyz"}, "has the parent id `xyz`"),
        ({"startTimeUnixNano": "0"}, "does not say when it started"),
        ({"startTimeUnixNano": str(2**64 - 1)}, "start_ns = 18446744073709551615"),
        ({"startTimeUnixNano": "yesterday"}, "cannot be read"),
        ({"attributes": [{"key": 5}]}, "cannot be read"),
    ],
)
async def test_a_span_that_makes_no_sense_is_rejected_with_the_reason_and_the_others_are_kept(
    door: Door, work: Work, wrong: dict[str, Any], why: str
) -> None:
    status, _, answer = await door.send(json_request(json_span(), json_span(**{"spanId": "aa" * 8, **wrong})))

    partial = json.loads(answer)["partialSuccess"]
    assert (status, partial["rejectedSpans"]) == (200, "1")
    assert partial["errorMessage"].startswith("1 of 2 spans were rejected.")
    assert why in partial["errorMessage"]
    ledger = work.part(Recorder).ledger()
    assert (ledger.accepted, ledger.rejected) == (1, 1)


async def test_a_rejected_protobuf_span_is_counted_in_partial_success(door: Door) -> None:
    status, _, answer = await door.send(protobuf_request({}, {"trace_id": b"short"}), PROTOBUF)

    partial = ExportTraceServiceResponse.FromString(answer).partial_success
    assert (status, partial.rejected_spans) == (200, 1)
    assert "has the trace id `73686f7274`" in partial.error_message


@pytest.mark.parametrize(
    ("body", "headers", "status", "message"),
    [
        (b"{nonsense", {}, 400, "not an OTLP trace request in JSON"),
        (b"\xff\xff", {"content_type": PROTOBUF}, 400, "not an OTLP trace request in Protobuf"),
        (b"{}", {"content_type": "text/plain"}, 415, "application/x-protobuf"),
        (b"{}", {"content_encoding": "zstd"}, 415, "`zstd` is not known"),
        (b"not packed", {"content_encoding": "gzip"}, 400, "not valid gzip"),
        (gzip.compress(b"{}" * 1000)[:-20], {"content_encoding": "gzip"}, 400, "breaks off"),
        (gzip.compress(bytes(otlp.MAX_BODY_BYTES + 1)), {"content_encoding": "gzip"}, 413, "64 MiB when unpacked"),
    ],
    ids=["no JSON", "no Protobuf", "media type", "encoding", "no gzip", "cut off", "bomb"],
)
async def test_a_request_that_makes_no_sense_is_answered_with_a_status(
    door: Door, body: bytes, headers: dict[str, str], status: int, message: str
) -> None:
    answered, reply, answer = await door.send(body, **headers)

    assert answered == status
    if reply.content_type == "application/json":
        assert message in json.loads(answer)["message"]
        assert json.loads(answer)["code"] == 3
    else:
        # `google.rpc.Status`: field 1 is the code, field 2 the message.
        assert answer.startswith(b"\x08\x03\x12")
        assert message.encode() in answer


@pytest.mark.parametrize("pack", [zlib.compress, lambda body: zlib.compress(body, wbits=-15)], ids=["zlib", "bare"])
async def test_both_kinds_of_deflate_are_understood(door: Door, pack: Any) -> None:
    status, _, _ = await door.send(pack(json_request(json_span())), content_encoding="deflate")

    assert status == 200
    assert (await door.get(f"/traces/{TRACE}"))[0] == 200


async def test_an_empty_request_is_fine(door: Door) -> None:
    assert (await door.send(b"", PROTOBUF))[0] == 200
    assert (await door.send(b"{}"))[0] == 200


async def test_spans_sent_again_are_kept_once(door: Door, work: Work) -> None:
    body = json_request(json_span())

    statuses = [(await door.send(body))[0] for _ in range(3)]
    _, page = await door.get("/traces")

    assert statuses == [200, 200, 200]
    assert (page["total"], page["items"][0]["spans"]) == (1, 1)
    assert work.part(Recorder).ledger().duplicates == 2


async def test_a_full_disk_is_answered_with_later_and_nothing_is_acknowledged(door: Door, work: Work) -> None:
    recorder = work.part(Recorder)
    await recorder.close()  # a closed spool refuses as a full disk does

    status, reply, answer = await door.send(json_request(json_span()))

    assert (status, reply.headers["retry-after"]) == (503, "5")
    assert json.loads(answer)["code"] == 14


async def test_without_a_key_or_its_scope_nothing_is_taken(door: Door, work: Work) -> None:
    reader = (await keys.create(work, "reader", scopes=["read"])).secret
    async with aiohttp.ClientSession() as stranger:
        statuses = []
        for headers in ({}, {"authorization": "Bearer wrong"}, {"authorization": f"Bearer {reader}"}):
            async with stranger.post(f"{door.url}/v1/traces", json={}, headers=headers) as reply:
                statuses.append(reply.status)

    assert statuses == [401, 401, 403]


async def test_a_large_request_is_kept_whole(door: Door) -> None:
    spans = [
        json_span(traceId=f"{number:032x}", attributes=[{"key": "input.value", "value": {"stringValue": "x" * 2000}}])
        for number in range(1, 5001)
    ]

    status, _, _ = await door.send(gzip.compress(json_request(*spans)), content_encoding="gzip")
    async with asyncio.timeout(60):
        while (page := (await door.get("/traces", limit=1))[1])["total"] < 5000:
            await asyncio.sleep(0.05)

    assert (status, page["matched"]) == (200, 5000)
