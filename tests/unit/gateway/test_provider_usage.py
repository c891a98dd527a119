"""What each provider's own words about tokens cost, to the pico-dollar: streams and bodies in the exact shape of each.

The prices are invented, each another one, so that a token in the wrong bucket shows; the sums are done by hand.
"""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from quarterdeck.gateway.anthropic_reply import AnthropicReading
from quarterdeck.gateway.aws_event_stream import AwsMessage
from quarterdeck.gateway.bedrock_stream import BedrockReading
from quarterdeck.gateway.conversation import Usage
from quarterdeck.gateway.gemini_stream import GeminiReading
from quarterdeck.gateway.outcome import Outcome, StreamTally, outcome_of_body
from quarterdeck.gateway.price_rows import PriceBook, PricedModel, PriceList, PriceRow, Rates
from quarterdeck.gateway.prices import Bill, Prices
from quarterdeck.gateway.provider import Account
from quarterdeck.gateway.recorded_usage import beyond_columns, usage_of
from quarterdeck.gateway.wire_usage import WireUsage
from quarterdeck.runtime.tracing import Span

AT = datetime(2026, 11, 1, 12, tzinfo=UTC)
ACCOUNT = Account("openai", "openai")
RATES = Rates(
    input=1000,
    output=7000,
    cache_read=100,
    cache_write=1250,
    cache_write_1h=2000,
    audio_input=3000,
    image_input=1500,
    video_input=1700,
    audio_output=11000,
    image_output=13000,
    audio_cache_read=300,
    citation=50,
    search=10_000_000,
    character=15,
    audio_second=30_000,
    page=1_000_000,
)


def prices(*tiers: PriceRow, rates: Rates = RATES) -> Prices:
    model = PricedModel("m", {"equals": "m"}, (PriceRow(rates=(rates,)), *tiers))
    return Prices(PriceBook("test", {"openai": PriceList("https://nowhere", (model,))}))


def bill(usage: Usage | None, tier: str | None = None, of: Prices | None = None) -> Bill:
    assert usage is not None
    return (of or prices()).bill(ACCOUNT, ["m"], usage, AT, tier)


def lines(found: Bill) -> dict[str, int]:
    return {line.unit: line.quantity for line in found.lines}


def of_stream(*events: bytes) -> Outcome:
    tally = StreamTally()
    for event in events:
        tally.keep(b"data: " + event + b"\n\n")
    return tally.outcome()


CHUNK = b'{"id":"c","model":"m","choices":[{"index":0,"delta":{"content":"x"},"finish_reason":null}]}'


def test_openai_chat_with_cached_and_reasoning_tokens() -> None:
    last = (
        b'{"id":"c","model":"m","choices":[],"service_tier":"default","usage":{"prompt_tokens":2006,"completion_tokens":300,'
        b'"total_tokens":2306,"prompt_tokens_details":{"cached_tokens":1920,"audio_tokens":0},'
        b'"completion_tokens_details":{"reasoning_tokens":192,"audio_tokens":0,"accepted_prediction_tokens":0}}}'
    )

    found = bill(of_stream(CHUNK, last).usage)

    assert lines(found) == {"input": 86, "cache_read": 1920, "output": 300}
    assert found.cost_pico == 86 * 1000 + 1920 * 100 + 300 * 7000


def test_openai_audio_is_paid_as_audio_and_its_cached_part_as_cached_audio() -> None:
    body = (
        b'{"id":"c","model":"m","choices":[{"message":{"role":"assistant"},"finish_reason":"stop","index":0}],"usage":'
        b'{"prompt_tokens":119,"completion_tokens":500,"total_tokens":619,"prompt_tokens_details":{"cached_tokens":40,'
        b'"text_tokens":60,"audio_tokens":59,"cached_tokens_details":{"text_tokens":30,"audio_tokens":10}},'
        b'"completion_tokens_details":{"audio_tokens":400,"text_tokens":100}}}'
    )

    found = bill(outcome_of_body(body).usage)

    assert lines(found) == {
        "cache_read": 30,
        "audio_cache_read": 10,
        "input": 30,
        "audio_input": 49,
        "output": 100,
        "audio_output": 400,
    }
    assert found.cost_pico == 30 * 100 + 10 * 300 + 30 * 1000 + 49 * 3000 + 100 * 7000 + 400 * 11000


