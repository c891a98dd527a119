"""Golden cases: what each convention says, and the span we make of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from quarterdeck.observability.dialects import translate
from quarterdeck.observability.received import ReceivedEvent, ReceivedSpan
from quarterdeck.runtime.tracing import Span
from tests.unit.observability.conftest import FlatPricing

START = 1_767_225_600_000_000_000


def read(attributes: dict[str, Any], *events: ReceivedEvent, **fields: Any) -> Span:
    """The span made of one with these attributes."""
    usual: dict[str, Any] = {
        "trace_id": "ab" * 16,
        "span_id": "cd" * 8,
        "parent_id": "",
        "name": "work",
        "kind": "internal",
        "start_ns": START,
        "end_ns": START + 10**9,
        "failed": False,
        "status_message": "",
    }
    received = ReceivedSpan(attributes=attributes, events=events, **{**usual, **fields})
    return translate(received, "prj_a", FlatPricing())


def shown(span: Span, *names: str) -> tuple[Any, ...]:
    return tuple(getattr(span, name) for name in names)


TOKENS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens")


def test_opentelemetry_of_today() -> None:
    span = read(
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "gpt-4o",
            "gen_ai.response.model": "gpt-4o-2024-08-06",
            "gen_ai.response.id": "chatcmpl-1",
            "gen_ai.conversation.id": "c1",
            "gen_ai.usage.input_tokens": 100,
            "gen_ai.usage.output_tokens": 40,
            "gen_ai.usage.cache_read.input_tokens": 60,
            "gen_ai.usage.cache_write.input_tokens": 10,
            "gen_ai.usage.reasoning.output_tokens": 30,
            "gen_ai.response.time_to_first_chunk": 0.25,
            "gen_ai.system_instructions": '[{"type": "text", "content": "Be kind."}]',
            "gen_ai.input.messages": '[{"role": "user", "parts": [{"type": "text", "content": "Hi"}]}]',
            "gen_ai.output.messages": '[{"role": "assistant", "parts": [{"type": "text", "content": "Hello"}]}]',
        }
    )

    assert shown(span, "kind", "model", "provider", "session_id") == ("llm", "gpt-4o", "openai", "c1")
    assert shown(span, *TOKENS) == (100, 40, 60, 10, 30)
    assert span.first_token_ns == START + 250_000_000
    assert span.input == [
        {"role": "system", "parts": [{"type": "text", "content": "Be kind."}]},
        {"role": "user", "parts": [{"type": "text", "content": "Hi"}]},
    ]
    assert span.output == [{"role": "assistant", "parts": [{"type": "text", "content": "Hello"}]}]
    assert (span.cost_pico, span.price_id, span.unpriced) == (180_000_000, "flat/gpt-4o-2024-08-06", False)


def test_opentelemetry_of_before_with_events_for_content() -> None:
    span = read(
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.system": "az.ai.openai",
            "gen_ai.request.model": "gpt-4o",
            "gen_ai.usage.prompt_tokens": "12",
            "gen_ai.usage.completion_tokens": 3,
        },
        ReceivedEvent("gen_ai.system.message", START, {"content": "Be kind."}),
        ReceivedEvent("gen_ai.user.message", START, {"content": "Hi"}),
        ReceivedEvent("gen_ai.choice", START, {"index": 0, "message": '{"role": "assistant", "content": "Hello"}'}),
    )

    assert shown(span, "kind", "provider", "input_tokens", "output_tokens") == ("llm", "azure.ai.openai", 12, 3)
    assert span.input == [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hi"}]
    assert span.output == [{"role": "assistant", "content": "Hello"}]
    assert (span.cost_pico, span.unpriced) == (None, True)


def test_openinference_flattened() -> None:
    span = read(
        {
            "openinference.span.kind": "LLM",
            "llm.model_name": "gpt-4o",
            "llm.provider": "openai",
            "llm.token_count.prompt": 20,
            "llm.token_count.completion": 5,
            "llm.token_count.prompt_details.cache_read": 8,
            "session.id": "s1",
            "user.id": "ada",
            "input.value": '{"raw": "request"}',
            "llm.input_messages.10.message.content": "last",
            "llm.input_messages.10.message.role": "user",
            "llm.input_messages.2.message.role": "assistant",
            "llm.input_messages.2.message.tool_calls.0.tool_call.function.name": "search",
            "llm.output_messages.0.message.role": "assistant",
            "llm.output_messages.0.message.content": "Hello",
        }
    )

    assert shown(span, "kind", "model", "provider", "user_id", "session_id") == ("llm", "gpt-4o", "openai", "ada", "s1")
    assert shown(span, *TOKENS[:3]) == (20, 5, 8)
    assert span.input == [
        {"role": "assistant", "tool_calls": [{"tool_call": {"function": {"name": "search"}}}]},
        {"content": "last", "role": "user"},
    ]
    assert span.output == [{"role": "assistant", "content": "Hello"}]


def test_openinference_retriever() -> None:
    span = read(
        {
            "openinference.span.kind": "RETRIEVER",
            "input.value": "leave days",
            "retrieval.documents.0.document.id": "d1",
            "retrieval.documents.0.document.score": 0.5,
            "retrieval.documents.1.document.id": "d2",
        }
    )

    assert shown(span, "kind", "input", "output") == (
        "retrieval",
        "leave days",
        [{"id": "d1", "score": 0.5}, {"id": "d2"}],
    )


def test_openllmetry() -> None:
    workflow = read({"traceloop.span.kind": "workflow", "traceloop.entity.input": '{"inputs": {"q": "Hi"}}'})
    call = read(
        {
            "llm.request.type": "chat",
            "gen_ai.system": "openai",
            "gen_ai.request.model": "gpt-4o",
            "gen_ai.prompt.0.role": "user",
            "gen_ai.prompt.0.content": "Hi",
            "gen_ai.completion.0.role": "assistant",
            "gen_ai.completion.0.content": "Hello",
            "gen_ai.usage.input_tokens": 9,
            "gen_ai.usage.output_tokens": 1,
        }
    )

    assert shown(workflow, "kind", "input") == ("chain", {"inputs": {"q": "Hi"}})
    assert shown(call, "kind", "input", "output") == (
        "llm",
        [{"role": "user", "content": "Hi"}],
        [{"role": "assistant", "content": "Hello"}],
    )


def test_langfuse_whose_buckets_do_not_overlap() -> None:
    usage = {"input": 40, "input_cached_tokens": 60, "output": 10, "output_reasoning_tokens": 30, "total": 140}
    span = read(
        {
            "langfuse.observation.type": "generation",
            "langfuse.observation.model.name": "gpt-4o",
            "langfuse.observation.usage_details": json.dumps(usage),
            "langfuse.observation.cost_details": '{"input": 0.5, "output": 0.25}',
            "langfuse.observation.input": '{"question": "Hi"}',
            "langfuse.observation.completion_start_time": '"2026-01-01T00:00:00.500000Z"',
            "langfuse.session.id": "s1",
        }
    )

    assert shown(span, "kind", "model", "session_id", "input") == ("llm", "gpt-4o", "s1", {"question": "Hi"})
    assert shown(span, *TOKENS) == (100, 40, 60, 0, 30)
    assert (span.cost_pico, span.price_id) == (750_000_000_000, "given")
    assert span.first_token_ns == START + 500_000_000


def test_mlflow_whose_values_are_json_in_texts() -> None:
    span = read(
        {
            "mlflow.spanType": '"CHAT_MODEL"',
            "mlflow.spanInputs": '{"messages": [{"role": "user", "content": "Hi"}]}',
            "mlflow.spanOutputs": '"Hello"',
            "mlflow.chat.tokenUsage": '{"input_tokens": 9, "output_tokens": 1, "total_tokens": 10}',
            "mlflow.llm.model": "gpt-4o",
            "mlflow.llm.provider": "openai",
        }
    )

    assert shown(span, "kind", "model", "output", "input_tokens", "output_tokens") == ("llm", "gpt-4o", "Hello", 9, 1)
    assert span.cost_pico == 11_000_000


def test_vercel_whose_outer_span_is_not_the_call() -> None:
    usage = {
        "ai.usage.inputTokens": 9,
        "ai.usage.outputTokens": 1,
        "ai.model.id": "gpt-4o",
        "ai.model.provider": "openai",
    }
    outer = read({"ai.operationId": "ai.streamText", **usage})
    inner = read({"ai.operationId": "ai.streamText.doStream", "ai.response.msToFirstChunk": 120.5, **usage})

    assert shown(outer, "kind", "cost_pico") == ("chain", None)
    assert shown(inner, "kind", "cost_pico", "first_token_ns") == ("llm", 11_000_000, START + 120_500_000)


def test_a_tool_is_known_by_its_name_alone() -> None:
    span = read(
        {"gen_ai.tool.name": "search", "gen_ai.tool.call.arguments": '{"q": "x"}', "gen_ai.tool.call.result": "y"}
    )

    assert shown(span, "kind", "input", "output") == ("tool", {"q": "x"}, "y")


def test_a_plain_span_stays_plain() -> None:
    span = read({"http.request.method": "GET", "http.response.status_code": 200}, resource={"service.name": "web"})

    assert shown(span, "kind", "model", "input", "input_tokens", "unpriced") == ("other", None, None, None, False)
    assert span.service == "web"


def test_two_conventions_on_one_span_are_never_mixed() -> None:
    span = read(
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.usage.input_tokens": 10,
            "llm.token_count.prompt": 999,
            "llm.token_count.completion": 999,
        }
    )

    assert shown(span, "input_tokens", "output_tokens") == (10, 0)


def test_tokens_of_makers_who_count_cached_ones_apart_are_added_and_not_clamped() -> None:
    span = read(
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.usage.input_tokens": 4,
            "gen_ai.usage.output_tokens": 8,
            "gen_ai.usage.cache_read_input_tokens": 5000,
            "gen_ai.usage.cache_creation_input_tokens": 100,
        }
    )

    assert shown(span, *TOKENS[:4]) == (5104, 8, 5000, 100)


@pytest.mark.parametrize("written", [7, 7.0, "7", '"7"', " 7 "])
def test_numbers_are_understood_however_they_are_written(written: object) -> None:
    assert read({"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": written}).input_tokens == 7


@pytest.mark.parametrize("written", [-7, "many", True, None, [7], "inf", "nan", 10**30])
def test_numbers_that_make_no_sense_are_not_there(written: object) -> None:
    assert read({"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": written}).input_tokens is None


def test_json_that_an_attribute_limit_has_cut_is_kept_as_its_text() -> None:
    cut = '[{"role": "user", "content": "Hi th'

    assert read({"gen_ai.input.messages": cut}).input == cut


def test_all_attributes_are_kept_as_they_came_with_what_came_around_them() -> None:
    attributes = {"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": "7", "mine": {"a": [1]}}
    span = read(
        attributes,
        ReceivedEvent("tick", START + 5, {"n": 1}),
        kind="client",
        resource={"service.name": "web"},
        scope={"name": "lib", "version": "1"},
        dropped_attributes=3,
    )

    assert span.attributes == {
        **attributes,
        "otel.kind": "client",
        "otel.resource": {"service.name": "web"},
        "otel.scope": {"name": "lib", "version": "1"},
        "otel.events": [{"name": "tick", "at_ns": START + 5, "attributes": {"n": 1}}],
        "otel.dropped_attributes": 3,
    }


@pytest.mark.parametrize(
    ("attributes", "fields", "status", "message"),
    [
        ({}, {}, "ok", None),
        ({}, {"failed": True, "status_message": "it broke"}, "error", "it broke"),
        ({"error.type": "timeout"}, {}, "error", "timeout"),
        ({}, {"failed": True}, "error", "ValueError: no"),
    ],
)
def test_a_failure_says_why(
    attributes: dict[str, Any], fields: dict[str, Any], status: str, message: str | None
) -> None:
    thrown = ReceivedEvent("exception", START, {"exception.type": "ValueError", "exception.message": "no"})
    events = (thrown,) if message == "ValueError: no" else ()

    span = read(attributes, *events, **fields)

    assert shown(span, "status", "status_message") == (status, message)


def test_a_span_that_ends_before_it_starts_takes_no_time() -> None:
    span = read({}, end_ns=0)

    assert span.end_ns == span.start_ns
