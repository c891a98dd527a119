"""How fast spans come in and are found again: recorder, OTLP, and the questions of the UI over a large store.

python -m bench.bench_ingest [SPANS]      the store is filled with that many spans (default 300,000)
"""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from quarterdeck.core import ids
from quarterdeck.core.clock import now_ns
from quarterdeck.observability.recorder import Recorder
from quarterdeck.observability.records import TraceFilter
from quarterdeck.observability.span_store import SpanStore
from quarterdeck.observability.span_stores.duckdb import DuckDbSpanStore
from quarterdeck.runtime.tracing import Span
from quarterdeck.storage.spool import Spool
from tests.server_process import ServerProcess

SPANS_A_TRACE = 5
WORDS = ("leave", "travel", "salary", "pension", "bonus", "remote", "laptop", "visa", "insurance", "holiday")
TEXTS = [" ".join(random.choices(WORDS, k=250)) for _ in range(2_000)]
MODELS = ["gpt-4o-mini", "gpt-4o", "claude-haiku-4-5", "local/extractive"]
DAYS = 7


def main() -> None:
    """Print each figure on a line."""
    spans = int(sys.argv[1].replace(",", "")) if len(sys.argv) > 1 else 300_000
    with tempfile.TemporaryDirectory() as home:
        asyncio.run(_measure_store(Path(home), spans))
    with tempfile.TemporaryDirectory() as home:
        _measure_otlp(Path(home))


async def _measure_store(home: Path, spans: int) -> None:
    recorder = Recorder(Spool(home / "spool"), DuckDbSpanStore(home / "spans.duckdb"))
    await recorder.open()
    _accept_latency(recorder)
    await recorder.flush()
    accept_s = elapsed_s = 0.0
    for chunk in _chunks(_batches(spans), 4_000):
        begun = time.perf_counter()
        for answer in chunk:
            recorder.accept(answer)
        accept_s += time.perf_counter() - begun
        await recorder.flush()
        elapsed_s += time.perf_counter() - begun
    _print("recorder: accepted and queryable", spans / elapsed_s, "spans/s")
    _print("recorder: accepted, while others are stored", spans / accept_s, "spans/s")
    flushes = sorted([await _flush_ms(recorder) for _ in range(50)])
    _print("recorder: one answer accepted until queryable, p50", flushes[25], "ms")
    _print("recorder: one answer accepted until queryable, p95", flushes[47], "ms")
    check = await recorder.check()
    _print(f"recorder: books over {check.ledger.accepted:,} spans balance", float(check.balanced), "")
    await _ask_questions(recorder, spans)
    _print("span store file", (home / "spans.duckdb").stat().st_size / 2**20, "MB")
    _print(
        "peak memory of recorder, store and benchmark", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "MB"
    )
    await recorder.close()