def test_responses_usage_has_other_words_for_the_same() -> None:
    told = (
        b'{"input_tokens":81,"input_tokens_details":{"cached_tokens":64},"output_tokens":1035,'
        b'"output_tokens_details":{"reasoning_tokens":832},"total_tokens":1116}'
    )

    found = bill(msgspec.json.decode(told, type=WireUsage).buckets())

    assert found.cost_pico == 17 * 1000 + 64 * 100 + 1035 * 7000


def test_anthropic_pays_what_is_kept_for_an_hour_dearer_and_searches_by_the_piece() -> None:
    reading = AnthropicReading("anthropic")
    reading.read(
        b'{"type":"message_start","message":{"id":"msg_1","type":"message","model":"m","usage":{"input_tokens":21,'
        b'"cache_creation_input_tokens":1000,"cache_read_input_tokens":5000,"cache_creation":{"ephemeral_5m_input_tokens":'
        b'600,"ephemeral_1h_input_tokens":400},"output_tokens":1,"service_tier":"standard"}}}'
    )
    reading.read(
        b'{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":50,'
        b'"server_tool_use":{"web_search_requests":2}}}'
    )

    piece = reading.usage()
    found = bill(piece.usage, piece.service_tier)

    assert lines(found) == {
        "cache_read": 5000,
        "cache_write": 600,
        "cache_write_1h": 400,
        "input": 21,
        "output": 50,
        "search": 2,
    }
    assert found.cost_pico == 5000 * 100 + 600 * 1250 + 400 * 2000 + 21 * 1000 + 50 * 7000 + 2 * 10_000_000


def test_a_batch_of_anthropic_is_paid_at_half_price_where_the_list_says_nothing_else() -> None:
    usage = Usage(100, 10)

    half = Prices(
        PriceBook("t", {"anthropic": PriceList("x", (PricedModel("m", {"equals": "m"}, (PriceRow(rates=(RATES,)),)),))})
    )
    found = half.bill(Account("anthropic", "anthropic"), ["m"], usage, AT, "batch")

    assert found.cost_pico == 100 * 500 + 10 * 3500
    assert found.price_id == "t:anthropic/m+batch/2"


def test_flex_is_paid_like_a_batch_and_a_tier_by_the_size_of_its_prompt() -> None:
    batch = PriceRow(service_tier="batch", rates=(Rates(input=400), Rates(above=1000, input=600)))

    small, large = (bill(Usage(size, 0), "flex", prices(batch)) for size in (1000, 1001))

    assert (small.cost_pico, large.cost_pico) == (1000 * 400, 1001 * 600)


def test_gemini_counts_thoughts_beside_the_answer_and_tells_the_kind_of_each_token() -> None:
    reading = GeminiReading("gemini")
    reading.read(
        b'{"candidates":[{"content":{"parts":[{"text":"x"}],"role":"model"},"finishReason":"STOP","index":0}],'
        b'"usageMetadata":{"promptTokenCount":1000,"cachedContentTokenCount":300,"candidatesTokenCount":20,'
        b'"thoughtsTokenCount":80,"totalTokenCount":1100,"promptTokensDetails":[{"modality":"TEXT","tokenCount":500},'
        b'{"modality":"AUDIO","tokenCount":400},{"modality":"IMAGE","tokenCount":100}],"cacheTokensDetails":'
        b'[{"modality":"AUDIO","tokenCount":250},{"modality":"TEXT","tokenCount":50}]},"modelVersion":"m"}'
    )

    piece = reading.finish(b"")[1]
    assert piece is not None
    found = bill(piece.usage)

    assert lines(found) == {
        "cache_read": 50,
        "audio_cache_read": 250,
        "input": 450,
        "audio_input": 150,
        "image_input": 100,
        "output": 100,
    }
    assert found.cost_pico == 50 * 100 + 250 * 300 + 450 * 1000 + 150 * 3000 + 100 * 1500 + 100 * 7000


def test_bedrock_counts_cached_tokens_beside_the_input() -> None:
    reading = BedrockReading("bedrock", "r-1")
    reading.read(AwsMessage({":message-type": "event", ":event-type": "messageStop"}, b'{"stopReason":"end_turn"}'))
    reading.read(
        AwsMessage(
            {":message-type": "event", ":event-type": "metadata"},
            b'{"usage":{"inputTokens":10,"outputTokens":5,"totalTokens":1015,"cacheReadInputTokens":700,'
            b'"cacheWriteInputTokens":300,"cacheDetails":[{"inputTokens":200,"ttl":"5m"},{"inputTokens":100,"ttl":"1h"}]},'
            b'"metrics":{"latencyMs":100},"serviceTier":{"type":"priority"}}',
        )
    )

    piece = reading.finish(b"")[1]
    assert piece is not None and piece.service_tier == "priority"
    found = bill(piece.usage)

    assert found.cost_pico == 10 * 1000 + 700 * 100 + 200 * 1250 + 100 * 2000 + 5 * 7000


def test_deepseek_tells_hits_and_misses() -> None:
    last = (
        b'{"id":"c","model":"m","choices":[{"index":0,"delta":{"content":""},"finish_reason":"stop"}],"usage":{'
        b'"prompt_tokens":130,"completion_tokens":20,"total_tokens":150,"prompt_cache_hit_tokens":128,'
        b'"prompt_cache_miss_tokens":2,"completion_tokens_details":{"reasoning_tokens":12}}}'
    )

    found = bill(of_stream(CHUNK, last).usage)

    assert found.cost_pico == 2 * 1000 + 128 * 100 + 20 * 7000


def test_xai_counts_reasoning_beside_the_completion_and_tells_its_own_cost_in_ticks() -> None:
    last = (
        b'{"id":"c","model":"m","choices":[],"usage":{"prompt_tokens":32,"completion_tokens":9,"total_tokens":135,'
        b'"prompt_tokens_details":{"text_tokens":32,"audio_tokens":0,"image_tokens":0,"cached_tokens":6},'
        b'"completion_tokens_details":{"reasoning_tokens":94},"num_sources_used":0,"cost_in_usd_ticks":37756000}}'
    )

    usage = of_stream(CHUNK, last).usage
    found = bill(usage)

    assert found.cost_pico == 26 * 1000 + 6 * 100 + (9 + 94) * 7000
    assert usage is not None and usage.provided_pico == 3_775_600_000  # $0.0037756


def test_openrouters_own_cost_is_kept_beside_ours_and_stands_in_where_we_know_none() -> None:
    last = (
        b'{"id":"gen-1","model":"m","choices":[{"index":0,"delta":{"content":""},"finish_reason":"stop"}],"usage":{'
        b'"prompt_tokens":194,"completion_tokens":2,"total_tokens":196,"cost":0.00095,"cost_details":'
        b'{"upstream_inference_cost":null},"is_byok":false,"prompt_tokens_details":{"cached_tokens":0,"cache_write_tokens":'
        b'100,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"image_tokens":0}}}'
    )
    usage = of_stream(CHUNK, last).usage
    assert usage is not None

    known = bill(usage)
    unknown = prices().bill(Account("openrouter", "openai-compatible", origin="env:X"), ["new"], usage, AT)

    assert known.cost_pico == 94 * 1000 + 100 * 1250 + 2 * 7000
    assert usage.provided_pico == 950_000_000
    assert (unknown.cost_pico, unknown.price_id) == (950_000_000, "provided:openrouter")