def _accept_latency(recorder: Recorder) -> None:
    batches = list(_batches(5_000))
    times = []
    for batch in batches:
        begun = time.perf_counter()
        recorder.accept(batch)
        times.append((time.perf_counter() - begun) * 1e6)
    times.sort()
    _print(f"recorder: `accept` of one answer ({SPANS_A_TRACE} spans), p50", times[len(times) // 2], "µs")
    _print(f"recorder: `accept` of one answer ({SPANS_A_TRACE} spans), p99", times[len(times) * 99 // 100], "µs")


async def _flush_ms(recorder: Recorder) -> float:
    begun = time.perf_counter()
    recorder.accept(_answer(now_ns()))
    await recorder.flush()
    return (time.perf_counter() - begun) * 1000


async def _ask_questions(recorder: Recorder, spans: int) -> None:
    now = now_ns()
    project = TraceFilter("prj_bench")
    day = TraceFilter("prj_bench", from_ns=now - 86_400 * 10**9)
    some = TraceFilter("prj_bench", status="error", model="gpt-4o", min_latency_ms=100.0)
    page, key = await recorder.ask(lambda store: store.traces(project, limit=50, after=None))
    deep = (now - 6 * 86_400 * 10**9, page[0].trace_id)
    assert key is not None
    questions: list[tuple[str, Callable[[SpanStore], object]]] = [
        ("newest 50", lambda store: store.traces(project, limit=50, after=None)),
        ("50 from deep down", lambda store: store.traces(project, limit=50, after=deep)),
        ("count", lambda store: store.count(project)),
        ("newest 50 of three filters", lambda store: store.traces(some, limit=50, after=None)),
        ("count of three filters", lambda store: store.count(some)),
        ("histogram", lambda store: store.histogram(project, buckets=60)),
        (
            "overview of a day",
            lambda store: store.overview("prj_bench", from_ns=now - 86_400 * 10**9, to_ns=now, buckets=48),
        ),
        ("overview of all days", lambda store: store.overview("prj_bench", from_ns=0, to_ns=now, buckets=48)),
        ("one trace", lambda store: store.trace("prj_bench", page[25].trace_id)),
        ("text in a day, common", lambda store: store.traces(_with(day, "pension"), limit=50, after=None)),
        ("text in all payloads, absent", lambda store: store.count(_with(project, "not there at all"))),
    ]
    for name, question in questions:
        times = []
        for _ in range(10):
            begun = time.perf_counter()
            await recorder.ask(question)
            times.append((time.perf_counter() - begun) * 1000)
        times.sort()
        _print(f"at {spans:,} spans: {name}, p50 / worst of 10", times[5], "ms", times[-1])


def _with(where: TraceFilter, q: str) -> TraceFilter:
    return TraceFilter(where.project_id, q=q, from_ns=where.from_ns)


def _measure_otlp(home: Path) -> None:
    """A real server, fed by the wire: 20,000 spans in requests of 500, until the last one is in the list."""
    bodies = [_otlp_request(500) for _ in range(40)]
    server = ServerProcess(home / "home").start()
    try:
        headers = {"authorization": f"Bearer {server.admin_key}"}
        for name, packed in (("plain", False), ("gzip", True)):
            before = httpx.get(f"{server.url}/api/v1/traces?limit=1", headers=headers).json()["total"]
            fresh = [_renamed(body) for body in bodies]
            sent = [gzip.compress(body, 1) if packed else body for body in fresh]
            extra = {"content-type": "application/x-protobuf", **({"content-encoding": "gzip"} if packed else {})}
            begun = time.perf_counter()
            with ThreadPoolExecutor(2) as threads, httpx.Client(headers={**headers, **extra}, timeout=60) as client:
                statuses = list(
                    threads.map(lambda body: client.post(f"{server.url}/v1/traces", content=body).status_code, sent)
                )
            acknowledged = time.perf_counter() - begun
            assert set(statuses) == {200}
            while (
                httpx.get(f"{server.url}/api/v1/traces?limit=1", headers=headers, timeout=60).json()["total"]
                < before + 4_000
            ):
                time.sleep(0.01)
            _print(f"OTLP protobuf, {name}: acknowledged", 20_000 / acknowledged, "spans/s")
            _print(f"OTLP protobuf, {name}: queryable", 20_000 / (time.perf_counter() - begun), "spans/s")
        ledger = httpx.get(f"{server.url}/api/v1/overview", headers=headers).json()["ledger"]
        _print("OTLP: spans accepted less spans stored", ledger["accepted"] - ledger["stored"], "")
    finally:
        server.stop()


def _batches(spans: int) -> Iterator[list[Span]]:
    """Answers spread over a week, newest last."""
    answers = spans // SPANS_A_TRACE
    start = now_ns() - DAYS * 86_400 * 10**9
    for number in range(answers):
        yield _answer(start + number * (DAYS * 86_400 * 10**9 // answers))


def _chunks(answers: Iterator[list[Span]], size: int) -> Iterator[list[list[Span]]]:
    while chunk := list(islice(answers, size)):
        yield chunk


def _answer(at_ns: int) -> list[Span]:
    """An app, a prompt, a retrieval, a guard and a model call with about 2 kB of payload each."""
    model, trace_id, root = random.choice(MODELS), ids.new_trace_id(), ids.new_span_id()
    took = int(random.lognormvariate(5.5, 0.6) * 1e6)
    text = random.choice(TEXTS)

    def span(name: str, kind: str, **fields: Any) -> Span:
        usual = {"project_id": "prj_bench", "trace_id": trace_id, "start_ns": at_ns, "end_ns": at_ns + took}
        below = {} if kind == "app" else {"span_id": ids.new_span_id(), "parent_id": root}
        return Span(**{**usual, **below, **fields}, name=name, kind=kind)  # type: ignore[arg-type]

    messages = [{"role": "user", "content": text}]
    usage = {"input_tokens": 900, "output_tokens": 80, "cost_pico": 183_000_000, "first_token_ns": at_ns + took // 3}
    status = "error" if random.random() < 0.03 else "ok"
    return [
        span("retrieval", "retrieval", input=text[:80], output=text),
        span("prompt", "prompt", output=text),
        span(f"chat {model}", "llm", model=model, provider="openai", input=messages, output=text[:300], **usage),
        span("guard", "guardrail", output=text),
        span("policy-bot", "app", span_id=root, app="policy-bot", status=status, input=text[:80], output=text[:300]),
    ]


def _otlp_request(spans: int) -> bytes:
    request = ExportTraceServiceRequest()
    scope = request.resource_spans.add().scope_spans.add()
    text = random.choice(TEXTS)
    messages = json.dumps([{"role": "user", "parts": [{"type": "text", "content": text}]}])
    for number in range(spans):
        if number % SPANS_A_TRACE == 0:
            trace_id, root = os.urandom(16), os.urandom(8)
        span = scope.spans.add(
            trace_id=trace_id,
            span_id=os.urandom(8) if number % SPANS_A_TRACE else root,
            parent_span_id=root if number % SPANS_A_TRACE else b"",
            name="chat gpt-4o-mini",
            start_time_unix_nano=now_ns(),
            end_time_unix_nano=now_ns() + 10**8,
        )
        for key, value in (
            ("gen_ai.operation.name", "chat"),
            ("gen_ai.provider.name", "openai"),
            ("gen_ai.request.model", "gpt-4o-mini"),
            ("gen_ai.input.messages", messages),
        ):
            span.attributes.add(key=key).value.string_value = value
        span.attributes.add(key="gen_ai.usage.input_tokens").value.int_value = 900
        span.attributes.add(key="gen_ai.usage.output_tokens").value.int_value = 80
    body: bytes = request.SerializeToString()
    return body


def _renamed(body: bytes) -> bytes:
    """The same request with trace ids that were never sent."""
    request = ExportTraceServiceRequest.FromString(body)
    new: dict[bytes, bytes] = {}
    for span in request.resource_spans[0].scope_spans[0].spans:
        span.trace_id = new.setdefault(span.trace_id, os.urandom(16))
    renamed: bytes = request.SerializeToString()
    return renamed


def _print(name: str, figure: float, unit: str, second: float | None = None) -> None:
    shown = f"{figure:,.0f}" if figure >= 100 or figure == int(figure) else f"{figure:,.1f}"
    also = "" if second is None else f" / {second:,.1f}"
    print(f"{name:<66} {shown:>12}{also} {unit}", flush=True)


if __name__ == "__main__":
    main()