def test_perplexity_is_paid_by_request_search_and_citation_too() -> None:
    body = (
        b'{"id":"c","model":"m","choices":[{"message":{"role":"assistant","content":"x"},"finish_reason":"stop","index":0}],'
        b'"usage":{"prompt_tokens":33,"completion_tokens":700,"total_tokens":733,"citation_tokens":2000,'
        b'"num_search_queries":3,"reasoning_tokens":100,"search_context_size":"low","cost":{"input_tokens_cost":0.00003,'
        b'"output_tokens_cost":0.0007,"request_cost":0.005,"total_cost":0.00573}}}'
    )
    usage = outcome_of_body(body).usage

    found = bill(usage, of=prices(rates=msgspec.structs.replace(RATES, request=5_000_000_000, reasoning=2000)))

    assert lines(found)["request"] == 1
    assert found.cost_pico == (33 * 1000 + 600 * 7000 + 100 * 2000 + 5_000_000_000 + 3 * 10_000_000 + 2000 * 50)
    assert usage is not None and usage.provided_pico == 5_730_000_000


def test_groqs_streams_tell_their_usage_in_a_place_of_their_own() -> None:
    last = (
        b'{"id":"c","model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"x_groq":{"id":"req_1","usage":'
        b'{"queue_time":0.01,"prompt_tokens":18,"prompt_time":0.001,"completion_tokens":5,"total_tokens":23}}}'
    )

    assert bill(of_stream(CHUNK, last).usage).cost_pico == 18 * 1000 + 5 * 7000


def test_mistral_tells_usage_in_a_last_chunk_that_has_choices() -> None:
    last = (
        b'{"id":"c","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{"content":"."},'
        b'"finish_reason":"stop"}],"usage":{"prompt_tokens":15,"total_tokens":21,"completion_tokens":6}}'
    )

    assert bill(of_stream(CHUNK, last).usage).cost_pico == 15 * 1000 + 6 * 7000


def test_a_gateway_before_us_tells_the_cost_in_a_header() -> None:
    outcome = Outcome(usage=Usage(10, 1))

    outcome.note_cost({"x-litellm-response-cost": "2.45e-05"})

    assert outcome.usage is not None and outcome.usage.provided_pico == 24_500_000


@pytest.mark.parametrize("nonsense", ["", "free", "nan", "-1", "1e99", "Infinity"])
def test_a_cost_that_is_no_cost_is_not_believed(nonsense: str) -> None:
    outcome = Outcome(usage=Usage(10, 1))

    outcome.note_cost({"x-litellm-response-cost": nonsense})

    assert outcome.usage == Usage(10, 1)


@pytest.mark.parametrize(
    ("unit", "count", "pico"), [("audio_second", 31, 930_000), ("page", 2, 2_000_000), ("character", 1000, 15_000)]
)
def test_what_is_not_counted_in_tokens_is_paid_by_the_piece(unit: str, count: int, pico: int) -> None:
    assert bill(Usage(0, 0, units=((unit, count),))).cost_pico == pico


def test_a_unit_that_nobody_has_a_price_for_makes_the_bill_unknown() -> None:
    assert bill(Usage(10, 10, units=(("image", 1),))).unpriced


def test_a_span_keeps_all_that_is_needed_to_price_it_anew() -> None:
    usage = Usage(9000, 40, 5000, 1000, 400, 12, audio_input_tokens=7, units=(("search", 2),), provided_pico=5)
    span = Span(
        project_id="p",
        trace_id="1" * 32,
        span_id="2" * 16,
        name="chat m",
        kind="llm",
        start_ns=1,
        end_ns=2,
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cache_read_tokens,
        cache_write_tokens=usage.cache_write_tokens,
        reasoning_tokens=usage.reasoning_tokens,
        provided_cost_pico=5,
        attributes={"quarterdeck.usage": msgspec.json.decode(msgspec.json.encode(beyond_columns(usage)))},
    )

    assert usage_of(span) == usage
